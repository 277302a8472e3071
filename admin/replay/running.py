"""Running, promoting and dropping generations: one replay of a service at a time."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta

from admin.log.reading import Advance
from admin.replay.comparing import Compared, Comparison, Persons, ShadowTelling
from admin.replay.place import Place
from admin.replay.planning import acted_on
from admin.replay.restoring import KEPT
from admin.replay.shadow import Shadow, collections_of, open_shadow, unfinished
from admin.replay.source import Problem
from admin.terminal import Trouble
from services.kit.generations import generation_name

CLAIM = "replay"
AT_MOST_BEHIND = 5_000
"""Records that a promote folds itself, while the service waits for it."""
STALE = timedelta(seconds=30)
"""For so long after a switch somebody may still look at the old generation."""
PROMOTE_SECONDS = 15.0


@dataclass(slots=True)
class Run:
    """What a run came to."""

    service: str
    generation: int
    resumed: bool
    records: int
    compared: Compared
    problems: list[Problem] = field(default_factory=list)
    parked: int = 0
    mails: int = 0


@dataclass(frozen=True, slots=True)
class Promoted:
    """What a promote did."""

    service: str
    generation: int
    before: int
    records: int
    """Records that were folded while the service waited."""
    documents: dict[str, int]


@asynccontextmanager
async def claimed(place: Place) -> AsyncIterator[asyncio.Event]:
    """Hold the only claim on a service's replay. Raises Trouble while another has it."""
    async with place.claims.held(CLAIM) as lost:
        if lost is None:
            raise Trouble(
                f"Another replay or restore of {place.at.service} runs now, "
                "or was killed less than 30 s ago."
            )
        yield lost


@asynccontextmanager
async def opened(place: Place) -> AsyncIterator[Shadow]:
    """The generation to fold into, claimed: the one that is being filled, or a new one."""
    async with claimed(place) as lost:
        shadow = await open_shadow(place)
        shadow.lost = lost
        yield shadow


async def left(shadow: Shadow) -> int:
    """How many records there are to read."""
    topics = [shadow.place.own_topic, *shadow.place.heard_topics]
    return sum(one.size for one in (await shadow.ranges(topics)).values())


async def run(shadow: Shadow, advance: Advance = lambda done: None) -> Run:
    """Fold history into the generation, and compare it with what is live."""
    place = shadow.place
    resumed = bool(shadow.checkpoint.positions)
    records = await shadow.catch_up(advance=advance)
    compared = await Comparison(place, ShadowTelling(place, shadow), Persons(place)).run()
    return Run(
        place.at.service,
        shadow.number,
        resumed,
        records,
        compared,
        shadow.checkpoint.problems,
        len(shadow.checkpoint.skipped),
        acted_on(place, compared),
    )


async def promote(place: Place) -> Promoted:
    """Switch heard state to the generation that was run. Raises Trouble, with nothing changed."""
    if not place.history.heard:
        raise Trouble(f"{place.at.service} keeps nothing of what it hears; nothing to promote.")
    if await unfinished(place) is None:
        raise Trouble(
            f"There is no generation to promote; first: zharmenke replay run {place.at.service}"
        )
    async with opened(place) as shadow:
        await _check_caught_up(shadow)
        before = await place.pointer.look()
        records = await _switch(place, shadow)
        names = [part.collection for part in place.history.heard]
        documents = {
            name: await place.database[generation_name(name, shadow.number)].count_documents({})
            for name in names
        }
        return Promoted(place.at.service, shadow.number, before, records, documents)


async def _check_caught_up(shadow: Shadow) -> None:
    place = shadow.place
    left = sum(one.size for one in (await shadow.ranges(place.heard_topics)).values())
    if left > AT_MOST_BEHIND:
        raise Trouble(
            f"Generation {shadow.number} is {left} records behind; "
            f"first: zharmenke replay run {place.at.service}"
        )
    await shadow.catch_up_heard()
    _check_whole(shadow)


def _check_whole(shadow: Shadow) -> None:
    """Raise Trouble where the generation lacks something that the live one may get or have."""
    service = shadow.place.at.service
    mine = frozenset(shadow.place.heard_topics)
    if problems := [one for one in shadow.checkpoint.problems if one.topic in mine]:
        raise Trouble(
            f"{len(problems)} record(s) can't be handled by the installed code, first "
            f"{problems[0].id}: {problems[0].reason}"
        )
    if shadow.checkpoint.skipped:
        raise Trouble(
            f"Some records are parked; redrive or discard them first: zharmenke dead list {service}"
        )


async def _switch(place: Place, shadow: Shadow) -> int:
    """Fold what is left while no write to heard state is relied on, then move the pointer."""
    pointer = place.pointer
    handover = await pointer.hand_over()
    if handover is None:
        raise Trouble("A handover is under way, or was cut off; try again in 20 s.")
    try:
        async with asyncio.timeout(PROMOTE_SECONDS):
            records = await shadow.catch_up_heard()
            _check_whole(shadow)
            if await pointer.switch(handover, shadow.number):
                return records
    except TimeoutError as error:
        raise Trouble("The last records took too long to fold; nothing was changed.") from error
    finally:
        await asyncio.shield(pointer.call_off(handover))
    raise Trouble("The service did not wait so long; nothing was changed. Try again.")


async def drop(place: Place) -> list[str]:
    """Remove every generation but the live one; the names of the collections that are gone."""
    async with claimed(place):
        live = await place.pointer.look()
        switched = await place.pointer.switched()
        now = await place.clock.now()
        if switched is not None and now - switched < STALE:
            left = STALE - (now - switched)
            raise Trouble(
                f"Generation {live} has been live for less than {STALE.seconds} s, and somebody "
                f"may still look at the one before; try again in {left.seconds + 1} s."
            )
        documents = place.database["generations"]
        known = [one["_id"] async for one in documents.find({"code": {"$exists": True}})]
        there = set(await place.database.list_collection_names())
        gone = [name for name in _superfluous(place, live, known) if name in there]
        for name in gone:
            await place.database.drop_collection(name)
        await documents.delete_many({"code": {"$exists": True}, "_id": {"$ne": live}})
        return gone


def _superfluous(place: Place, live: int, known: Sequence[int]) -> list[str]:
    heard = {part.collection for part in place.history.heard}
    found = []
    for number in sorted({0, live, *known}):
        for name, there in collections_of(place, number).items():
            if number != live if name in heard else number:
                found.append(there)
        if number:
            found.append(generation_name(KEPT, number))
    return found
