"""Judges in reserve: drawn for nothing, until they take somebody's place."""

from .fair import Fair, fine
from .test_conflicts_api import REASON


async def test_judge_in_reserve_is_not_drawn_and_takes_anothers_place(fair: Fair) -> None:
    await fair.open()
    reserve, one, other = fair.voting("jury")
    await fair.draw(fair.first, [{"judge_id": reserve, "reserve": True}])
    assert await fair.assignments(fair.first, reserve) == []
    for judge in (one, other):
        assert len(await fair.assignments(fair.first, judge)) == len(fair.plans)

    project = (await fair.assignments(fair.first, one))[0]["project_id"]
    path = f"/rounds/{fair.first}/projects/{project}/judges/{one}/replace"
    fine(await fair.post(path, {"by_judge_id": reserve, "reason": REASON}))

    rows = await fair.assignments(fair.first, reserve)
    assert [row["project_id"] for row in rows] == [project]
