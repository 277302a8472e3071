"""Documents over HTTP: who gets which, when, and the same bytes each time."""

import csv
import io
from uuid import uuid4

import httpx

from .fair import Body, Fair, fine, refused
from .pdf_text import text_of


async def test_documents_open_step_by_step_and_stay_the_same(fair: Fair) -> None:
    await fair.open()
    await fair.draw(fair.first)
    await fair.score_all(fair.first, "jury")
    register = f"/rounds/{fair.first}/register"
    refused(await fair.get(register, fair.secretary), 409, "round-open")
    refused(await fair.get(f"{register}.csv", fair.secretary), 409, "round-open")
    ranking = await fair.close_and_rank(fair.first)
    await the_register_has_every_sheet(fair, register)

    sitting = await a_sitting_decides(fair)
    await its_protocol_is_the_staffs(fair, sitting, ranking)

    best = ranking["table"][0]["project_id"]
    letter = f"/rounds/{fair.first}/projects/{best}/letter"
    refused(await fair.get(letter, fair.applicant(best)), 403, "under-embargo")
    refused(await fair.get(letter, fair.secretary), 409, "not-published")
    fine(await fair.post(f"/rounds/{fair.first}/publication"))
    await letters_are_their_applicants(fair, letter, best)


async def the_register_has_every_sheet(fair: Fair, path: str) -> None:
    rows = fine(await fair.get(path, fair.secretary))["rows"]
    assert len(rows) == 12  # six projects, two judges each
    answer = await fair.get(f"{path}.csv?lang=ru", fair.admin)
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    text = answer.content.decode("utf-8-sig")
    assert len(list(csv.reader(io.StringIO(text), delimiter=";"))) == 1 + len(rows)
    for headers in fair.outsiders:
        for wanted in (path, f"{path}.csv"):
            answer = await fair.get(wanted, headers)
            assert answer.status_code in (401, 403), answer.text


async def a_sitting_decides(fair: Fair) -> str:
    """A sitting with everybody there, which decides on the round and is closed."""
    path = f"/sittings/{uuid4()}"
    for step, body in (
        ("", {"round_id": fair.first}),
        ("/attendance", {"attendance": dict.fromkeys(fair.voting("jury"), "remote")}),
    ):
        fine(await put(fair, path + step, body))
    refused(await fair.get(f"{path}/protocol", fair.secretary), 409, "sitting-open")
    decision = {"sitting_id": path.rpartition("/")[2]}
    fine(await fair.post(f"/rounds/{fair.first}/decision", decision))
    fine(await fair.post(f"{path}/close"))
    return path


async def its_protocol_is_the_staffs(fair: Fair, sitting: str, ranking: Body) -> None:
    path = f"{sitting}/protocol"
    first = await fair.get(f"{path}?lang=kk", fair.secretary)
    assert first.headers["content-type"] == "application/pdf"
    text = text_of(first.content)
    assert "Қазылар алқасы отырысының хаттамасы".replace(" ", "") in text
    assert ranking["table_hash"] in text
    assert (await fair.get(f"{path}?lang=kk", fair.admin)).content == first.content
    english = await fair.get(path, fair.secretary | {"Accept-Language": "en"})
    assert "Thereisaquorum." in text_of(english.content)
    for headers in fair.outsiders:
        answer = await fair.get(path, headers)
        assert answer.status_code in (401, 403), answer.text


async def letters_are_their_applicants(fair: Fair, letter: str, project: str) -> None:
    own = await fair.get(f"{letter}?lang=ru", fair.applicant(project))
    assert own.status_code == httpx.codes.OK, own.text
    assert "Поздравляем!" in text_of(own.content)
    assert own.headers["content-disposition"].endswith('-ru.pdf"')
    assert (await fair.get(f"{letter}?lang=ru", fair.secretary)).content == own.content
    other = next(id for id in fair.plans if id != project)
    refused(await fair.get(letter, fair.applicant(other)), 403, "not-your-project")
    refused(await fair.get(letter), 401, "token-missing")
    refused(await fair.get(letter, fair.judge(fair.voting("jury")[0])), 403, "role-not-allowed")


async def put(fair: Fair, path: str, body: Body) -> httpx.Response:
    """A PUT by the secretary."""
    return await fair.court.scoring.put(path, json=body, headers=fair.secretary)
