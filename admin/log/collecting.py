"""Long readings make many objects that die soon, and hardly a cycle among them."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

OBJECTS = 2_000_000
"""More than a window of records and what it is folded into."""


@contextmanager
def seldom_collecting() -> Iterator[None]:
    """Look for cycles after many objects only: looking at all of a window again and again takes
    a fifth of the time that folding it does (bench/rebuilding.py)."""
    before = gc.get_threshold()
    gc.set_threshold(OBJECTS, 10, 10)
    try:
        yield
    finally:
        gc.set_threshold(*before)
