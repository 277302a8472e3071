"""Owned documents from their own stream: repeats, drafts, persons, reactions, counters."""

from collections.abc import Sequence
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict, ValidationError

from services.kit.aggregate import Aggregate
from services.kit.deciding import Command, Deciding, new_document
from services.kit.envelope import Envelope
from services.kit.history import (
    Counter,
    History,
    Owned,
    Told,
    tell_people,
    unsaid_apart,
    with_unsaid,
)
from tests.kit.jars import (
    CONTEXT,
    JARS,
    NOW,
    CoinAdded,
    Jar,
    JarSealed,
    Owner,
    Record,
    Said,
    add,
    seal,
)

SAID = {"CoinAdded": CoinAdded, "JarSealed": JarSealed}


def history(*owned: Owned[Any], counters: Sequence[Counter] = ()) -> History:
    return History("kit", SAID, owned or (Owned("jars", JARS),), tuple(counters))


def told(records: Sequence[Record], of: History, **people: Told) -> dict[str, Any]:
    return of.documents(of.read(records), people)


def stream(*said: tuple[str, int, Said]) -> list[Record]:
    return [Record.of(jar, sequence, event) for jar, sequence, event in said]


def test_documents_are_those_that_the_store_would_write() -> None:
    deciding = Deciding(JARS)
    commands = [Command(add("a", "b"), CONTEXT, NOW), Command(seal, CONTEXT, NOW)]
    draft = deciding.decide_all("x", None, commands)
    written = new_document(draft, "token")
    records = [
        Record(
            key=entry["key"].encode(),
            value=entry["body"].encode(),
            headers=tuple((name, value.encode()) for name, value in entry["headers"]),
        )
        for entry in written["outbox"]
    ]

    found = told(records, history())["jars"]["x"]

    own = {"version", "tokens", "outbox", "pending"}
    assert {name: value for name, value in found.items() if name not in own} == {
        name: value for name, value in written.items() if name not in own
    }
    assert (found["outbox"], found["pending"], found["sequence"]) == ([], False, 3)


def test_repeats_and_types_not_in_use_change_nothing() -> None:
    once = stream(("x", 1, CoinAdded(coin="a")), ("y", 1, CoinAdded(coin="b")))
    odd = Record.of("x", 2, CoinAdded(coin="z"), type_name="CoinPolished")

    assert told([*once, *once, odd], history()) == told(once, history())


def test_record_that_its_own_service_can_not_read_is_an_error() -> None:
    broken = Record.of("x", 1, CoinAdded(coin="a"))
    broken.value = b'{"coin": 7}'

    with pytest.raises(ValidationError):
        told([broken], history())


def test_kinds_are_told_apart_where_they_share_types() -> None:
    other = Aggregate("kit", "box", Jar, JARS.evolve, JARS.season_of)
    of_a_box = Envelope("kit", "CoinAdded", 1, "box/x", 1, "2026-07-01T12:00:00.000Z")
    record = Record.of("x", 1, CoinAdded(coin="b"))
    record.headers = tuple((name, value.encode()) for name, value in of_a_box.headers())

    found = told(
        [*stream(("x", 1, CoinAdded(coin="a"))), record],
        history(Owned("jars", JARS), Owned("boxes", other)),
    )

    assert found["jars"]["x"]["state"]["coins"] == ["a"]
    assert found["boxes"]["x"]["state"]["coins"] == ["b"]


def test_what_comes_before_the_first_event_is_begun_once() -> None:
    begun = Owned("jars", JARS, begin=lambda heard: Jar(remark=heard.envelope.actor))
    records = stream(("x", 1, CoinAdded(coin="a")), ("x", 2, CoinAdded(coin="b")))

    found = told(records, history(begun))

    assert found["jars"]["x"]["state"] == {"coins": ["a", "b"], "sealed": False, "remark": ""}


