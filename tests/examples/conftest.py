"""Applicants for the examples to hear of."""

import pytest

from tests.examples.applicants import Applicants
from tests.rooms import Rooms


@pytest.fixture(scope="module")
async def applicants(rooms: Rooms) -> Applicants:
    """NGOs and a submission service with an open season."""
    return await Applicants.at_open_season(rooms)
