"""Counts submitted projects by region, from the topics alone: a service to copy and begin with.

What it knows and how far it heard are written in one transaction, and Kafka's offset follows. So a
crash at any point loses nothing, and a record that comes again changes nothing.
"""

import asyncio
import json
import os
import signal
import sqlite3
import sys
from collections.abc import Iterable

from aiokafka import AIOKafkaConsumer, ConsumerRecord
from cloudevents.core.base import BaseCloudEvent
from cloudevents.core.bindings.kafka import KafkaMessage, from_binary_event

USED = {"ProjectSubmitted": "v1", "ProjectRevised": "v1", "ProjectWithdrawn": "v1"}
TABLE = "CREATE TABLE IF NOT EXISTS projects (subject TEXT PRIMARY KEY, sequence INT, region TEXT)"


class UnknownMajor(Exception):
    """An event of a type in use, in a shape that this program was not written for."""


def hear(db: sqlite3.Connection, event: BaseCloudEvent) -> bool:
    """Take one event of a project into account; False when it was heard before."""
    subject, sequence = event.get_subject() or "", int(event.get_extension("sequence"))
    if not subject.startswith("project/"):
        return False
    known = db.execute("SELECT sequence, region FROM projects WHERE subject = ?", (subject,))
    last, region = known.fetchone() or (0, None)
    if sequence <= last:
        return False
    if sequence > last + 1:  # every type of the subject passes here, so this is a loss: say so
        print(f"gap: {subject} goes from {last} to {sequence}", file=sys.stderr, flush=True)
    db.execute(
        "REPLACE INTO projects VALUES (?, ?, ?)", (subject, sequence, region_after(event, region))
    )
    return True


def region_after(event: BaseCloudEvent, region: str | None) -> str | None:
    """Where the project is after this event; None when it takes no part any more."""
    kind, major = event.get_type(), (event.get_dataschema() or "").rpartition(":")[2]
    if kind not in USED:
        return region
    if major != USED[kind]:
        raise UnknownMajor(f"{event.get_id()} is {kind} {major}: learn it before you go on")
    data = event.get_data()
    assert isinstance(data, dict)
    return None if kind == "ProjectWithdrawn" else str(data["content"]["region"])


def hear_all(db: sqlite3.Connection, records: Iterable[ConsumerRecord]) -> bool:
    """Take a batch into account, all of it or nothing; whether anything changed."""
    messages = (KafkaMessage(dict(r.headers), r.key, r.value) for r in records)
    with db:
        return sum(hear(db, from_binary_event(message)) for message in messages) > 0


def counts(db: sqlite3.Connection) -> dict[str, int]:
    """How many projects take part, by region."""
    query = "SELECT region, COUNT(*) FROM projects WHERE region IS NOT NULL GROUP BY 1 ORDER BY 1"
    return dict(db.execute(query).fetchall())


async def main() -> None:
    """Hear until SIGTERM; after each batch that changed something, print the counts as JSON."""
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    db = sqlite3.connect(os.environ.get("STATE", "regions.sqlite"))
    db.execute(TABLE)
    consumer = AIOKafkaConsumer(
        f"{os.environ.get('TOPIC_PREFIX', 'zharmenke')}.submission",
        bootstrap_servers=os.environ.get("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:19092"),
        group_id=os.environ.get("GROUP", "example-subscriber"),
        auto_offset_reset="earliest",  # a new group hears all of history
        enable_auto_commit=False,  # the offset follows what is written, never the other way
    )
    async with consumer:
        while True:
            batches = await consumer.getmany(timeout_ms=500)
            if hear_all(db, [record for batch in batches.values() for record in batch]):
                print(json.dumps(counts(db)), flush=True)
            if batches:
                await consumer.commit()


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except asyncio.CancelledError:
        sys.exit(0)
