"""Events a second, from scoring's stream on Kafka to its evaluations in a shadow generation.

Both sides read the same stream from its beginning, in a process of their own each round, and write
the evaluations with majority and journal into an empty database. The stream is what rounds of 158
projects and 10 judges say: all assigned, all scored sheet by sheet, all sealed.

Ours: what `zharmenke replay run scoring` does with the own stream (admin/replay/shadow.py):
headers checked, bodies validated, unreadable records told of, each event folded by the room's own
`evolve`, documents kept in memory up to a bound, conditional bulk writes guarded by version and
sequence, and after each window the checkpoint from which an interrupted run goes on.

The limit: one aiokafka `getmany` loop that validates the bodies with the same models, reads the
`ce_type` header and the key, folds dicts by hand, keeps every document in memory, and writes those
that changed by an unordered bulk write after as many records as ours. It checks no header, knows no
repeat, notes no position, and could not be interrupted.

Memory is the peak of ours, process and libraries included, at a tenth of the events and at all.
"""

import asyncio
import json
import resource
import sys
import time
from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid5

import uvloop
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from motor.motor_asyncio import AsyncIOMotorClient
from pymongo import InsertOne, UpdateOne, WriteConcern

from admin.replay.place import Address, open_place
from admin.replay.running import opened
from admin.replay.source import WINDOW
from admin.stack.stack import Stack
from admin.topics import create_topics
from bench.growth import Growth, Spent
from bench.ratio import Comparison
from bench.stall import Stalled
from schemas.registry import EVENTS
from schemas.scoring import (
    CriterionPoints,
    JudgeAssigned,
    ScoreRecorded,
    ScoresSealed,
    ScoringEvent,
)
from schemas.topics import PARTITIONS, stream
from services.kit.envelope import Envelope

PROJECTS, JUDGES = 158, 10
EVENTS_AN_EVALUATION = 2 * JUDGES + 1
CRITERIA = ("relevance", "impact", "feasibility", "budget")
SEASON = "2020"
_IDS = UUID("5f1d0c1e-6d1b-5c1a-9a0e-2f6f1b7f4a10")
SIMPLE = "evaluations", "state"
TIME = "2020-05-13T09:00:00.000Z"


def sheets(events: int) -> Iterator[tuple[str, int, ScoringEvent]]:
    """(evaluation, sequence, event) of whole evaluations, so many events or a little more."""
    wanted = -(-events // EVENTS_AN_EVALUATION)
    judges = [str(uuid5(_IDS, f"judge-{number}")) for number in range(JUDGES)]
    projects = [str(uuid5(_IDS, f"project-{number}")) for number in range(PROJECTS)]
    for begin in range(0, wanted, PROJECTS):
        round_id = f"{SEASON}-round-{begin // PROJECTS}"
        here = projects[: wanted - begin]
        for number, judge in enumerate(judges):
            for project in here:
                assigned = JudgeAssigned(
                    season_id=SEASON, round_id=round_id, project_id=project, judge_id=judge
                )
                yield f"{round_id}~{project}", 1 + number, assigned
        for number, judge in enumerate(judges):
            for place, project in enumerate(here):
                yield (
                    f"{round_id}~{project}",
                    1 + JUDGES + number,
                    _scored(round_id, project, judge, place + number),
                )
        for project in here:
            sealed = ScoresSealed(round_id=round_id, project_id=project, sheets=JUDGES)
            yield f"{round_id}~{project}", EVENTS_AN_EVALUATION, sealed


def _scored(round_id: str, project: str, judge: str, points: int) -> ScoreRecorded:
    return ScoreRecorded(
        round_id=round_id,
        project_id=project,
        judge_id=judge,
        project_version=1,
        points=tuple(
            CriterionPoints.model_validate({"criterion": name, "points": f"{points % 10}.50"})
            for name in CRITERIA
        ),
    )


class Rebuilding:
    """The comparison, on a stack whose infrastructure runs, with streams of its own."""

    def __init__(self, stack: Stack, prefix: str, events: int, fewer: int) -> None:
        environment = stack.environment()
        self._servers = environment["KAFKA_BOOTSTRAP_SERVERS"]
        self._mongo_url = environment["MONGO_URL"]
        self._sizes = {f"{prefix}-{count}": _whole(count) for count in (fewer, events)}
        self._fewer, self._prefix = self._sizes
        self._runs = 0

    def comparison(self) -> Comparison:
        """The two sides."""
        events = self._sizes[self._prefix]
        return Comparison("Kafka → evaluations", "events", events, self.ours, self.limit)

    async def produce(self) -> None:
        """Put the events on streams of their own, as scoring's relay would."""
        for prefix, events in self._sizes.items():
            await produce(self._servers, prefix, events)

    async def ours(self, _number: int) -> float:
        """One round of the replay."""
        return (await self._spend("ours", self._prefix)).seconds

    async def limit(self, _number: int) -> float:
        """One round of the hand-written loop."""
        return (await self._spend("limit", self._prefix)).seconds

    async def growth(self) -> Growth:
        """What the replay takes for fewer events, and for all."""
        return Growth(
            "rebuild",
            await self._spend("ours", self._fewer),
            await self._spend("ours", self._prefix),
        )

    async def _spend(self, side: str, prefix: str) -> Spent:
        """Run one side in a process of its own; remove its database once it is checked."""
        self._runs += 1
        database = f"{prefix}_{side}_{self._runs}"
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bench.rebuilding", side),
            *(self._servers, self._mongo_url, prefix, database),
            stdout=asyncio.subprocess.PIPE,
        )
        said, _ = await process.communicate()
        if process.returncode:
            raise Stalled(f"{side}: exit code {process.returncode}")
        await self._check_and_drop(database, side, self._sizes[prefix])
        found = json.loads(said)
        return Spent(self._sizes[prefix], found["seconds"], found["peak_mb"])

    async def _check_and_drop(self, database: str, side: str, events: int) -> None:
        """Raise Stalled unless every evaluation is sealed, with all its sheets."""
        collection, path = ("evaluations_g1", "state.state") if side == "ours" else SIMPLE
        final = {f"{path}.sealed": True, f"{path}.said": EVENTS_AN_EVALUATION}
        client: AsyncIOMotorClient[dict[str, Any]] = AsyncIOMotorClient(self._mongo_url)
        try:
            found = await client[database][collection].count_documents(final)
            if found != events // EVENTS_AN_EVALUATION:
                raise Stalled(f"{database}: {found} evaluations in their final state")
            await client.drop_database(database)
        finally:
            client.close()


