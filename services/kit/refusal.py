"""Why a command is refused: the one exception that domain code raises. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Kind = Literal["invalid", "unauthenticated", "forbidden", "missing", "conflict", "gone", "busy"]


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong: where (a dotted field path) and what."""

    where: str
    what: str


class Refused(Exception):
    """A command that breaks a rule. Nothing was changed and nothing will be said.

    `rule` is a stable slug that callers may switch on; `detail` is a sentence for a person.
    """

    def __init__(self, kind: Kind, rule: str, detail: str, faults: Sequence[Fault] = ()) -> None:
        super().__init__(f"{rule}: {detail}")
        self.kind = kind
        self.rule = rule
        self.detail = detail
        self.faults = tuple(faults)
