"""The reserve over HTTP: a winner gives the award back, and the next moves up, once."""

import asyncio
from typing import Any
from zlib import crc32

import httpx
import pytest

from tests.rooms import eventually

from .fair import NOMINATION_FUNDS, Body, Court, Fair, fine, refused
from .test_fair_api import submission_shows


@pytest.fixture
def fair(court: Court, request: pytest.FixtureRequest) -> Fair:
    """A fair whose final chooses one of three; the others are in reserve."""
    name = f"fair-{crc32(request.node.nodeid.encode()):08x}"
    return Fair(court, name, limit=1, reserve=2)


async def decline(
    fair: Fair, project: str, headers: dict[str, str], reason: str = "Басқа грант алдық"
) -> httpx.Response:
    path = f"/seasons/{fair.season}/awards/{project}/decline"
    return await fair.court.scoring.post(path, json={"reason": reason}, headers=headers)


async def promote(
    fair: Fair, project: str, amount: int, in_place_of: str, headers: Any = None
) -> httpx.Response:
    path = f"/seasons/{fair.season}/awards/{project}/promotion"
    body = {"in_place_of": in_place_of, "amount_tiyn": amount}
    return await fair.court.scoring.put(path, json=body, headers=headers or fair.secretary)


async def reserve(fair: Fair) -> Body:
    return fine(await fair.get(f"/seasons/{fair.season}/awards/reserve", fair.secretary))


async def to_results(fair: Fair) -> tuple[str, list[str]]:
    """The winner, and the reserve."""
    (winner,) = await fair.to_decided_final()
    fine(await fair.award(winner, NOMINATION_FUNDS))
    fine(await fair.post(f"/seasons/{fair.season}/awards/publication"))
    return winner, (await reserve(fair))["reserve"]


async def test_winner_gives_the_award_back_and_the_next_of_the_reserve_moves_up(
    fair: Fair,
) -> None:
    (winner,) = await fair.to_decided_final()
    fine(await fair.award(winner, NOMINATION_FUNDS))
    await nobody_learns_of_it_before_the_results(fair, winner)
    fine(await fair.post(f"/seasons/{fair.season}/awards/publication"))

    shown = fine(await fair.get(f"/rounds/{fair.final}/decision"))
    first, second = shown["reserve"]
    expected = {winner: "winner", first: "reserve", second: "reserve"}
    await submission_shows(fair, expected, "not_shortlisted")
    refused(await promote(fair, first, 10, winner), 404, "no-vacancy")
    for stranger in (first, second):
        answer = await decline(fair, winner, fair.applicant(stranger))
        refused(answer, 403, "not-your-project")
    refused(await decline(fair, first, fair.applicant(first)), 404, "no-award")

    answers = await asyncio.gather(
        *(decline(fair, winner, fair.applicant(winner)) for _ in range(3))
    )
    assert [fine(answer)["awarded_tiyn"] for answer in answers] == [0, 0, 0]
    assert len([answer for answer in answers if answer.json()["event_id"]]) == 1
    (place,) = (await reserve(fair))["places"]
    due = place["next"]
    assert (place["in_place_of"], place["room_tiyn"]) == (winner, NOMINATION_FUNDS)

    other = next(one for one in (first, second) if one != due)
    refused(await promote(fair, other, 10, winner), 409, "not-next")
    refused(await promote(fair, due, NOMINATION_FUNDS + 1, winner), 409, "over-nomination-funds")
    fine(await promote(fair, due, 400, winner))
    await submission_shows(
        fair, {winner: "declined", due: "winner", other: "reserve"}, "not_shortlisted"
    )
    added, announced = await fair.said("AwardAdded", "WinnerAnnounced"), []
    announced = [body for type_, _, body in added if type_ == "WinnerAnnounced"]
    assert [body["project_id"] for body in announced] == [winner, due]
    assert [body["cause"] for body in announced] == [None, place["event_id"]]
    await published_results_stay(fair, winner)


async def nobody_learns_of_it_before_the_results(fair: Fair, winner: str) -> None:
    """The same answer whether or not the project is to win."""
    for project in fair.plans:
        answer = await decline(fair, project, fair.applicant(project))
        refused(answer, 403, "under-embargo")
    for headers in fair.outsiders:
        assert (await decline(fair, winner, headers)).status_code in (401, 403)
        assert (await promote(fair, winner, 1, winner, headers or {"x": "y"})).status_code in (
            401,
            403,
        )
        path = f"/seasons/{fair.season}/awards/reserve"
        assert (await fair.get(path, headers)).status_code in (401, 403)
    refused(await promote(fair, winner, 1, winner), 409, "not-published")


async def published_results_stay(fair: Fair, winner: str) -> None:
    refused(await fair.award(winner, 5), 409, "already-published")
    again = fine(await fair.post(f"/seasons/{fair.season}/awards/publication"))
    assert again["event_id"] is None


async def test_one_place_is_taken_once_however_many_ask_for_it(fair: Fair) -> None:
    winner, _ = await to_results(fair)
    fine(await decline(fair, winner, fair.secretary, "Шарт бұзылды"))
    ((place,), due) = ((await reserve(fair))["places"], "")
    due = place["next"]

    answers = await asyncio.gather(
        *(promote(fair, due, amount, winner) for amount in (300, 300, 301, 302))
    )

    won = [answer for answer in answers if answer.status_code == httpx.codes.OK]
    assert won
    assert len([answer for answer in won if answer.json()["event_id"]]) == 1
    for answer in answers:
        if answer not in won:
            refused(answer, 409, "place-taken")
    assert len(await fair.said("AwardAdded")) == 1
    (award,) = (await fair.awards())["awards"]
    assert award["project_id"] == due


async def test_who_withdrew_is_passed_over_and_a_withdrawn_winner_leaves_a_place(
    fair: Fair,
) -> None:
    winner, in_reserve = await to_results(fair)
    await fair.withdraw(winner)

    async def freed() -> list[Body]:
        return list((await reserve(fair))["places"])

    (place,) = await eventually(freed, "the award of the withdrawn project fell away")
    gone = place["next"]
    await fair.withdraw(gone)

    async def passed_over() -> bool:
        return bool((await reserve(fair))["places"][0]["next"] not in (gone, None))

    await eventually(passed_over, "the withdrawn project is passed over")
    refused(await promote(fair, gone, 10, winner), 409, "not-next")
    (other,) = set(in_reserve) - {gone}
    assert fine(await promote(fair, other, 10, winner))["awarded_tiyn"] == 10


async def test_the_season_fixes_the_length_of_the_reserve(fair: Fair) -> None:
    await fair.open()
    await fair.draw(fair.first)
    await fair.score_all(fair.first, "jury")
    await fair.close_and_rank(fair.first)
    path = f"/rounds/{fair.first}/decision"
    attended = {"attended": fair.voting("jury")}
    refused(await fair.post(path, attended | {"reserve": 1}), 409, "no-reserve-here")
    refused(await fair.post(path, attended | {"reserve": 51}), 422, "invalid-request")
    assert fine(await fair.post(path, attended))["reserve"] == []
