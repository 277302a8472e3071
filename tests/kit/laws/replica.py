"""One process of a small service that says coins and hears them again, made of the kit.

It hears its own stream in three ways: a heap per jar (a projection), a tally per jar (a command on
an aggregate because of an event), a letter per coin (a document that is inserted once).
"""

from collections.abc import Sequence
from typing import Any

from services.kit.aggregate import Aggregate, Decide, Decision
from services.kit.clock import DatabaseClock
from services.kit.envelope import Record
from services.kit.fold import Fold, Heard
from services.kit.lease import SlotLeases
from services.kit.parking import Parking
from services.kit.projection import Projection, Reactions
from services.kit.reader import Reader
from services.kit.redrive import Claims, Redrive
from services.kit.refusal import Refused
from services.kit.relay import Relay
from services.kit.store import Store
from tests.kit.jars import JARS, MODELS, NOW, Heaps, Jar, Said
from tests.kit.laws.log import FakeProducer, Group, GroupConsumer, Log
from tests.kit.laws.loop import Process, SteppedLoop
from tests.kit.laws.table import FakeDatabase, Table
from tests.kit.laws.wire import Carry, Wire

STREAM, DEAD = "jars", "dead"
MARK = "mine"
"""A remark that one jar can have."""
OUTBOXES = ("jars", "tallies", "letters", "parked", "discarded")
RECORDS_AT_ONCE = 5
BATCH_BYTES = 900
"""Both are small, so that a batch ends anywhere."""


class Counted(Said):
    """A tally has counted a coin, or a letter is planned; nobody hears it."""

    coin: str


def _count(jar: Jar | None, event: Any) -> Jar:
    jar = jar or Jar()
    return jar.model_copy(update={"coins": (*jar.coins, event.coin)})


def counting(kind: str) -> Aggregate[Jar]:
    """An aggregate that says `Counted`."""
    return Aggregate("kit", kind, Jar, _count, lambda jar: "2020")


def count(coin: str) -> Decide[Jar]:
    """A command: count one coin."""
    return lambda jar: Decision([Counted(coin=coin)])


class Room:
    """What replicas share and a crash leaves: the database, the log, the group. And the way there.

    `trouble` says which coins a handler can't take for now: `fold` or `rule`, by coin.
    """

    def __init__(self) -> None:
        self.loop = SteppedLoop()
        self.wire = Wire(self.loop)
        self.tables: dict[str, Table] = {}
        self.log = Log({STREAM: 2, DEAD: 1})
        self.group = Group(self.log, [STREAM])
        self.trouble: dict[str, str] = {}

    async def prepare(self) -> None:
        """What a service does before it starts: indexes and leases."""
        database: Any = FakeDatabase(self.tables, monotonic=self.loop.monotonic)
        for name in ("jars", "tallies", "letters"):
            await Store(database[name], JARS).prepare()
        await database["jars"].create_index(
            "state.remark", unique=True, partialFilterExpression={"state.remark": MARK}
        )
        await Parking(database["parked"], "kit", []).prepare()
        await SlotLeases(database["leases"], "nobody", DatabaseClock(database)).prepare()


class RelayOfFakes(Relay):
    """The relay, whose broker is the room's log."""

    room_log: Log
    carry: Carry

    async def _connected(self) -> Any:
        if self._producer is None:
            self._producer = FakeProducer(self.room_log, self.carry, BATCH_BYTES)
        return self._producer


class Replica:
    """A process: its relay and its reader run as long as it lives."""

    def __init__(self, room: Room, name: str) -> None:
        self.room = room
        self.process = Process(room.loop, name)
        carry = room.wire.of(self.process)
        database: Any = FakeDatabase(room.tables, carry, room.loop.monotonic)
        clock = DatabaseClock(database)
        self.relay = RelayOfFakes(
            [database[name] for name in OUTBOXES],
            SlotLeases(database["leases"], name, clock),
            {"events": STREAM, "dead": DEAD},
            "a log in memory",
        )
        self.relay.room_log, self.relay.carry = room.log, carry
        self.jars = Store(database["jars"], JARS, self.relay.wake)
        self._tallies = Store(database["tallies"], counting("tally"), self.relay.wake)
        self._letters = Store(database["letters"], counting("letter"), self.relay.wake)
        heaps = Projection(database["heaps"], self._fold())
        tally = Reactions({"CoinAdded": self._tally})
        parking = Parking(database["parked"], "kit", [])
        self.reader = Reader(MODELS, [heaps.hear, tally.hear, self._plan], parking)
        self.redrive = Redrive(parking, Claims(database["redrives"], clock), self.reader.attempt)
        self.reader.resume = self.redrive.resume
        self.consumer = GroupConsumer(room.group, self, carry)
        self.tasks = [self.process.start(self.relay.run()), self.process.start(self.read())]

    async def read(self) -> None:
        """What FastStream does for a batch subscriber: fetch, handle, commit, and again."""
        while True:
            records: Sequence[Record] = await self.consumer.fetch(RECORDS_AT_ONCE)
            await self.reader.handle(records)
            await self.consumer.commit()

    def _fold(self) -> Fold[Heaps]:
        def pile(heap: Heaps | None, heard: Heard, id: str) -> Heaps:
            if self.room.trouble.get(heard.event.coin) == "fold":
                raise ValueError(f"{heard.event.coin} can't be piled yet")
            return Heaps(coins=(*(heap.coins if heap else ()), heard.event.coin))

        types = frozenset({"CoinAdded"})
        return Fold(Heaps, types, lambda heard: [heard.envelope.aggregate_id], pile)

    async def _tally(self, heard: Heard) -> None:
        envelope, coin = heard.envelope, heard.event.coin
        if self.room.trouble.get(coin) == "rule":
            raise Refused("conflict", "no-room", f"{coin} can't be counted yet")
        await self._tallies.execute(
            envelope.aggregate_id,
            count(coin),
            envelope.consequence("kit"),
            now=NOW,
            heard=(envelope.origin, envelope.sequence),
        )

    async def _plan(self, batch: Sequence[Heard]) -> None:
        await self._letters.insert_new(
            [
                (one.envelope.id, count(one.event.coin), one.envelope.consequence("kit"))
                for one in batch
            ],
            now=NOW,
            extra={},
        )
