"""Before the results nobody but the staff learns of a score, by any address, figure or log."""

import json
import re
from collections.abc import Iterator
from typing import Any, get_args
from uuid import uuid4

import httpx
from structlog.testing import capture_logs

from services.kit.tokens import Role

from .fair import Court, Fair, fine

TELLING = frozenset(
    {
        "points",
        "total",
        "normalised",
        "rank",
        "table",
        "inputs_hash",
        "sheets",
        "chosen",
        "judges",
        "motions",
        "votes",
    }
)
"""Members of a body that would say something of a score or of what follows from it."""
STAFF = ("secretary", "admin")


def members(body: Any) -> Iterator[str]:
    """The names of all members of a JSON body, at any depth."""
    if isinstance(body, dict):
        for name, value in body.items():
            yield name
            yield from members(value)
    elif isinstance(body, list):
        for value in body:
            yield from members(value)


async def readable(room: httpx.AsyncClient, names: dict[str, str]) -> list[str]:
    """Every address that can be read with a GET, for this fair; a new parameter is an error."""
    paths = fine(await room.get("/openapi.json"))["paths"]
    return [
        re.sub(r"{(\w+)}", lambda found: names[found[1]], path)
        for path, operations in paths.items()
        if "get" in operations
    ]


def callers(fair: Fair, project: str) -> dict[str, dict[str, str]]:
    """Everybody who is not of the staff: a token for each role, none, and those concerned."""
    roles = [role for role in get_args(Role) if role not in STAFF]
    outsider = fair.voting("commission")[0]  # votes in the final, and has no sheet of the first
    return {
        "nobody": {},
        "the applicant": fair.applicant(project),
        "a member of the commission": fair.judge(outsider),
        **{role: fair.court.rooms.token(role, "somebody") for role in roles},
    }


async def play_to_the_decision(fair: Fair) -> dict[str, Any]:
    """A first round that is scored, ranked and decided, and not published: its ranking."""
    await fair.open()
    await fair.draw(fair.first)
    await fair.score_all(fair.first, "jury")
    ranking = await fair.close_and_rank(fair.first)
    await fair.decide(fair.first, "jury")
    return ranking


async def test_nothing_tells_of_scores_before_the_results(fair: Fair, court: Court) -> None:
    with capture_logs() as logged:
        ranking = await play_to_the_decision(fair)
    total = str(ranking["table"][0]["total"])
    project, judge = ranking["table"][0]["project_id"], fair.voting("jury")[0]
    sitting = f"/sittings/{(sitting_id := str(uuid4()))}"
    body = {"round_id": fair.first}
    fine(await court.scoring.put(sitting, json=body, headers=fair.secretary))
    names = {"season_id": fair.season, "round_id": fair.first, "project_id": project}
    names |= {"panel": "jury", "person_id": judge, "judge_id": judge, "sitting_id": sitting_id}
    names |= {"topic": "zharmenke.scoring", "partition": "0", "offset": "0"}

    answered: set[str] = set()
    for room in (court.scoring, court.submission):
        for path in await readable(room, names):
            for who, headers in callers(fair, project).items():
                answer = await room.get(path, headers=headers)
                assert answer.status_code < httpx.codes.INTERNAL_SERVER_ERROR, (path, answer.text)
                assert total not in answer.text, f"{path} tells {who} a total"
                if answer.status_code == httpx.codes.OK:
                    answered.add(path)
                    if "json" in answer.headers["content-type"]:
                        told = TELLING & {*members(json.loads(answer.text))}
                        assert not told, f"{path} tells {who} {sorted(told)}"
    assert {f"/seasons/{fair.season}", f"/projects/{project}", "/metrics"} <= answered
    assert {entry["event"] for entry in logged}
    assert not TELLING & {name for entry in logged for name in entry}
    assert total not in str(logged)
    shown = fine(await fair.get(f"/rounds/{fair.first}/ranking", fair.secretary))
    assert TELLING & {*members(shown)}  # the staff sees it: the search can find
