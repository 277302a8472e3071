"""Which replies suppress a person, and that a reply is told without the address in it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notify.replies import Step, mailbox_is_gone, without_address

STEPS: tuple[Step, ...] = ("sender", "recipient", "data")


@pytest.mark.parametrize("step", ["recipient", "data"])
@pytest.mark.parametrize(
    ("code", "text"),
    [
        (550, "5.1.1 <ngo@example.org>: no such mailbox"),
        (550, "5.1.2 no such host"),
        (553, "5.1.3 not an address"),
        (551, "5.1.6 moved"),
        (556, "5.1.10 the domain takes no mail"),
        (550, "5.2.1 mailbox disabled"),
        (554, "5.1.1"),
        (550, "5.1.1 first line\n5.1.1 second line"),
    ],
)
def test_refusal_of_the_mailbox_suppresses(step: Step, code: int, text: str) -> None:
    assert mailbox_is_gone(step, code, text)
    assert not mailbox_is_gone("sender", code, text), "that is about us"


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize(
    ("code", "text"),
    [
        (550, "There is no such mailbox"),
        (550, "5.7.1 blocked by a list"),
        (550, "5.1.8 the sender's domain does not exist"),
        (550, "5.1.7 the sender's address is not valid"),
        (550, "5.1.0 some address is wrong"),
        (550, "5.2.2 mailbox full"),
        (552, "5.2.3 message too large"),
        (552, "mailbox full"),
        (554, "5.7.1 spam"),
        (554, "spam"),
        (550, "5.1.12 nobody knows what this is"),
        (550, "5.1.1x not a status code"),
        (550, "4.1.1 not of its class"),
        (450, "5.1.1 not of its class either"),
        (450, "4.1.1 no such mailbox at present"),
        (551, "5.7.1 no relaying"),
    ],
)
def test_refusal_of_the_message_does_not_suppress(step: Step, code: int, text: str) -> None:
    assert not mailbox_is_gone(step, code, text)


@pytest.mark.parametrize("code", [551, 553, 556])
def test_bare_refusal_suppresses_only_in_answer_to_the_recipient(code: int) -> None:
    assert [mailbox_is_gone(step, code, "no") for step in STEPS] == [False, True, False]


@pytest.mark.parametrize(
    ("reply", "told"),
    [
        ("550 5.1.1 <ngo-1@example.org>: no", "550 5.1.1 <(address)>: no"),
        ("550 5.1.1 NGO-1@EXAMPLE.ORG unknown", "550 5.1.1 (address) unknown"),
        ("550 user 'ngo-1' unknown", "550 user '(address)' unknown"),
        ("550 forwarded by admin@example.net", "550 forwarded by (address)"),
        ("550 one\r\n550 two\x07", "550 one 550 two"),
        ("250 2.0.0 OK", "250 2.0.0 OK"),
    ],
)
def test_reply_is_told_on_one_line_without_an_address(reply: str, told: str) -> None:
    assert without_address(reply, "ngo-1@example.org") == told


@given(before=st.text(max_size=40), after=st.text(max_size=40))
def test_address_is_never_told(before: str, after: str) -> None:
    told = without_address(f"550 {before} <ngo-1@example.org> {after}", "ngo-1@example.org")

    assert "ngo-1@example.org" not in told
    told.encode()
