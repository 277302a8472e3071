"""What a replay hears of a topic: as the service itself, parked and discarded records left out."""

from collections.abc import Sequence
from typing import Any

import pytest
from aiokafka import TopicPartition

from admin.replay import source as replay_source
from admin.replay.source import Problem, Source
from admin.terminal import Trouble
from services.kit.parking import Lane, coordinates
from tests.kit.jars import MODELS, CoinAdded, Record


class Parked:
    """What a service has parked and discarded, as a test says."""

    def __init__(self) -> None:
        self.first: dict[Lane, int] = {}
        self.gone: set[str] = set()

    def is_people(self, topic: str) -> bool:
        return False

    async def decided(self, records: Sequence[Any]) -> frozenset[str]:
        return frozenset(self.gone)

    async def blocked(self, records: Sequence[Any]) -> dict[Lane, int]:
        return dict(self.first)


def coin(jar: str, sequence: int, offset: int, value: bytes | None = b"") -> Record:
    record = Record.of(jar, sequence, CoinAdded(coin="x"), offset=offset)
    if value != b"":
        record.value = value
    return record


def lane_of(jar: str) -> Lane:
    return "jars", f"jar/{jar}".encode()


async def heard(source: Source, *records: Record) -> list[str]:
    return [one.envelope.id for one in await source.hear(records)]


async def test_what_is_parked_and_what_waits_behind_it_is_left_out_and_remembered() -> None:
    parked = Parked()
    parked.first[lane_of("a")] = 5
    source = Source(MODELS, parked)  # type: ignore[arg-type]

    found = await heard(source, coin("a", 1, 4), coin("a", 2, 5), coin("b", 1, 6), coin("a", 3, 7))

    assert found == ["kit/jar/a:1", "kit/jar/b:1"]
    assert source.skipped == {TopicPartition("jars", 0): 5}
    assert source.problems == []


async def test_lane_that_is_redriven_meanwhile_stays_out_for_the_rest_of_the_pass() -> None:
    """Else the document would have heard a later number than the one that was left out."""
    parked = Parked()
    parked.first[lane_of("a")] = 5
    source = Source(MODELS, parked)  # type: ignore[arg-type]
    await heard(source, coin("a", 1, 5))
    parked.first.clear()

    assert await heard(source, coin("a", 2, 8), coin("b", 1, 9)) == ["kit/jar/b:1"]
    assert source.skipped == {TopicPartition("jars", 0): 5}


async def test_discarded_record_is_passed_over() -> None:
    parked = Parked()
    bad = coin("a", 1, 5, b"no json")
    parked.gone.add(coordinates(bad))
    source = Source(MODELS, parked)  # type: ignore[arg-type]

    assert await heard(source, bad, coin("a", 2, 6)) == ["kit/jar/a:2"]
    assert (source.problems, source.skipped) == ([], {})


async def test_record_that_can_not_be_read_holds_up_its_key_and_nothing_else() -> None:
    source = Source(MODELS)

    found = await heard(
        source, coin("a", 1, 1, b"no json"), coin("a", 2, 2), coin("b", 1, 3), coin("b", 2, 4, None)
    )

    assert found == ["kit/jar/b:1"]
    assert [(one.id, one.reason[:17]) for one in source.problems] == [
        ("jars/0/1", "body is not valid"),
        ("jars/0/4", "Unreadable: a tom"),
    ]


async def test_pass_goes_on_with_the_problems_of_the_one_before() -> None:
    source = Source(MODELS)
    source.recall([Problem("jars", 0, 1, b"jar/a", "was bad")], {})

    assert await heard(source, coin("a", 2, 2), coin("b", 1, 3)) == ["kit/jar/b:1"]


async def test_code_that_understands_nothing_gives_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replay_source, "MOST_PROBLEMS", 3)
    source = Source(MODELS)
    with pytest.raises(Trouble, match="can't handle more than 3 records; the first is jars/0/0"):
        await heard(source, *(coin(f"j{n}", 1, n, b"no json") for n in range(9)))
