"""The judges' pages: they read and say what the API does, keep a draft, and ask for a reason."""

import re
from html import unescape
from typing import Any
from uuid import uuid4

import httpx
import pytest

from services.scoring.room_words import WORDS, preferred

from .fair import Court, Fair, fine
from .test_sheets_api import part

RU = WORDS["ru"]
IDS = ("relevance", "impact", "feasibility", "budget", "sustainability")


@pytest.fixture(scope="module")
async def shared(court: Court) -> Fair:
    """A drawn fair; each test has a project of its own."""
    fair = Fair(court, "fair-room")
    await fair.open()
    await fair.draw(fair.first)
    return fair


class Browser:
    """A judge at the pages of one project: what is typed, and which button is pressed."""

    def __init__(self, fair: Fair, judge: str, project: str, language: str = "ru") -> None:
        self.fair = fair
        self.session = fair.judge(judge)["Authorization"].removeprefix("Bearer ")
        self.where = {"round_id": fair.first, "project_id": project}
        self.headers = {"Accept-Language": language}

    async def press(self, button: str, **fields: str) -> httpx.Response:
        data = {"session": self.session} | fields
        return await self.fair.court.scoring.post(f"/{button}", data=data, headers=self.headers)

    async def open(self) -> httpx.Response:
        return await self.press("room-sheet", **self.where)

    async def save(self, shown: httpx.Response, action: str, **typed: str) -> httpx.Response:
        """Press a button of the sheet that is shown, with these fields typed over."""
        fields = typed_in(shown.text) | typed | {"action": action}
        return await self.press("room-save", **fields)


def typed_in(page: str) -> dict[str, str]:
    """The fields of the sheet's form as a browser would send them."""
    form = page.partition('action="room-save"')[2].partition("</form>")[0]
    inputs = re.findall(r'<input[^>]* name="([^"]+)"[^>]* value="([^"]*)"', form)
    areas = re.findall(r'<textarea[^>]* name="([^"]+)"[^>]*>([^<]*)</textarea>', form)
    return {name: unescape(value) for name, value in (*inputs, *areas)}


def wrong(page: str) -> tuple[list[str], list[str]]:
    """The fields that the page's notice leads to, and those that are marked."""
    marked = re.findall(r'<(?:input|textarea)[^>]* name="([^"]+)"[^>]* aria-invalid="true"', page)
    return re.findall(r'href="#([^"]+)"', page), marked


def points(value: str) -> dict[str, str]:
    return {f"points.{id}": value for id in IDS}


async def test_a_judge_drafts_hands_in_and_changes_with_a_reason(shared: Fair) -> None:
    path, judge, other, _ = await part(shared, 0)
    browser = Browser(shared, judge, path.rpartition("/")[2])

    shown = await browser.open()
    draft = {"points.impact": "7,5", "comment.impact": "Анық\r\nжазылған"}
    shown = await browser.save(shown, "draft", **draft)
    assert (shown.status_code, RU["draft_saved"] in shown.text) == (200, True)
    kept = fine(await shared.get(path, shared.judge(judge)))["draft"]
    assert kept["points"] == [{"criterion": "impact", "points": "7.50"}]
    assert kept["comments"] == [{"criterion": "impact", "comment": "Анық\nжазылған"}]
    assert typed_in((await browser.open()).text)["points.impact"] == "7.50"
    elsewhere = await Browser(shared, other, browser.where["project_id"]).open()
    assert "жазылған" not in elsewhere.text

    shown = await browser.save(shown, "submit", **points("6"))
    assert (shown.status_code, RU["submitted"] in shown.text) == (200, True)
    own = fine(await shared.get(path, shared.judge(judge)))
    assert {one["points"] for one in own["own_points"]} == {"6.00"}
    assert (own["draft"], own["own_sheet"]["comments"]) == (None, kept["comments"])

    silent = await browser.save(shown, "submit", **points("8"))
    assert (silent.status_code, RU["rule-reason-missing"] in silent.text) == (422, True)
    assert wrong(silent.text) == (["reason"], ["reason"])
    assert typed_in(silent.text)["points.impact"] == "8"  # nothing that was typed is lost
    changed = await browser.save(silent, "submit", reason="Смета қосылды")
    assert changed.status_code == 200
    again = await browser.save(silent, "submit", reason="Смета қосылды")
    assert again.status_code == 200  # the same sheet, sent twice
    old = await browser.save(shown, "submit", reason="Кеш келген", **points("1"))
    assert (old.status_code, RU["rule-sheet-outdated"] in old.text) == (409, True)
    history = fine(await shared.get(f"{path}/sheets/{judge}/history", shared.secretary))
    assert [(one["points"][0]["points"], one["reason"]) for one in history["sheets"]] == [
        ("6.00", None),
        ("8.00", "Смета қосылды"),
    ]


