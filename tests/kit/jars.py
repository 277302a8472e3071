"""The jar: the smallest aggregate there is, said and heard by the tests of the kit."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict

from services.kit.aggregate import Aggregate, Decide, Decision, PersonRecord
from services.kit.envelope import Context, Envelope
from services.kit.fold import Fold, Heard
from services.kit.refusal import Refused

NOW = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
CONTEXT = Context("admin/aigul", "api", "correlation-1", "cause-1", "00-aa-bb-01")


class Said(BaseModel):
    """What all events of jars have in common."""

    model_config = ConfigDict(frozen=True)
    MAJOR: ClassVar[int] = 1

    @classmethod
    def type_name(cls) -> str:
        return cls.__name__


class CoinAdded(Said):
    coin: str
    note: str = ""


class JarSealed(Said):
    pass


class Owner(Said):
    """A person's record on a people topic."""

    name: str


class Jar(BaseModel):
    model_config = ConfigDict(frozen=True)
    coins: tuple[str, ...] = ()
    sealed: bool = False
    remark: str = ""


def evolve(jar: Jar | None, event: Said) -> Jar:
    jar = jar or Jar()
    match event:
        case CoinAdded():
            return jar.model_copy(update={"coins": (*jar.coins, event.coin)})
        case _:
            return jar.model_copy(update={"sealed": True})


JARS = Aggregate(service="kit", kind="jar", state=Jar, evolve=evolve, season_of=lambda jar: "2020")


def add(*coins: str, note: str = "") -> Decide[Jar]:
    """A command: put coins in; a sealed jar refuses."""

    def decide(jar: Jar | None) -> Decision[Jar]:
        if jar is not None and jar.sealed:
            raise Refused("conflict", "jar-sealed", "The jar is sealed.")
        return Decision([CoinAdded(coin=coin, note=note) for coin in coins])

    return decide


def seal(jar: Jar | None) -> Decision[Jar]:
    return Decision([JarSealed()])


def remark(text: str) -> Decide[Jar]:
    """A command whose whole effect is a draft: no event."""
    return lambda jar: Decision(draft=(jar or Jar()).model_copy(update={"remark": text}))


def own(person_id: str, name: str | None) -> Decide[Jar]:
    """A command that says a person (or, with None, erases one) and no event."""
    body = Owner(name=name).model_dump_json() if name is not None else None
    person = PersonRecord(person_id, "Owner", 1, body)
    return lambda jar: Decision(draft=jar or Jar(), people=[person])


class Heaps(BaseModel):
    """Heard state: every coin a jar has said, in the order it said them."""

    model_config = ConfigDict(frozen=True)
    coins: tuple[str, ...] = ()


def _pile(heap: Heaps | None, heard: Heard, id: str) -> Heaps:
    return Heaps(coins=(*(heap.coins if heap else ()), heard.event.coin))


def heaps(targets: Callable[[Heard], list[str]]) -> Fold[Heaps]:
    return Fold(state=Heaps, types=frozenset({"CoinAdded"}), targets=targets, fold=_pile)


BY_JAR = heaps(lambda heard: [heard.envelope.aggregate_id])


@dataclass
class Record:
    """A record as a consumer gives it, made by hand."""

    topic: str = "jars"
    partition: int = 0
    offset: int = 0
    timestamp: int = 0
    key: bytes | None = None
    value: bytes | None = None
    headers: tuple[tuple[str, bytes | None], ...] = ()

    @classmethod
    def of(
        cls, jar: str, sequence: int, event: Said | None, *, type_name: str = "", **place: Any
    ) -> Self:
        """A well-formed record of a jar's event; None for a tombstone."""
        name = type_name or (event.type_name() if event else "CoinAdded")
        envelope = Envelope("kit", name, 1, f"jar/{jar}", sequence, "2026-07-01T12:00:00.000Z")
        return cls(
            key=f"jar/{jar}".encode(),
            value=event.model_dump_json().encode() if event else None,
            headers=wire(envelope),
            **place,
        )

    def with_header(self, name: str, value: bytes | None) -> Self:
        """The same record with one header changed."""
        self.headers = tuple((n, value if n == name else v) for n, v in self.headers)
        return self

    def without_header(self, name: str) -> Self:
        """The same record without one header."""
        self.headers = tuple((n, v) for n, v in self.headers if n != name)
        return self


def wire(envelope: Envelope) -> tuple[tuple[str, bytes | None], ...]:
    """An envelope's headers as they travel."""
    return tuple((name, value.encode()) for name, value in envelope.headers())


def heard(jar: str, sequence: int, coin: str, **place: Any) -> Heard:
    """What a handler gets of a coin added to a jar."""
    event = CoinAdded(coin=coin)
    record = Record.of(jar, sequence, event, **place)
    return Heard(Envelope.from_headers(record.headers), event, record)


MODELS = {"CoinAdded": CoinAdded}
