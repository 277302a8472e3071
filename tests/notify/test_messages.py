"""The composed message: headers, parts, the same bytes each time, and any user text."""

from datetime import UTC, datetime
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.policy import SMTP, default

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from schemas.base import Language
from schemas.notify import Purpose
from services.notify.headers import AddressNotSendable
from services.notify.mails import compose, render
from services.notify.wording import one_line

from .letters import (
    CALENDAR,
    EACH,
    LETTERS,
    NAME,
    ORGANISER,
    Page,
    letter,
    message,
    part,
    received,
)

ANY_TEXT = st.one_of(
    st.text(max_size=300),
    st.text(alphabet="{}%#<>\"'&=?\r\n\t,;:@ \\()\u202e\u200f\u2028\U0001f33e" + LETTERS),
)


def test_message_has_the_headers_it_was_given() -> None:
    mail = received(message(letter("won", "kk")))

    assert {key: str(value) for key, value in mail.items() if key != "Content-Type"} == {
        "From": "Жәрмеңке қоры <fair@example.org>",
        "To": "Айгүл Үлгіқызы <aigul@example.org>",
        "Reply-To": "Жәрмеңке қоры <help@example.org>",
        "Subject": "«Таза бұлақ» жобасына грант берілді",
        "Date": "Fri, 01 May 2020 12:00:00 +0000",
        "Message-ID": "<8c4b2f6e@mail.example.org>",
        "Auto-Submitted": "auto-generated",
        "X-Zharmenke-Message-Id": "8c4b2f6e-0000-4000-8000-0000000000aa",
        "Content-Language": "kk",
        "MIME-Version": "1.0",
    }


@EACH
def test_message_carries_the_same_text_and_html(purpose: Purpose, language: Language) -> None:
    rendered = letter(purpose, language)
    sent = message(rendered)
    mail = received(sent)

    assert part(mail, "plain") == rendered.text
    assert part(mail, "html") == rendered.html
    assert sent.as_bytes().isascii()


@EACH
def test_same_arguments_give_the_same_bytes(purpose: Purpose, language: Language) -> None:
    first, second = (message(letter(purpose, language)) for _ in range(2))

    assert first.as_bytes() == second.as_bytes()


def test_webinar_link_carries_its_calendar_twice() -> None:
    mail = received(message(letter("webinar-link", "kk")))
    kinds = [part.get_content_type() for part in mail.walk()]
    calendars = [part for part in mail.walk() if part.get_content_type() == "text/calendar"]

    assert kinds == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "text/html",
        "text/calendar",
        "text/calendar",
    ]
    assert [part.get_payload(decode=True) for part in calendars] == [CALENDAR, CALENDAR]
    assert [part.get_filename() for part in calendars] == [None, "webinar.ics"]
    assert [part.get_param("method") for part in calendars] == ["PUBLISH", "PUBLISH"]


def test_cancelled_calendar_says_so_in_its_type() -> None:
    sent = compose(
        letter("webinar-link", "ru"),
        person_name=NAME,
        person_address="aigul@example.org",
        organiser=ORGANISER,
        message_id="m",
        header_id="<m@example.org>",
        date=datetime(2020, 5, 1, tzinfo=UTC),
        calendar=CALENDAR.replace(b"PUBLISH", b"CANCEL"),
    )
    methods = [part.get_param("method") for part in received(sent).walk()]

    assert [method for method in methods if method] == ["CANCEL", "CANCEL"]


@pytest.mark.parametrize(
    "changed",
    [
        {"calendar": None},
        {"date": datetime(2020, 5, 1)},  # noqa: DTZ001
        {"header_id": "<a@example.org>\r\nBcc: b@example.org"},
        {"header_id": "a@example.org"},
        {"message_id": "a\r\nBcc: b@example.org"},
    ],
)
def test_compose_refuses_what_does_not_fit(changed: dict[str, object]) -> None:
    arguments: dict[str, object] = {
        "person_name": NAME,
        "person_address": "aigul@example.org",
        "organiser": ORGANISER,
        "message_id": "m",
        "header_id": "<m@example.org>",
        "date": datetime(2020, 5, 1, tzinfo=UTC),
        "calendar": CALENDAR,
    }
    with pytest.raises(ValueError, match=r"calendar|zone|header"):
        compose(letter("webinar-link", "ru"), **(arguments | changed))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "address",
    [
        "",
        "aigul",
        "@example.org",
        "aigul@",
        "айгүл@example.org",
        "a b@example.org",
        "a@example..org",
        "a@example.org\r\nBcc: b@example.org",
        "a@example.org, b@example.org",
        "=?utf-8?q?a?=@example.org",
    ],
)
def test_compose_refuses_an_address_it_cannot_use_and_keeps_it_secret(address: str) -> None:
    with pytest.raises(AddressNotSendable) as caught:
        message(letter("won", "ru"), address=address)

    assert str(caught.value) == "an address cannot be used"


