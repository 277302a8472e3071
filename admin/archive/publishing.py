"""Putting parcels on the topics: in their order, each partition's exactly, and in time."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError

from admin.archive.parcels import Parcel
from admin.terminal import Trouble
from services.kit.sending import send_in_order

AT_ONCE = 500
"""Records under way at once: what a broken import leaves of a partition is always its beginning."""
BATCH_BYTES = 512 * 1024
"""Below what a broker takes at once, unless one record alone is larger."""
LARGEST_REQUEST = 8 * 1024 * 1024
PATIENCE_MS = 15_000
LONGEST_SECONDS = 45.0
STOP_SECONDS = 5.0

Send = Callable[[Sequence[Parcel]], Awaitable[None]]
"""Returns once all of these are on the topics."""


@dataclass(slots=True)
class Pace:
    """When a record is due: at once, or at the original distances divided by a speed."""

    speed: float | None = None
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    _begun: tuple[float, int] | None = field(default=None, init=False)

    def seconds_until(self, timestamp: int) -> float:
        """How long the record of this time is still to wait; not above 0 when it is due."""
        if self.speed is None:
            return 0.0
        if self._begun is None:
            self._begun = (self.clock(), timestamp)
        began, first = self._begun
        return (timestamp - first) / 1000 / self.speed - (self.clock() - began)


async def play(parcels: Iterable[Parcel], pace: Pace, send: Send) -> None:
    """Send all parcels, each when it is due."""
    batch: list[Parcel] = []
    for parcel in parcels:
        if batch and (len(batch) == AT_ONCE or pace.seconds_until(parcel.timestamp) > 0):
            await send(batch)
            batch = []
        if (wait := pace.seconds_until(parcel.timestamp)) > 0:
            await pace.sleep(wait)
        batch.append(parcel)
    if batch:
        await send(batch)


@asynccontextmanager
async def sending(
    servers: str, advance: Callable[[int], None], *, idempotent: bool
) -> AsyncIterator[Send]:
    """A way to send to these brokers. Raises Trouble when they go away."""
    producer = AIOKafkaProducer(
        bootstrap_servers=servers,
        acks="all",
        enable_idempotence=idempotent,
        max_batch_size=BATCH_BYTES,
        max_request_size=LARGEST_REQUEST,
        request_timeout_ms=PATIENCE_MS,
    )

    async def send(batch: Sequence[Parcel]) -> None:
        lanes: dict[TopicPartition, list[Parcel]] = {}
        for parcel in batch:
            lanes.setdefault(parcel.at, []).append(parcel)
        async with asyncio.timeout(LONGEST_SECONDS):  # whatever the client waits for
            outcomes = await asyncio.gather(
                *(
                    send_in_order(producer, lane, at.topic, at.partition)
                    for at, lane in lanes.items()
                )
            )
        advance(sum(len(sent) for sent, _ in outcomes))
        if error := next((error for _, error in outcomes if error), None):
            raise _away(servers, error)

    try:
        await producer.start()
        yield send
    except (KafkaError, OSError) as error:
        raise _away(servers, error) from error
    finally:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(producer.stop(), STOP_SECONDS)


def _away(servers: str, error: Exception) -> Trouble:
    return Trouble(
        f"The broker at {servers} went away ({type(error).__name__} {error}). Run the import again "
        "before a service starts: it goes on where it stopped."
    )
