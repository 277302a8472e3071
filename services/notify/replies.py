"""What a mail server's reply means for a mailbox, and the reply as it may be told. Pure.

The rule by which a person is suppressed. A refusal (5yz) says that the mailbox is refused for good

* with an enhanced status code (RFC 3463), which then alone decides, when that is one of
  5.1.1 no such mailbox, 5.1.2 no such host, 5.1.3 no valid address, 5.1.6 moved without a new
  address, 5.1.10 the domain takes no mail (RFC 7505), 5.2.1 mailbox disabled;
* without one, when RCPT TO is answered 551 user not local, 553 mailbox name not allowed (RFC 5321,
  4.2.2) or 556 the domain takes no mail (RFC 7504).

Everything else fails the one message. A bare 550 does too: RFC 5321 has it also for policy, and a
sender on somebody's block list must not lose all its recipients. So do 5.1.7 and 5.1.8, which blame
the sender's address, 5.2.2 and 552 (mailbox full), 5.2.3 (message too large), 5.7.x and 554
(policy, spam), and whatever is said to MAIL FROM.
"""

import re
from typing import Final, Literal

from services.notify import wording

Step = Literal["sender", "recipient", "data"]
"""What the server answered: MAIL FROM, RCPT TO, or the data."""

_GONE: Final = frozenset({(1, 1), (1, 2), (1, 3), (1, 6), (1, 10), (2, 1)})
_GONE_BARE: Final = frozenset({551, 553, 556})
_ENHANCED: Final = re.compile(r"([245])\.(\d{1,3})\.(\d{1,3})(?!\S)", re.ASCII)
_ADDRESS: Final = re.compile(r"[^\s<>()\[\]\",;:]+@[^\s<>()\[\]\",;:]+")
_WITHHELD: Final = "(address)"


def mailbox_is_gone(step: Step, code: int, text: str) -> bool:
    """Whether a reply says that nothing will ever arrive in the mailbox; see the rule above."""
    if not 500 <= code <= 599 or step == "sender":
        return False
    enhanced = _ENHANCED.match(text.lstrip())
    if enhanced is None:
        return step == "recipient" and code in _GONE_BARE
    status, subject, detail = (int(part) for part in enhanced.groups())
    return status == 5 and (subject, detail) in _GONE


def without_address(reply: str, address: str) -> str:
    """The reply on one line, with the recipient's address, and any other, left out.

    Servers like to repeat an address; it must not get into an event or a log.
    """
    local = address.rpartition("@")[0]
    line = _ADDRESS.sub(_WITHHELD, wording.one_line(reply))
    if not local:
        return line
    return re.sub(rf"(?<![\w.]){re.escape(local)}(?!\w)", _WITHHELD, line, flags=re.IGNORECASE)