def _whole(events: int) -> int:
    """So many events, or a little more: those of whole evaluations."""
    return -(-events // EVENTS_AN_EVALUATION) * EVENTS_AN_EVALUATION


async def produce(servers: str, prefix: str, events: int) -> None:
    """Put events of whole evaluations on scoring's stream, on new topics under this prefix."""
    await create_topics(servers, prefix=prefix)
    topic = stream("scoring", prefix)
    producer = AIOKafkaProducer(
        bootstrap_servers=servers, acks="all", linger_ms=20, max_batch_size=1 << 18
    )
    async with producer:
        for id, sequence, event in sheets(events):
            envelope = Envelope(
                service="scoring",
                type=event.type_name(),
                major=event.MAJOR,
                subject=f"evaluation/{id}",
                sequence=sequence,
                time=TIME,
                season=SEASON,
                actor="secretary/bench",
                via="api",
                correlation_id=f"bench/{id}",
            )
            await producer.send(
                topic,
                key=envelope.subject.encode(),
                value=event.model_dump_json().encode(),
                headers=[(name, value.encode()) for name, value in envelope.headers()],
            )


async def ours(servers: str, mongo_url: str, prefix: str, database: str) -> None:
    """What `zharmenke replay run scoring` does with the service's own stream."""
    at = Address("scoring", servers, prefix, mongo_url, database)
    async with open_place(at) as place, opened(place) as shadow:
        await shadow.catch_up(heard=False)


async def limit(servers: str, mongo_url: str, prefix: str, database: str) -> None:
    """The hand-written loop."""
    client: AsyncIOMotorClient[dict[str, Any]] = AsyncIOMotorClient(mongo_url)
    written = client.get_database(database, write_concern=WriteConcern("majority", j=True))
    consumer = AIOKafkaConsumer(
        bootstrap_servers=servers, enable_auto_commit=False, auto_offset_reset="earliest"
    )
    topic = stream("scoring", prefix)
    partitions = [TopicPartition(topic, number) for number in range(PARTITIONS)]
    async with consumer:
        consumer.assign(partitions)
        left = sum((await consumer.end_offsets(partitions)).values())
        evaluations: dict[str, dict[str, Any]] = {}
        known: set[str] = set()
        changed: set[str] = set()
        pending = 0
        while left:
            for records in (await consumer.getmany(timeout_ms=500)).values():
                for record in records:
                    changed.add(_fold(evaluations, record))
                left -= len(records)
                pending += len(records)
            if changed and (pending >= WINDOW or not left):
                await written["evaluations"].bulk_write(
                    [_change(id, evaluations[id], new=id not in known) for id in changed],
                    ordered=False,
                )
                known |= changed
                changed.clear()
                pending = 0
    client.close()


def _fold(evaluations: dict[str, dict[str, Any]], record: Any) -> str:
    type_name = dict(record.headers)["ce_type"].decode()
    event: Any = EVENTS[type_name].model_validate_json(record.value)
    id: str = record.key.decode().partition("/")[2]
    state = evaluations.get(id)
    if state is None:
        state = evaluations[id] = {
            "round_id": event.round_id,
            "project_id": event.project_id,
            "season_id": SEASON,
            "judges": [],
            "sheets": [],
            "sealed": False,
            "said": 0,
        }
    state["said"] += 1
    if isinstance(event, JudgeAssigned):
        state["judges"].append(event.judge_id)
    elif isinstance(event, ScoreRecorded):
        points = [{"criterion": one.criterion, "points": str(one.points)} for one in event.points]
        state["sheets"].append(
            {
                "sequence": state["said"],
                "judge_id": event.judge_id,
                "project_version": event.project_version,
                "points": points,
            }
        )
    else:
        state["sealed"] = True
    return id


def _change(id: str, state: dict[str, Any], *, new: bool) -> InsertOne[dict[str, Any]] | UpdateOne:
    if new:
        return InsertOne({"_id": id, "state": state})
    return UpdateOne({"_id": id}, {"$set": {"state": state}})


def main(side: str, *where: str) -> None:
    """One run of one side; prints what it took."""
    run = {"ours": ours, "limit": limit}[side]
    began = time.perf_counter()
    uvloop.run(run(*where))
    seconds = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "peak_mb": peak}))


if __name__ == "__main__":
    main(*sys.argv[1:])
