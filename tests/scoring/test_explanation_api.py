"""Explanations over HTTP: the staff's, and the applicant's own once the results are out."""

from typing import Any

from tests.admin.terminal import Terminal

from .fair import Body, Court, Fair, fine, refused


async def test_explanation_is_the_rankings_and_opens_with_the_results(
    fair: Fair, court: Court
) -> None:
    await fair.open()
    await fair.draw(fair.first)
    await fair.score_all(fair.first, "jury")
    path = f"/evaluations/{fair.first}/{next(iter(fair.plans))}/explanation"
    refused(await fair.get(path, fair.secretary), 404, "not-ranked")
    ranking = await fair.close_and_rank(fair.first)
    for row in ranking["table"]:
        await staff_sees_the_row(fair, row)

    last = ranking["table"][-1]["project_id"]
    path = f"/evaluations/{fair.first}/{last}/explanation"
    await fair.decide(fair.first, "jury")
    refused(await fair.get(path, fair.applicant(last)), 403, "under-embargo")
    assert not fine(await fair.get(path, fair.secretary))["outcome"]["chosen"]

    fine(await fair.post(f"/rounds/{fair.first}/publication"))
    await applicant_sees_the_own_row(fair, path, last, ranking)
    await the_topics_tell_the_same(fair, court, last)
    other = ranking["table"][0]["project_id"]
    refused(await fair.get(path, fair.applicant(other)), 403, "not-your-project")
    refused(await fair.get(path), 401, "token-missing")
    for judge in fair.voting("jury"):
        refused(await fair.get(path, fair.judge(judge)), 403, "role-not-allowed")
    unknown = f"/evaluations/{fair.first}/{fair.voting('jury')[0]}/explanation"
    refused(await fair.get(unknown, fair.secretary), 404, "unknown-project")
    refused(await fair.get(f"/evaluations/1999-first/{last}/explanation", fair.admin), 404,
            "unknown-round")  # fmt: skip


async def staff_sees_the_row(fair: Fair, row: Body) -> None:
    """The same total and rank as in the table, by judges who have a name."""
    path = f"/evaluations/{fair.first}/{row['project_id']}/explanation"
    shown = fine(await fair.get(f"{path}?lang=en", fair.secretary))
    assert {name: shown[name] for name in ("total", "rank", "project_id")} == {
        name: row[name] for name in ("total", "rank", "project_id")
    }
    judges = set(fair.voting("jury"))
    assert {sheet["judge_id"] for sheet in shown["sheets"]} <= judges
    assert shown["sources"]["ranking"] == f"scoring/round/{fair.first}:3"
    assert f"Rank: {row['rank']} of 6" in texts(shown)


async def applicant_sees_the_own_row(fair: Fair, path: str, project: str, ranking: Body) -> None:
    """The numbers, in the language asked for, and nothing of who judged."""
    answer = await fair.get(path, fair.applicant(project) | {"Accept-Language": "ru-RU,ru"})
    shown = fine(answer)
    assert shown["language"] == "ru"
    assert shown["rank"] == len(ranking["table"])
    assert f"Место: {shown['rank']} из {shown['rank']}" in texts(shown)
    assert texts(shown)[0].startswith("Лист 1 (судья 1)")
    assert shown["table_hash"] == ranking["table_hash"]
    for member in fair.cast.panel("jury"):
        assert member["person_id"] not in answer.text
        assert member["name"] not in answer.text


async def the_topics_tell_the_same(fair: Fair, court: Court, project: str) -> None:
    """The command, which reads nothing but the topics, gives the staff's answer."""
    await fair.said()  # all of it
    servers = court.rooms.environment["KAFKA_BOOTSTRAP_SERVERS"]
    terminal = Terminal(servers, court.rooms.prefix)
    words = (project, "--round", fair.first, "--lang", "ru")
    path = f"/evaluations/{fair.first}/{project}/explanation?lang=ru"
    assert await terminal.document("explain", *words) == fine(await fair.get(path, fair.secretary))


def texts(shown: Body) -> list[Any]:
    """The lines' texts."""
    return [line["text"] for line in shown["lines"]]
