"""The rows of the suite by name."""

import sys
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
    linux: bool
    """Only Linux has the means."""

    def lacks(self, broker: str) -> str:
        """What there is not here that it needs; empty when it can be run."""
        if self.linux and sys.platform != "linux":
            return "needs Linux"
        return "needs a durable broker" if self.durable_broker and broker == "tansu" else ""


FAULTS: dict[str, Fault] = {}

ORDER = (
    *("kill-submission", "kill-scoring", "kill-webinar", "kill-notify", "kill-all-at-once"),
    *("crash-after-write", "crash-after-publish", "crash-mid-planning", "crash-before-data"),
    *("crash-after-accept", "kafka-kill", "kafka-away", "kafka-away-at-start", "mongo-kill"),
    *("mongo-away", "smtp-away", "smtp-421", "smtp-550", "smtp-drop-after-data", "smtp-slow"),
    *("stop-cont", "replica-joins-leaves", "rolling-restart", "everything-twice", "worst-order"),
    *("poison-in-batch", "random-bytes", "unknown-major", "clock-jump", "disk-full-maildir"),
    *("replay-same-group", "replay-new-group", "replay-under-traffic", "notify-ledger-lost"),
    *("same-command-twice", "seats-race", "funds-race", "two-senders"),
)
"""All rows, as they are run and shown."""


def in_order() -> list[Fault]:
    """The registered rows as they are to be run."""
    return [FAULTS[name] for name in ORDER if name in FAULTS]


def fault(
    name: str, *, durable_broker: bool = False, own_play: bool = False, linux: bool = False
) -> Callable[[A], A]:
    """Register a row.

    `durable_broker`: it ends the broker, and the events must outlive that; or it asks of it what
    only Apache Kafka itself can do.
    """

    def register(act: A) -> A:
        if name not in ORDER:
            raise ValueError(f"{name} has no place in the order of rows")
        if name in FAULTS:
            raise ValueError(f"two rows are named {name}")
        FAULTS[name] = Fault(name, act, durable_broker, own_play, linux)
        return act

    return register
