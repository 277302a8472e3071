"""What each mail needs to know, and how each of those values is written."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, get_args

from schemas.base import Language, Localised
from schemas.notify import Purpose
from schemas.season import PanelName
from schemas.submission import ScreeningReason
from services.notify import wording


@dataclass(frozen=True)
class Setting:
    """The language and the time zone (an IANA name) a mail is written in."""

    language: Language
    timezone: str


Writer = Callable[[object, Setting], str]
"""Writes one value on one line; raises ValueError or KeyError for a value that does not fit."""


def _text(value: object, setting: Setting) -> str:
    if isinstance(value, Localised):
        return wording.one_line(value.get(setting.language))
    if isinstance(value, str):
        return wording.one_line(value)
    raise ValueError("not a text")


def _number(value: object, setting: Setting) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise ValueError("not a whole number")


def _money(value: object, setting: Setting) -> str:
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return wording.money(value, setting.language)
    raise ValueError("not an amount in tiyn")


def _moment(value: object, setting: Setting) -> str:
    if isinstance(value, datetime):
        return wording.moment(value, setting.timezone, setting.language)
    raise ValueError("not a time")


def _link(value: object, setting: Setting) -> str:
    if isinstance(value, str):
        return wording.link(value)
    raise ValueError("not a web address")


def _one_of(known: tuple[str, ...]) -> Writer:
    def write(value: object, setting: Setting) -> str:
        if isinstance(value, str) and value in known:
            return value
        raise ValueError(f"not one of {', '.join(known)}")

    return write


PLACEHOLDERS: Final[Mapping[Purpose, Mapping[str, Writer]]] = {
    "submission-receipt": {
        "title": _text,
        "project_id": _text,
        "version": _number,
        "submitted_at": _moment,
        "event_id": _text,
    },
    "screened-out": {"title": _text, "reason_code": _one_of(get_args(ScreeningReason))},
    "shortlisted": {"title": _text, "final_hint": _text},
    "not-shortlisted": {"title": _text},
    "won": {"title": _text, "amount_tiyn": _money},
    "not-awarded": {"title": _text},
    "judge-appointed": {"post": _text, "panel": _one_of(get_args(PanelName)), "link": _link},
    "webinar-link": {
        "webinar_title": _text,
        "speaker": _text,
        "starts_at": _moment,
        "ends_at": _moment,
        "timezone": _text,
        "link": _link,
    },
}
"""Per purpose, the keys its context must hold."""

OPTIONAL: Final[Mapping[Purpose, Mapping[str, Writer]]] = {"not-awarded": {"reserve": _number}}
"""Per purpose, the keys its context may hold; without one, its part of the mail is left out."""