@pytest.mark.parametrize("language", ["kk", "ru", "en"])
async def test_what_is_wrong_is_said_by_the_criterions_name(shared: Fair, language: Any) -> None:
    path, judge, _, _ = await part(shared, 1)
    browser = Browser(shared, judge, path.rpartition("/")[2], language)
    words = WORDS[language]
    criteria = {one.id: one.name.get(language) for one in shared.definition.rounds[0].criteria}

    typed = points("5") | {"points.impact": "много", "points.budget": "11"}
    shown = await browser.save(await browser.open(), "submit", **typed)
    assert (shown.status_code, words["faults"] in shown.text) == (422, True)
    assert f"{criteria['impact']}: {words['fault_points']}" in shown.text
    assert wrong(shown.text) == (["points.impact"], ["points.impact"])
    other = await browser.save(shown, "submit", **{"points.impact": "5", "points.budget": "11"})
    assert f"{criteria['budget']}: {words['fault_points']} " in other.text
    assert f"{criteria['impact']}: {words['fault_points']} " not in other.text
    assert fine(await shared.get(path, shared.judge(judge)))["own_sheet"] is None


async def test_the_room_lists_the_judges_own_projects(shared: Fair) -> None:
    _, judge, _, stranger = await part(shared, 2)
    project = list(shared.plans)[2]
    title = shared.plans[project].draft["title"]

    listed = await Browser(shared, judge, project).press("room")
    assert title in unescape(listed.text)
    assert title not in unescape((await Browser(shared, stranger, project).press("room")).text)
    shown = await Browser(shared, stranger, project).open()
    assert (shown.status_code, RU["rule-not-assigned"] in shown.text) == (403, True)
    assert title not in unescape(shown.text)
    nobody = await Browser(shared, str(uuid4()), project).press("room")
    assert RU["nothing"] in nobody.text


async def test_only_a_judges_session_opens_the_room_and_it_is_in_no_address(shared: Fair) -> None:
    project = list(shared.plans)[3]
    browser = Browser(shared, shared.voting("jury")[0], project)
    sessions = {"": 401, "not-a-token": 401, token(shared.secretary): 403}

    for session, status in sessions.items():
        browser.session = session
        for button, fields in (
            ("room", {}),
            ("room-sheet", browser.where),
            ("room-save", browser.where),
        ):
            answer = await browser.press(button, **fields)
            assert (answer.status_code, RU["ended_title"] in answer.text) == (status, True)
            assert answer.headers["cache-control"] == "no-store"
            assert "set-cookie" not in answer.headers
    for path in ("/room", "/room-sheet", "/room-save"):
        assert (await shared.get(path)).status_code == 405


def token(headers: dict[str, str]) -> str:
    return headers["Authorization"].removeprefix("Bearer ")


async def test_texts_of_applicants_are_escaped_and_hidden_in_a_blind_round(court: Court) -> None:
    fair = Fair(court, "fair-room-blind", first={"blind": True})
    project = next(iter(fair.plans))
    draft = fair.plans[project].draft
    draft["title"] = f"<script>alert(1)</script> {draft['organisation']['name']}"
    await fair.open()
    await fair.draw(fair.first)
    _, judge, _, _ = await part(fair, 0)
    browser = Browser(fair, judge, project)

    for page in (await browser.press("room"), await browser.open()):
        assert "<script" not in page.text
        assert draft["organisation"]["name"] not in unescape(page.text)
        assert draft["organisation"]["bin"] not in page.text
    assert RU["blind"] in (await browser.open()).text


async def test_the_page_after_signing_in_leads_to_the_room(shared: Fair) -> None:
    judge = shared.voting("jury")[0]
    link = shared.link(judge, "message-room")
    signed_in = await shared.court.scoring.post("/sign-in", data={"token": link})

    assert 'action="room"' in signed_in.text
    found = re.search(r'name="session" value="([^"]+)"', signed_in.text)
    assert found
    room = await shared.court.scoring.post("/room", data={"session": found[1]})
    assert room.status_code == 200
    assert shared.definition.rounds[0].name.kk in room.text


def test_pages_have_all_their_texts_in_three_languages() -> None:
    assert {frozenset(words) for words in WORDS.values()} == {frozenset(WORDS["kk"])}
    assert all(text for words in WORDS.values() for text in words.values())
    assert [preferred(one) for one in ("ru-RU,ru;q=0.9", "en", "fr", "")] == [
        "ru",
        "en",
        "kk",
        "kk",
    ]
