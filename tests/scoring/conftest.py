"""The two rooms, opened once for all fairs of these tests; each test plays seasons of its own."""

from collections.abc import AsyncIterator
from zlib import crc32

import pytest

from admin.stack.stack import Stack
from services.kit.service import Service, Topics
from services.scoring.store import Judging
from tests.rooms import new_rooms

from .fair import Court, Fair


@pytest.fixture(scope="package")
async def court(parts: Stack) -> AsyncIterator[Court]:
    """Submission and scoring on the real parts."""
    async with new_rooms(parts) as rooms:
        yield Court(rooms, await rooms.open("submission"), await rooms.open("scoring"))


@pytest.fixture(scope="package")
async def judging(court: Court) -> AsyncIterator[Judging]:
    """Another replica's view of scoring's database: its writes are those of a step it began."""
    service = Service("scoring", court.rooms.settings("scoring"), Topics("", "", "", ""))
    yield Judging(service)
    service.client.close()


@pytest.fixture
def fair(court: Court, request: pytest.FixtureRequest) -> Fair:
    """A fair of this test's own, not opened yet."""
    return Fair(court, f"fair-{crc32(request.node.nodeid.encode()):08x}")
