"""`verify` and `export` against a broker: a season on real topics, honest and tampered with."""

import asyncio
import copy
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaProducer
from typer.testing import CliRunner, Result

from admin.cli import app
from schemas.topics import people, stream
from tests.admin.chronicle import Written
from tests.admin.season_told import chronicle
from tests.admin.tampering import edit, find
from tests.rooms import Rooms

RUNNER = CliRunner()


class Operator:
    """Somebody at a terminal, and somebody else who can write to the topics."""

    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms
        self._servers = rooms.environment["KAFKA_BOOTSTRAP_SERVERS"]

    async def run(self, *words: object) -> Result:
        """Run a command on this module's topics."""
        environment = {"TOPIC_PREFIX": self._rooms.prefix, "COLUMNS": "200"}
        environment["KAFKA_BOOTSTRAP_SERVERS"] = self._servers
        return await asyncio.to_thread(
            lambda: RUNNER.invoke(app, [str(word) for word in words], env=environment)
        )

    async def put(self, records: Sequence[Written]) -> None:
        """Put records on the topics, each subject in its order."""
        async with AIOKafkaProducer(bootstrap_servers=self._servers) as producer:
            for record in records:
                service = record.topic.rpartition(".")[2]
                await producer.send(
                    stream(service, self._rooms.prefix),
                    record.value,
                    record.key,
                    headers=list(record.headers),
                )

    async def erase(self, person_id: str) -> None:
        """A tombstone, as an erasure leaves it."""
        async with AIOKafkaProducer(bootstrap_servers=self._servers) as producer:
            topic = people("submission", self._rooms.prefix)
            await producer.send_and_wait(topic, None, person_id.encode())


def in_directory(path: Path) -> list[Path]:
    """All that is there; nothing unfinished may be left behind."""
    return sorted(path.iterdir())


async def test_empty_topics_hold_and_have_no_season(rooms: Rooms, tmp_path: Path) -> None:
    operator = Operator(rooms)

    told = await operator.run("verify", "--json")
    refused = await operator.run("export", "2020", tmp_path / "f")

    assert (told.exit_code, json.loads(told.stdout)["records"]) == (0, 0)
    assert refused.exit_code == 2
    assert "No event of season '2020'" in refused.output
    assert in_directory(tmp_path) == []


async def test_season_on_the_topics_holds_and_is_exported_the_same_each_time(
    rooms: Rooms, tmp_path: Path
) -> None:
    operator, told = Operator(rooms), chronicle()
    await operator.put(told.records)
    await operator.put(told.records[:20])  # as a relay repeats what it is not sure of

    found = await operator.run("verify", "--json")
    files = [tmp_path / "first", tmp_path / "second"]
    for file in files:
        assert (await operator.run("export", "2020", file)).exit_code == 0
    of_file = await operator.run("verify", files[0], "--json")

    assert found.exit_code == of_file.exit_code == 0, found.output
    topics: dict[str, Any] = json.loads(found.stdout)
    assert (topics["records"], topics["repeats"]) == (len(told.records) + 20, 20)
    assert topics["rankings"] == json.loads(of_file.stdout)["rankings"]
    assert len({file.read_bytes().partition(b"\n")[2] for file in files}) == 1
    assert in_directory(tmp_path) == files


async def test_record_stays_verifiable_after_an_erasure(rooms: Rooms) -> None:
    operator = Operator(rooms)
    await operator.erase("b0000000-0000-4000-8000-000000000001")

    assert (await operator.run("verify")).exit_code == 0


async def test_tampered_score_and_poison_are_named_by_their_coordinates(rooms: Rooms) -> None:
    operator, told = Operator(rooms), copy.deepcopy(chronicle())
    edit("ScoreRecorded", 10, points__0__points=lambda given: "5.00" if given != "5.00" else "6")(
        told
    )
    score = find(told, "ScoreRecorded", 10)
    poison = Written(score.topic, 0, 0, b"round/2020-first", b"not json", ())
    await operator.put([score, poison])

    told_ = await operator.run("verify", "--json")
    faults: list[dict[str, Any]] = json.loads(told_.stdout)["faults"]

    assert told_.exit_code == 1
    by_rule = {fault["rule"]: fault for fault in faults}
    assert set(by_rule) == {"content", "envelope"}
    assert by_rule["content"]["id"] == score.header("ce_id")
    assert all(
        fault["record"].startswith(f"{stream('scoring', rooms.prefix)}/") for fault in faults
    )
