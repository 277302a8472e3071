"""How values are written in a mail: user text on one line, money, moments, links."""

import re
from typing import Final

from services.kit.writing import NO_BREAK_SPACE, day, moment, money, offset

__all__ = ["NO_BREAK_SPACE", "day", "link", "moment", "money", "offset", "one_line"]

_BREAKS: Final = re.compile("[\x00-\x20\x7f-\x9f\u2028\u2029]+")
# Embeddings, overrides and isolates could turn the words around the user's text; a lone surrogate
# cannot be encoded. Marks (LRM, RLM) and joiners stay: RTL words and emoji need them.
_UNWANTED: Final = re.compile("[\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufeff]")
_LINK: Final = re.compile("https?://[!-~]+")


def one_line(text: str) -> str:
    """`text` on one line: breaks and control characters become single spaces.

    What has nothing left to show is written as a dash.
    """
    return _BREAKS.sub(" ", _UNWANTED.sub("", text)).strip() or "—"


def link(address: str) -> str:
    """A web address as it is. Raises ValueError when it is none, or could break out of its line."""
    if not _LINK.fullmatch(address):
        raise ValueError("not a web address")
    return address
