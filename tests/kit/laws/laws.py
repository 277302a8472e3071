"""What must be true of a world at rest, whatever happened on the way."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from services.kit.envelope import Envelope
from services.kit.reader import BEHIND
from services.kit.store import UniqueTaken
from tests.kit.jars import CoinAdded, Jar, JarSealed, evolve
from tests.kit.laws.client import Ask
from tests.kit.laws.log import Written
from tests.kit.laws.replica import DEAD, MARK, OUTBOXES, STREAM, Counted
from tests.kit.laws.world import World

AGGREGATES = {"jars": "jar", "tallies": "tally", "letters": "letter"}
BODIES: dict[str, Any] = {"CoinAdded": CoinAdded, "JarSealed": JarSealed, "Counted": Counted}


class History:
    """What the stream says, taken in by somebody who knows nothing else."""

    def __init__(self, records: Sequence[Written]) -> None:
        self.repeats = 0
        self.contents: dict[str, tuple[bytes | None, Any]] = {}
        self.subjects: dict[str, list[tuple[Envelope, Any]]] = defaultdict(list)
        for record in records:
            self._take(record)

    def _take(self, record: Written) -> None:
        envelope = Envelope.from_headers(record.headers)
        content = (record.value, record.headers)
        if envelope.id in self.contents:
            assert self.contents[envelope.id] == content, f"{envelope.id} has two contents"
            self.repeats += 1
            return
        self.contents[envelope.id] = content
        said = self.subjects[envelope.subject]
        assert envelope.sequence == len(said) + 1, f"{envelope.id} comes after {len(said)}"
        assert record.value is not None
        assert record.key == envelope.subject.encode()
        said.append((envelope, BODIES[envelope.type].model_validate_json(record.value)))

    def coins(self, kind: str, id: str) -> list[str]:
        """The coins that a subject has said, in order."""
        said = self.subjects.get(f"{kind}/{id}", [])
        return [event.coin for _, event in said if not isinstance(event, JarSealed)]

    def ids(self, kind: str) -> list[str]:
        """The aggregates of a kind that have said something."""
        begin = f"{kind}/"
        return sorted(name.removeprefix(begin) for name in self.subjects if name.startswith(begin))


def hold(world: World) -> None:
    """All laws; raises AssertionError with what is broken."""
    history = History(world.room.log.all(STREAM))
    _no_state_without_its_event(world, history)
    _clients_were_told_the_truth(world, history)
    _what_was_heard_is_what_was_said(world, history)
    _what_is_parked_has_a_reason(world, history)
    _dead_letters_are_the_parked_records(world)


def _no_state_without_its_event(world: World, history: History) -> None:
    """Outboxes are empty, and each document is the fold of what it has said: gapless, once."""
    for name in OUTBOXES:
        for row in world.rows(name):
            assert row["outbox"] == []
            assert row["pending"] is False
    for table, kind in AGGREGATES.items():
        rows = {row["_id"]: row for row in world.rows(table)}
        assert sorted(id for id, row in rows.items() if row["sequence"]) == history.ids(kind)
        for id, row in rows.items():
            said = history.subjects.get(f"{kind}/{id}", [])
            assert row["sequence"] == len(said)
            assert row["state"]["coins"] == history.coins(kind, id)
    for id in history.ids("jar"):
        jar: Jar | None = None
        for _, event in history.subjects[f"jar/{id}"]:
            sealed = jar is not None and jar.sealed
            assert not (sealed and isinstance(event, CoinAdded)), f"{id} was sealed"
            jar = evolve(jar, event)


def _clients_were_told_the_truth(world: World, history: History) -> None:
    """What was answered as done is there once; what was refused is not there; no key works twice.

    And an answer counts from when it was given: what was asked for after it comes after it.
    """
    everything = [event for said in history.subjects.values() for event in said]
    by_id = {envelope.id: (envelope, event) for envelope, event in everything}
    wanted = [ask for ask in world.asks if ask.coin]
    for ask in wanted:
        times = history.coins("jar", ask.jar).count(ask.coin)
        assert times <= 1
        if ask.answers:
            assert len({answer.event_ids for answer in ask.answers}) == 1
            (event_id,) = ask.answers[0].event_ids
            assert event_id in by_id, f"{event_id} was answered, and never said"
            assert by_id[event_id][1].coin == ask.coin
            assert not ask.refusals or ask.key is None
        elif ask.refusals:
            assert times == 0
        assert not ask.open
    told = {ask.coin for ask in wanted}
    said = [coin for id in history.ids("jar") for coin in history.coins("jar", id)]
    assert set(said) <= told
    keys = [ask.key.key for ask in wanted if ask.key and ask.coin in said]
    assert len(keys) == len(set(keys)), "two requests were carried out under one key"
    _in_the_order_of_answers(wanted, history)
    marked = [row["_id"] for row in world.rows("jars") if row["state"]["remark"] == MARK]
    for ask in world.asks:
        if ask.wants_the_mark and ask.answers:
            assert marked == [ask.jar]
        elif any(isinstance(refusal, UniqueTaken) for refusal in ask.refusals):
            assert marked
            assert marked != [ask.jar]


def _in_the_order_of_answers(asks: Sequence[Ask], history: History) -> None:
    for jar in {ask.jar for ask in asks}:
        places = {coin: n for n, coin in enumerate(history.coins("jar", jar))}
        done = [ask for ask in asks if ask.jar == jar and ask.answers]
        for first in done:
            first_told = min(one.answered for one in first.tries if one.result)
            for later in done:
                if min(one.begun for one in later.tries) > first_told:
                    assert places[first.coin] < places[later.coin]


def _what_was_heard_is_what_was_said(world: World, history: History) -> None:
    """Each coin once and in order, up to the first that waits; nothing is left out but discards."""
    given_up = _coins_of(world, "discarded")
    heaps = {row["_id"]: row["state"]["coins"] for row in world.rows("heaps")}
    waiting = _coins_of(world, "parked")
    assert set(heaps) <= set(history.ids("jar"))
    assert history.ids("letter") == sorted(row["_id"] for row in world.rows("letters"))
    for id in history.ids("jar"):
        said = history.coins("jar", id)
        held = {coin for coin in said if coin in waiting and coin not in given_up}
        tally = history.coins("tally", id)
        for heard in (heaps.get(id, []), tally):
            assert heard == [coin for coin in said if coin in heard], "out of order, or twice"
            assert {*said} - {*heard} <= held | given_up, "lost"
        first = next((n for n, coin in enumerate(said) if _stops(world, coin, given_up)), len(said))
        assert not {*tally} & {*said[first:]}, "did not wait behind a parked record"
        letters = [
            envelope.id
            for envelope, event in history.subjects[f"jar/{id}"]
            if isinstance(event, CoinAdded) and event.coin not in held | given_up
        ]
        assert {*letters} <= {*history.ids("letter")}, "a letter is missing"


def _stops(world: World, coin: str, given_up: set[str]) -> bool:
    return coin in world.room.trouble and coin not in given_up


def _what_is_parked_has_a_reason(world: World, history: History) -> None:
    """Only a jar that has had trouble has something parked; the first of a queue has a reason."""
    parked = sorted(world.rows("parked"), key=lambda row: row["offset"])
    for key in {row["key"] for row in parked}:
        jar = key.decode().partition("/")[2]
        assert {*history.coins("jar", jar)} & world.troubled, f"{jar} had no trouble"
        first = next(row for row in parked if row["key"] == key)
        if world.disturbed < world.redriven or world.disturbed < 0:
            assert first["reason"] != BEHIND, f"{jar} waits for nothing"


def _dead_letters_are_the_parked_records(world: World) -> None:
    """Whatever is parked has been said, as it was; a repeat says the same."""
    places: dict[tuple[str, str], Any] = {}
    for letter in world.room.log.all(DEAD):
        headers = {name: (value or b"").decode() for name, value in letter.headers}
        place = headers["dead-partition"], headers["dead-offset"]
        assert places.setdefault(place, letter.value) == letter.value
    for row in world.rows("parked"):
        assert places.get((str(row["partition"]), str(row["offset"]))) == row["value"]


def _coins_of(world: World, table: str) -> set[str]:
    return {CoinAdded.model_validate_json(row["value"]).coin for row in world.rows(table)}
