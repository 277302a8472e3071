"""Mail headers with any text in them, encoded so that every reader gets back what was meant.

The email package's own folding loses and adds spaces where plain and encoded words meet, which
long Kazakh subjects do. So a text that is not short and plain is encoded as a whole (RFC 2047).
What these functions give is in its final form, folded: store it with `EmailMessage.set_raw`.
"""

import re
from base64 import b64encode
from collections.abc import Iterator
from typing import Final

from services.notify import wording

_PLAIN: Final = re.compile("[0-9A-Za-z]+([ -][0-9A-Za-z]+)*")
_PLAIN_LENGTH: Final = 60
_WORD_BYTES: Final = 42
"""UTF-8 bytes in one encoded word: with `Reply-To: ` before it the line has 78 characters."""

_ATOM: Final = "[0-9A-Za-z!#$%&'*+/=?^_`{|}~-]+"
_LOCAL: Final = re.compile(f"{_ATOM}([.]{_ATOM})*")
_DOMAIN: Final = re.compile("[0-9A-Za-z-]+([.][0-9A-Za-z-]+)*")
_ADDRESS_LENGTH: Final = 70


class AddressNotSendable(ValueError):
    """Not a mail address, or one with letters before the @ that plain SMTP cannot carry.

    Does not say which: the address must not get to a log.
    """

    def __init__(self) -> None:
        super().__init__("an address cannot be used")


def text(value: str) -> str:
    """`value` on one line as the body of a header such as Subject."""
    line = wording.one_line(value)
    if len(line) <= _PLAIN_LENGTH and _PLAIN.fullmatch(line):
        return line
    return "\r\n ".join(_encoded_words(line))


def mailbox(name: str, address: str) -> str:
    """`name <address>`; a domain in other letters is written in its ASCII form.

    Beside an address too long to share a header's line the name is left out. Raises
    AddressNotSendable.
    """
    local, _, domain = address.rpartition("@")
    try:
        plain = domain.encode("idna").decode("ascii")
    except UnicodeError:
        raise AddressNotSendable from None
    if not _LOCAL.fullmatch(local) or "=?" in local or not _DOMAIN.fullmatch(plain):
        raise AddressNotSendable
    if len(local) + len(plain) > _ADDRESS_LENGTH:
        return f"<{local}@{plain}>"
    return f"{text(name)}\r\n <{local}@{plain}>"


def _encoded_words(line: str) -> Iterator[str]:
    """Encoded words that each hold whole characters (RFC 2047, section 5)."""
    held = b""
    for letter in line:
        more = letter.encode()
        if len(held) + len(more) > _WORD_BYTES:
            yield f"=?utf-8?b?{b64encode(held).decode()}?="
            held = b""
        held += more
    yield f"=?utf-8?b?{b64encode(held).decode()}?="
