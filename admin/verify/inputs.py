"""Score events as `inputs_hash` takes them: written fast, and read again where a sheet counts."""

import json
from decimal import Decimal
from json.encoder import encode_basestring as quoted

from schemas.base import format_points
from schemas.canonical import input_line
from schemas.scoring import CriterionPoints, ScoreRecorded, ScoreVoided

Score = ScoreRecorded | ScoreVoided

_MORE = tuple(
    sorted(
        set(ScoreRecorded.model_fields)
        - {"round_id", "project_id", "judge_id", "project_version", "points"}
    )
)
_MORE_POINTS = tuple(sorted(set(CriterionPoints.model_fields) - {"criterion", "points"}))
"""Fields that a later version added: they are optional, and nothing when nobody gave them."""


def line_of(subject: str, sequence: int, event: Score) -> bytes:
    """Exactly what `schemas.canonical.input_line` gives, for an event that is valid.

    Nearly all score events are sheets, and writing them through their models would cost as much as
    validating them did.
    """
    if not isinstance(event, ScoreRecorded) or _has_more(event):
        return input_line(subject, sequence, event.type_name(), event)
    points = ",".join(
        [
            f'{{"criterion":{quoted(item.criterion)},"points":"{_digits(item.points)}"}}'
            for item in event.points
        ]
    )
    return (
        f'[{quoted(subject)},{sequence},"ScoreRecorded",{{"judge_id":"{event.judge_id}",'
        f'"points":[{points}],"project_id":"{event.project_id}",'
        f'"project_version":{event.project_version},"round_id":{quoted(event.round_id)}}}]\n'
    ).encode()


def event_of(line: bytes) -> Score:
    """The event that such a line says."""
    _subject, _sequence, type_name, body = json.loads(line)
    model = ScoreRecorded if type_name == ScoreRecorded.type_name() else ScoreVoided
    return model.model_validate(body)


def _digits(points: Decimal) -> str:
    """`schemas.base.format_points`, which takes twice as long."""
    text = str(points)
    return text if "E" not in text else format_points(points)


def _has_more(event: ScoreRecorded) -> bool:
    return any(getattr(event, name) is not None for name in _MORE) or any(
        getattr(item, name) is not None for name in _MORE_POINTS for item in event.points
    )