def test_persons_are_kept_and_their_last_record_stands() -> None:
    names: dict[str, Told] = {}
    tell_people([person("p", 2, "Aigul"), person("p", 1, "late"), person("q", 1, None)], names)
    owned = Owned(
        "jars",
        JARS,
        people=lambda _: ["p", "q", "nobody"],
        complete=lambda jar, people: jar.model_copy(update={"remark": str(people["p"].body)}),
    )

    found = told(stream(("x", 1, CoinAdded(coin="a"))), history(owned), **names)["jars"]["x"]

    assert found["people"] == {
        "p": {"sequence": 2, "body": '{"name":"Aigul"}'},
        "q": {"sequence": 1, "body": None},
    }
    assert found["state"]["remark"] == '{"name":"Aigul"}'


@pytest.mark.parametrize(
    ("cause", "heard"),
    [
        ("shelf/plank/7:4", {"shelf/plank/7": 4}),
        ("kit/jar/y:4", {}),
        ("", {}),
        ("a request", {}),
    ],
)
def test_reaction_remembers_what_it_had_heard(cause: str, heard: dict[str, int]) -> None:
    envelope = Envelope(
        "kit", "CoinAdded", 1, "jar/x", 1, "2026-07-01T12:00:00.000Z", causation_id=cause
    )
    record = Record.of("x", 1, CoinAdded(coin="a"))
    record.headers = tuple((name, value.encode()) for name, value in envelope.headers())

    assert told([record], history(Owned("jars", JARS, reacts=True)))["jars"]["x"]["heard"] == heard
    assert told([record], history())["jars"]["x"]["heard"] == {}


class Numbered(BaseModel):
    """A shelf that counts, or a place on it."""

    model_config = ConfigDict(frozen=True)
    shelf: str = "s"
    number: int | None = None
    drawn: int = 0


def test_counter_is_at_least_the_highest_number_that_was_given() -> None:
    def place(_: Numbered | None, event: Any) -> Numbered:
        return Numbered(number=int(event.coin) if event.coin else None)

    shelves = Aggregate("kit", "jar", Numbered, lambda _, event: Numbered(), lambda _: "2020")
    places = Aggregate("kit", "place", Numbered, place, lambda _: "2020")
    records = stream(("s", 1, JarSealed()))
    for id, coin in (("a", "3"), ("b", "7"), ("c", "")):
        record = Record.of(id, 1, CoinAdded(coin=coin))
        envelope = Envelope("kit", "CoinAdded", 1, f"place/{id}", 1, "2026-07-01T12:00:00.000Z")
        record.headers = tuple((name, value.encode()) for name, value in envelope.headers())
        records.append(record)

    found = told(
        records,
        history(
            Owned("shelves", shelves),
            Owned("places", places),
            counters=[Counter("shelves", "drawn", "places", "shelf", "number")],
        ),
    )

    assert found["shelves"]["s"]["state"]["drawn"] == 7


def test_unsaid_fields_are_left_out_at_any_depth() -> None:
    state = {"title": "t", "draft": 1, "plan": {"values": 2, "purpose": "p"}, "none": None}

    assert unsaid_apart(state, ["draft", "plan.values", "none.x", "absent"]) == {
        "title": "t",
        "plan": {"purpose": "p"},
        "none": None,
    }
    assert state["plan"] == {"values": 2, "purpose": "p"}


def test_unsaid_fields_stay_as_they_were_where_they_were() -> None:
    told = {"title": "new", "draft": None, "plan": {"values": {}, "purpose": "p"}}
    before = {"title": "old", "draft": 1, "plan": {"values": 2, "purpose": "o"}}

    assert with_unsaid(told, before, ["draft", "plan.values", "absent"]) == {
        "title": "new",
        "draft": 1,
        "plan": {"values": 2, "purpose": "p"},
    }
    assert with_unsaid(told, {}, ["draft", "plan.values"]) == told


def person(id: str, sequence: int, name: str | None) -> Record:
    envelope = Envelope("kit", "Owner", 1, f"person/{id}", sequence, "2026-07-01T12:00:00.000Z")
    return Record(
        key=id.encode(),
        value=Owner(name=name).model_dump_json().encode() if name else None,
        headers=tuple((header, value.encode()) for header, value in envelope.headers()),
    )
