"""Named crash points: where a fault test has a process end at once, as a SIGKILL would end it."""

import os
from collections import Counter

VARIABLE = "ZHARMENKE_CRASH_AT"
EXIT_CODE = 137
"""What a shell shows for a process that SIGKILL ended."""

_passings: Counter[str] = Counter()


def crash_point(name: str) -> None:
    """End the process here, with nothing flushed or closed, if the environment names this point.

    ZHARMENKE_CRASH_AT is `name`, or `name:N` for the N-th passing. Costs one look-up otherwise.
    """
    wanted = os.environ.get(VARIABLE)
    if wanted is None:
        return
    point, _, passing = wanted.partition(":")
    if point != name:
        return
    _passings[name] += 1
    if _passings[name] == int(passing or 1):
        os.write(2, f"crash point {name}\n".encode())
        os._exit(EXIT_CODE)


def armed(name: str) -> bool:
    """Whether this process is to end at this point."""
    return os.environ.get(VARIABLE, "").partition(":")[0] == name
