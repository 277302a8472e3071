"""What the events of the scoring service are built of."""

from typing import Annotated, ClassVar

from pydantic import StringConstraints

from schemas.base import (
    Event,
    Sequence,
)

Cut = dict[str, Sequence]
"""Where a fold ends: the last sequence taken into account of each `<service>/<kind>/<id>`."""

EventId = Annotated[str, StringConstraints(max_length=200)]


class ScoringEvent(Event):
    """Said by the scoring service."""

    SERVICE: ClassVar[str] = "scoring"