def test_a_domain_in_other_letters_is_written_in_ascii() -> None:
    mail = message(letter("won", "ru"), address="aigul@жәрмеңке.example.org")

    assert mail["To"].addresses[0].domain == "жәрмеңке".encode("idna").decode() + ".example.org"


def test_kazakh_letters_survive_the_way_through_a_mail() -> None:
    rendered = letter("shortlisted", "kk", title=LETTERS, final_hint=LETTERS)
    mail = received(message(rendered, name=LETTERS))

    assert mail["Subject"] == f"«{LETTERS}» жобасы финалға өтті"
    assert recipient(mail) == (LETTERS, "aigul@example.org")
    assert part(mail, "plain").count(LETTERS) == 2
    assert part(mail, "html").count(LETTERS) == 3


def recipient(mail: EmailMessage) -> tuple[str, str]:
    """Name and address as RFC 2047 has them read.

    `addresses` of the email package puts spaces between the encoded words of a name.
    """
    name, _, address = dict(mail.raw_items())["To"].rpartition(" <")
    return str(make_header(decode_header(name.strip()))), address.rstrip(">")


@settings(deadline=None)
@given(title=ANY_TEXT, hint=ANY_TEXT, name=ANY_TEXT)
@example(title="{{ 7 * 7 }}{% include 'x' %}{# #}", hint="{{ organiser_name }}", name="{{ x }}")
@example(title="<script>alert(1)</script>", hint='" onclick="x', name="a <b@example.org>, c")
@example(title="x\r\nBcc: b@example.org\r\n\r\nbody", hint="\n\nSubject: y", name="a\nBcc: b")
@example(title="=?utf-8?q?x=0D=0ABcc:b?=", hint="\u202eabc", name="=?utf-8?b?QQ==?=")
@example(title="https://phish.example.org/", hint="👩🏽‍🌾 مرحبا", name="\ud800\x00")
@example(title="NGO жәрмеңкесі 2020 " * 14, hint="-", name="Әлия A. Үлгіқызы-Example " * 5)
def test_no_user_text_breaks_a_mail(title: str, hint: str, name: str) -> None:
    context = {"title": title, "final_hint": hint}
    rendered = render("shortlisted", "en", context, name, ORGANISER)
    sent = message(rendered, name=name).as_bytes()
    mail = message_from_bytes(sent, _class=EmailMessage, policy=default)
    page = Page(rendered.html)

    # Nothing is evaluated, nothing lost, and the text keeps its lines.
    assert rendered.subject == f"Your project “{one_line(title)}” is in the final"
    paragraphs = rendered.text.rstrip("\n").split("\n\n")
    assert len(paragraphs) == 7
    assert paragraphs[0] == f"Dear {one_line(name)},"
    assert paragraphs[3] == one_line(hint)
    # The headers are those of any mail, and say what was meant.
    assert mail.keys() == received(message(letter("shortlisted", "en"))).keys()
    assert max(map(len, sent.split(b"\r\n"))) <= 78
    assert mail["Subject"] == rendered.subject
    assert recipient(mail) == (one_line(name), "aigul@example.org")
    # The page has our tags and our links only, and the words as they were written.
    assert page.tags == Page(letter("shortlisted", "en").html).tags
    assert page.targets == ["mailto:help@example.org"]
    assert f"{one_line(hint)}\n" in page.words
    assert part(mail, "plain") == rendered.text
    assert part(mail, "html") == rendered.html


def test_a_message_read_and_written_again_has_the_same_bytes() -> None:
    sent = message(letter("won", "kk", title="NGO жәрмеңкесі 2020 " * 14)).as_bytes()

    assert message_from_bytes(sent, _class=EmailMessage, policy=SMTP).as_bytes() == sent


def test_a_name_is_left_out_beside_an_address_too_long_for_it() -> None:
    address = f"{'a' * 60}@{'b' * 30}.example.org"

    mail = received(message(letter("won", "kk"), address=address))

    assert dict(mail.raw_items())["To"] == f"<{address}>"
