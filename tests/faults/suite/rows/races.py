"""Rows in which many want what there is not enough of. They play fairs of their own."""

import asyncio
import json
from typing import Any

from admin.rehearsal.client import CallFailed
from admin.rehearsal.outside import Log, read_log
from admin.rehearsal.steps import SECRETARY
from tests.faults.suite.arena import Arena
from tests.faults.suite.fair import play_phases, small_fair
from tests.faults.suite.registry import fault

SEATS, COMERS = 100, 1000
FUNDS_TIYN = 150_000_000


@fault("seats-race", own_play=True)
async def seats_race(arena: Arena) -> None:
    """A thousand register at once for a hundred seats."""

    def change(data: dict[str, Any]) -> None:
        data["webinars"][0]["capacity"] = SEATS

    cast, play = small_fair(arena, change)
    await dict(play.phases())["open"]()
    webinar = f"{cast.season.id}-{cast.season.webinars[0].id}"

    async def register(number: int) -> None:
        path = f"/webinars/{webinar}/registrations/{cast.id('race', number)}"
        person = {"name": f"Үлгі {number}", "email": f"race-{number}@example.org"}
        consent = {"language": "kk", "personal_data_consent": True}
        await arena.client.call("PUT", "webinar", path, json=person | consent)
        arena.injections += 1

    await asyncio.gather(*(register(number) for number in range(COMERS)))

    async def check() -> None:
        log = await _log(arena)
        seated, waiting = log.of("WebinarRegistered"), log.of("RegistrationWaitlisted")
        _expect(arena, "seats given", len({seen.subject for seen in seated}), SEATS)
        _expect(arena, "on the waiting list", len({s.subject for s in waiting}), COMERS - SEATS)

    arena.at_rest.append(check)


@fault("funds-race", own_play=True)
async def funds_race(arena: Arena) -> None:
    """All finalists are awarded at once, by two clients, from funds that are too small."""

    def change(data: dict[str, Any]) -> None:
        for nomination in data["nominations"]:
            nomination["funds_tiyn"] = FUNDS_TIYN
        data["funds_tiyn"] = FUNDS_TIYN * len(data["nominations"])

    cast, play = small_fair(arena, change)
    await play_phases(play, ("awards", "webinars"))
    client, season = arena.client, cast.season.id
    token = client.operator("secretary", SECRETARY)
    attended = [m["person_id"] for m in cast.panel("commission") if m["role"] != "secretary"]
    decided = await client.call(
        "POST",
        "scoring",
        f"/rounds/{play.rounds[-1]}/decision",
        token=token,
        json={"attended": attended},
    )
    chosen = [row["project_id"] for row in decided["projects"] if row["chosen"]]
    refused = 0

    async def award(project: str) -> None:
        nonlocal refused
        found = await client.call("GET", "submission", f"/projects/{project}", token=token)
        amount = found["versions"][-1]["content"]["budget"]["requested_tiyn"]
        path = f"/seasons/{season}/awards/{project}"
        arena.injections += 1
        try:
            await client.call("PUT", "scoring", path, token=token, json={"amount_tiyn": amount})
        except CallFailed as failure:
            if "-funds" not in failure.body:
                raise
            refused += 1

    await asyncio.gather(*(award(project) for project in chosen * 2))
    await client.call("POST", "scoring", f"/seasons/{season}/awards/publication", token=token)

    async def check() -> None:
        won: dict[str, int] = {}
        log = await _log(arena)
        outcomes = log.of("WinnerAnnounced", "ProjectNotAwarded")
        projects = [json.loads(seen.body)["project_id"] for seen in outcomes]
        for seen in log.of("WinnerAnnounced"):
            body = json.loads(seen.body)
            won[body["nomination"]] = won.get(body["nomination"], 0) + body["amount_tiyn"]
        over = [name for name, amount in won.items() if amount > FUNDS_TIYN]
        _expect(arena, "nominations over their funds", over, [])
        _expect(arena, "projects with an outcome", sorted(projects), sorted(chosen))
        _expect(arena, "somebody was refused", refused > 0, True)

    arena.at_rest.append(check)


async def _log(arena: Arena) -> Log:
    return await read_log(arena.stack.environment()["KAFKA_BOOTSTRAP_SERVERS"])


def _expect(arena: Arena, what: str, value: object, wanted: object) -> None:
    if value != wanted:
        arena.findings.append(f"{what}: {value}, not {wanted}")
