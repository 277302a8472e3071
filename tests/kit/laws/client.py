"""What clients want, what they were told, and whether they may ask again."""

from dataclasses import dataclass, field

from services.kit.aggregate import CommandKey, Decide, Result
from services.kit.refusal import Refused
from services.kit.store import UniqueTaken
from tests.kit.jars import Jar


@dataclass
class Try:
    """One request of a client to one replica, and what came of it, if anything did."""

    begun: int
    answered: int = 0
    result: Result[Jar] | None = None
    refusal: Refused | UniqueTaken | None = None


@dataclass
class Ask:
    """What a client wants, and each time it asked for it."""

    jar: str
    coin: str
    """Empty when it wants something else of the jar."""
    decide: Decide[Jar]
    key: CommandKey | None = None
    wants_the_mark: bool = False
    tries: list[Try] = field(default_factory=list)

    @property
    def answers(self) -> list[Result[Jar]]:
        """What it was told when it was told that it is done."""
        return [one.result for one in self.tries if one.result]

    @property
    def refusals(self) -> list[Refused | UniqueTaken]:
        """What it was told when it was told that it can't be."""
        return [one.refusal for one in self.tries if one.refusal]

    @property
    def open(self) -> bool:
        """Whether the client doesn't know, and can ask again without doubling anything."""
        return self.key is not None and not self.answers and not self.refusals
