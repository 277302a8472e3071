"""Rows that take Kafka or the database away, for a moment or for a while."""

from schemas.topics import SERVICES
from tests.faults.suite.arena import Arena
from tests.faults.suite.registry import fault


@fault("kafka-kill", durable_broker=True)
async def kafka_kill(arena: Arena) -> None:
    """SIGKILL of the broker, started again at once."""
    async for _ in arena.draw(2):
        await arena.kill("kafka")


@fault("kafka-away", durable_broker=True)
async def kafka_away(arena: Arena) -> None:
    """The broker is gone until events wait for it in the outboxes."""
    async for _ in arena.draw(2, "submission", early=0.6):
        if arena.moments.over:
            return  # nothing would wait
        await arena.dies("kafka")
        arena.injections += 1
        arena.moments.trickle()
        try:
            await arena.until(lambda: _unsent(arena, 3), "events wait in outboxes", within=20)
        finally:
            arena.moments.hold()
            await arena.comes_back("kafka")


@fault("kafka-away-at-start", durable_broker=True)
async def kafka_away_at_start(arena: Arena) -> None:
    """All services start while there is no broker, and find it when it comes."""
    async for _ in arena.draw(1):
        await arena.dies("kafka")
        for part in SERVICES:
            await arena.dies(part)
        for part in SERVICES:
            await arena.comes_back(part)
        await arena.until(lambda: arena.count_in_log("scoring", "start_waits"), "they miss it")
        arena.injections += 1
        await arena.comes_back("kafka")


@fault("mongo-kill")
async def mongo_kill(arena: Arena) -> None:
    """SIGKILL of the database, started again at once."""
    async for _ in arena.draw(4):
        await arena.kill("mongo")


@fault("mongo-away")
async def mongo_away(arena: Arena) -> None:
    """The database is gone until the services have had to say so."""
    async for _ in arena.draw(2):
        await arena.dies("mongo")
        arena.injections += 1
        arena.moments.go_on()
        try:
            for part in SERVICES:
                await _is_missed(arena, part)
        finally:
            await arena.comes_back("mongo")


async def _unsent(arena: Arena, count: int) -> bool:
    return await arena.unsent("submission") >= count


async def _is_missed(arena: Arena, service: str) -> None:
    """Wait until a service says that it has no database."""

    async def misses() -> bool:
        return await arena.misses(service, "mongo")

    await arena.until(misses, f"{service} misses the database")
