"""Budget defence over HTTP: who may, what is refused, and awards and revisions at once."""

import asyncio
from uuid import uuid4

import httpx
import pytest

from .fair import Body, Fair, fine, refused, rule_of
from .test_pitches_api import declare

REASON = "Арзанырақ болады"


async def test_award_is_within_what_was_defended(fair: Fair) -> None:
    chosen = await fair.to_decided_final()
    project, member = chosen[0], fair.voting("commission")[1]
    amounts = [line["requested_tiyn"] for line in fair.plans[project].draft["budget_lines"]]
    path = f"/seasons/{fair.season}/budgets/{project}/revisions/{uuid4()}"
    body = revision(fair, project, member, 500)
    for headers in ({}, fair.admin, fair.judge(member), fair.applicant(project)):
        assert (await put(fair, path, body, headers)).status_code in (401, 403)
    outsider = body | {"asked_by": fair.voting("jury")[0]}
    refused(await put(fair, path, outsider), 422, "not-on-the-panel")
    dear = body | {"lines": [{"line": 1, "requested_tiyn": 10**12}]}
    refused(await put(fair, path, dear), 422, "revision-invalid")
    twice = body | {"lines": [body["lines"][0], body["lines"][0]]}
    refused(await put(fair, path, twice), 422, "revision-invalid")

    budget = fine(await put(fair, path, body))

    assert (budget["requested_tiyn"], budget["submitted_tiyn"]) == (500, sum(amounts))
    assert fine(await put(fair, path, body))["event_id"] is None
    higher = revision(fair, project, member, 501)
    refused(await put(fair, other(path), higher), 409, "budget-raised")
    refused(await fair.award(project, 501), 409, "award-over-budget")
    fine(await fair.award(project, 400))
    lower = revision(fair, project, member, 399)
    refused(await put(fair, other(path), lower), 409, "award-over-budget")
    fine(await fair.award(project, 399))
    fine(await put(fair, other(path), lower))
    first, second = await fair.said("BudgetRevised")
    assert (first[2]["asked_by"], first[2]["reason"]) == (member, REASON)
    assert second[2]["lines"][0] == {"line": 1, "before_tiyn": 500, "requested_tiyn": 399}
    fine(await fair.post(f"/seasons/{fair.season}/awards/publication"))
    late = revision(fair, project, member, 398)
    refused(await put(fair, other(path), late), 409, "already-published")


async def test_budget_is_seen_by_those_concerned_and_defended_before_no_conflict(
    fair: Fair,
) -> None:
    project, other_project, _ = await fair.to_shortlist()
    path = f"/seasons/{fair.season}/budgets/{project}"
    member, conflicted = fair.voting("commission")[:2]
    body = revision(fair, project, member, 500)
    refused(await put(fair, f"{path}/revisions/{uuid4()}", body), 409, "not-in-round")
    await fair.draw(fair.final)
    await declare(fair, project, conflicted)
    partial = body | {"asked_by": conflicted}
    refused(await put(fair, f"{path}/revisions/{uuid4()}", partial), 409, "judge-conflicted")
    fine(await put(fair, f"{path}/revisions/{uuid4()}", body))

    for headers in (fair.admin, fair.judge(member)):
        seen = fine(await fair.get(path, headers))
        assert [one["asked_by"] for one in seen["revisions"]] == [member]
    own = fine(await fair.get(path, fair.applicant(project)))
    assert (own["requested_tiyn"], own["revisions"][0]["asked_by"]) == (500, None)
    refused(await fair.get(path, fair.judge(conflicted)), 403, "not-assigned")
    refused(await fair.get(path, fair.applicant(other_project)), 403, "not-your-project")
    for headers in fair.outsiders:
        assert (await fair.get(path, headers)).status_code in (401, 403)


@pytest.mark.parametrize("attempt", range(3))
async def test_revision_and_award_at_once_leave_no_award_above_the_budget(
    fair: Fair, attempt: int
) -> None:
    project = (await fair.to_decided_final())[attempt]
    member = fair.voting("commission")[0]
    path = f"/seasons/{fair.season}/budgets/{project}/revisions/{uuid4()}"

    answers = await asyncio.gather(
        fair.award(project, 900),
        put(fair, path, revision(fair, project, member, 500)),
        put(fair, other(path), revision(fair, project, member, 899)),
        fair.award(project, 800),
    )

    assert {rule_of(answer) for answer in answers if answer.status_code != httpx.codes.OK} <= {
        "award-over-budget",
        "budget-raised",
    }
    award, budget = 0, 10**12
    for type, _, body in await fair.said("BudgetRevised", "AwardConfirmed"):
        if type == "BudgetRevised":
            budget = body["requested_tiyn"]
        else:
            award = body["amount_tiyn"]
        assert award <= budget


def revision(fair: Fair, project: str, member: str, total: int) -> Body:
    """All that is asked for is this much, on the first line."""
    lines = range(2, len(fair.plans[project].draft["budget_lines"]) + 1)
    zeros = [{"line": line, "requested_tiyn": 0} for line in lines]
    first = {"line": 1, "requested_tiyn": total}
    return {"asked_by": member, "lines": [first, *zeros], "reason": REASON}


def other(path: str) -> str:
    """The same budget's next revision."""
    return f"{path.rpartition('/')[0]}/{uuid4()}"


async def put(
    fair: Fair, path: str, body: Body, headers: dict[str, str] | None = None
) -> httpx.Response:
    return await fair.court.scoring.put(
        path, json=body, headers=fair.secretary if headers is None else headers
    )
