"""Fairness telemetry over HTTP and as figures: for the staff, while judging runs."""

from services.scoring.store import Judging
from services.scoring.telemetry import FIGURES, Telemetry

from .fair import Fair, fine, refused


async def test_telemetry_follows_the_judging_and_is_the_staffs(
    fair: Fair, judging: Judging
) -> None:
    await fair.open()
    path = f"/rounds/{fair.first}/fairness"
    refused(await fair.get(path, fair.secretary), 404, "unknown-round")
    await fair.draw(fair.first)
    begun = fine(await fair.get(path, fair.secretary))
    assert (begun["due"], begun["done"], begun["order_effect"]) == (12, 0, None)

    for headers in fair.outsiders:
        answer = await fair.get(path, headers)
        assert answer.status_code in (401, 403), answer.text
    judge = fair.voting("jury")[0]
    for assignment in await fair.assignments(fair.first, judge):
        fine(await fair.score(fair.first, assignment["project_id"], judge))
    midway = fine(await fair.get(path, fair.admin))
    assert 0 < midway["done"] < 12
    assert midway["judges"][0]["due"] == 4

    telemetry = Telemetry(judging, fresh_seconds=0)
    share = await telemetry.figure("share_done")
    assert share.values[fair.first] == float(midway["share_done"])
    for other in fair.voting("jury")[1:]:
        for assignment in await fair.assignments(fair.first, other):
            fine(await fair.score(fair.first, assignment["project_id"], other))
    done = fine(await fair.get(path, fair.secretary))
    assert done["share_done"] == "1.000000"
    assert [judge["compared"] for judge in done["judges"]] == [4, 4, 4]
    assert all(judge["severity"] is not None for judge in done["judges"])

    figures = [await telemetry.figure(name) for name in FIGURES]
    told = " ".join(f"{one.name} {one.text} {dict(one.values)}" for one in figures)
    assert not [id for id in (*fair.plans, *fair.voting("jury")) if id in told]
    fine(await fair.post(f"/rounds/{fair.first}/close"))
    assert fair.first not in (await telemetry.figure("share_done")).values
    assert "zharmenke_judging_share_done" in (await fair.get("/metrics")).text
