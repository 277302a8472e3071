"""A parser and a decoder for FastStream that leave the records of a batch as Kafka gave them."""

import dataclasses
from collections.abc import Awaitable, Callable
from typing import Any


async def untouched(message: Any, original: Callable[[Any], Awaitable[Any]]) -> Any:
    """FastStream's parser, kept from the headers: one that is not UTF-8 would lose the batch."""
    ends = tuple(dataclasses.replace(record, headers=()) for record in (message[0], message[-1]))
    parsed = await original(ends)
    parsed.raw_message = message
    return parsed


async def undecoded(message: Any) -> None:
    """Leave the bodies alone; the reader validates each by itself."""
