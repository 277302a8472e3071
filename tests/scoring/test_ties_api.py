"""A tie at the line over HTTP: nobody but the chair breaks it, and says why."""

from typing import Any

from .fair import Fair, fine, refused

REASON = "Төраға жобаларды қайта қарады"


async def test_tie_at_the_line_waits_for_the_word_of_the_chair(fair: Fair) -> None:
    await fair.open()
    await fair.draw(fair.first)
    await all_alike(fair)
    table = (await fair.close_and_rank(fair.first))["table"]
    tied = [row["project_id"] for row in table]
    assert [row["tied_with_next"] for row in table] == [True] * (len(table) - 1) + [False]
    decision = f"/rounds/{fair.first}/decision"
    attended: dict[str, Any] = {"attended": fair.voting("jury")}

    refused(await fair.post(decision, attended), 409, "tie-at-the-line")
    some = {"chair_order": tied[:2], "chair_reason": REASON}
    refused(await fair.post(decision, attended | some), 409, "tie-at-the-line")
    silent = {"chair_order": tied}
    refused(await fair.post(decision, attended | silent), 422, "invalid-request")
    turned = {"chair_order": tied[::-1], "chair_reason": REASON}
    decided = fine(await fair.post(decision, attended | turned))

    chosen = [row["project_id"] for row in decided["projects"] if row["chosen"]]
    assert chosen == tied[::-1][:3]
    ((_, _, recorded),) = await fair.said("DecisionRecorded")
    assert recorded["chair_reason"] == REASON


async def all_alike(fair: Fair) -> None:
    """Every judge gives every project the same points."""
    first = fair.definition.rounds[0]
    points = [{"criterion": criterion.id, "points": "5.00"} for criterion in first.criteria]
    for judge in fair.voting("jury"):
        for row in await fair.assignments(fair.first, judge):
            fine(await fair.score(fair.first, row["project_id"], judge, points))
