"""Score events as `inputs_hash` takes them: written fast, and read again where a sheet counts."""

import json
from collections.abc import Sequence
from functools import lru_cache
from json.encoder import encode_basestring as quoted

from schemas.base import format_points
from schemas.canonical import input_line
from schemas.scoring import CriterionPoints, ScoreRecorded, ScoreVoided

Score = ScoreRecorded | ScoreVoided

_MORE = tuple(
    sorted(
        set(ScoreRecorded.model_fields)
        - {"round_id", "project_id", "judge_id", "project_version", "points", "reason", "replaces"}
    )
)
_MORE_POINTS = tuple(sorted(set(CriterionPoints.model_fields) - {"criterion", "points"}))
"""Fields that a later version added: they are optional, and nothing when nobody gave them."""

MOST_KNOWN = 10_000

Given = tuple[str, str]
"""A criterion, and the points that it was given, as they are written."""


def given_in(sheet: ScoreRecorded) -> list[Given]:
    """What a sheet gives, criterion by criterion: what is known of that is looked up by it."""
    return [(item.criterion, str(item.points)) for item in sheet.points]


class Lines:
    """Writes score events. The same points on a criterion are written once."""

    def __init__(self) -> None:
        self._known: dict[Given, str] = {}
        self._quoted = lru_cache(MOST_KNOWN)(quoted)

    def of(
        self, subject: str, sequence: int, event: Score, given: Sequence[Given] | None = None
    ) -> bytes:
        """Exactly what `schemas.canonical.input_line` gives, for an event that is valid.

        Nearly all score events are sheets, and writing them through their models would cost as much
        as validating them did. `given` is `given_in` of a sheet, where the caller has it.
        """
        if type(event) is not ScoreRecorded or ((_MORE or _MORE_POINTS) and _has_more(event)):
            return input_line(subject, sequence, event.type_name(), event)
        known = self._known
        points = [
            known.get(key) or self._learn(key, item)
            for key, item in zip(given or given_in(event), event.points, strict=True)
        ]
        return (
            f'[{self._quoted(subject)},{sequence},"ScoreRecorded",{{"judge_id":"{event.judge_id}",'
            f'"points":[{",".join(points)}],"project_id":"{event.project_id}",'
            f'"project_version":{event.project_version},{_after(event)}'
            f'"round_id":{self._quoted(event.round_id)}}}]\n'
        ).encode()

    def _learn(self, key: Given, item: CriterionPoints) -> str:
        written = (
            f'{{"criterion":{quoted(item.criterion)},"points":"{format_points(item.points)}"}}'
        )
        if len(self._known) < MOST_KNOWN:
            self._known[key] = written
        return written


def _after(event: ScoreRecorded) -> str:
    """Why it was changed, and what it replaces, where it says so."""
    reason, replaces = event.reason, event.replaces
    return (f'"reason":{quoted(reason)},' if reason is not None else "") + (
        f'"replaces":{quoted(replaces)},' if replaces is not None else ""
    )


def event_of(line: bytes) -> Score:
    """The event that such a line says."""
    _subject, _sequence, type_name, body = json.loads(line)
    model = ScoreRecorded if type_name == ScoreRecorded.type_name() else ScoreVoided
    return model.model_validate(body)


def _has_more(event: ScoreRecorded) -> bool:
    for name in _MORE:
        if getattr(event, name) is not None:
            return True
    if not _MORE_POINTS:
        return False
    return any(getattr(one, name) is not None for name in _MORE_POINTS for one in event.points)
