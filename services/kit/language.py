"""Which of our languages a reader asks for."""

from collections.abc import Sequence
from typing import TypeVar

from babel import negotiate_locale

Tag = TypeVar("Tag", bound=str)


def preferred(accept_language: str, ours: Sequence[Tag], fallback: Tag) -> Tag:
    """The first of our languages that an Accept-Language asks for; else the fallback."""
    wanted = [part.partition(";")[0].strip() for part in accept_language.split(",")]
    found = negotiate_locale([tag for tag in wanted if tag], ours, sep="-")
    return next((language for language in ours if language == found), fallback)
