"""What can go wrong with the local stack, in words for the person who started it."""

from collections.abc import Sequence


class StackError(Exception):
    """The stack can't do what was asked; the text says why and what helps."""


class PartFailed(StackError):
    """One part did not come up."""

    def __init__(self, part: str, reason: str, log_lines: Sequence[str] = ()) -> None:
        super().__init__(f"{part}: {reason}")
        self.part = part
        self.reason = reason
        self.log_lines = tuple(log_lines)
