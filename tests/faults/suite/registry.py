"""The rows of the suite by name."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from tests.faults.suite.arena import Arena

Act = Callable[[Arena], Awaitable[None]]
A = TypeVar("A", bound=Act)


@dataclass(frozen=True, slots=True)
class Fault:
    """One row. `act` runs beside the play, and hurts at the moments that it asks the arena for."""

    name: str
    act: Act
    durable_broker: bool
    own_play: bool
    """It plays something of its own, which is not compared with the small fair."""


FAULTS: dict[str, Fault] = {}


def fault(name: str, *, durable_broker: bool = False, own_play: bool = False) -> Callable[[A], A]:
    """Register a row. `durable_broker`: it ends the broker, and the events must outlive that."""

    def register(act: A) -> A:
        if name in FAULTS:
            raise ValueError(f"two rows are named {name}")
        FAULTS[name] = Fault(name, act, durable_broker, own_play)
        return act

    return register
