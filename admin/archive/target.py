"""Where a season is imported to: what is there already, on the topics and in the databases."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from aiokafka import TopicPartition
from pymongo import AsyncMongoClient, WriteConcern
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import PyMongoError

from admin.archive.cloudevents import Line
from admin.archive.parcels import Stretch
from admin.log.reading import Advance, Log
from admin.terminal import Trouble
from schemas.topics import SERVICES, all_topics, people, stream
from services.kit.aggregate import Document
from services.kit.history import History, Retelling, Told, tell_people
from services.scoring.replay import HISTORY as SCORING
from services.submission.replay import HISTORY as SUBMISSION
from services.webinar.replay import HISTORY as WEBINAR

OWNERS: tuple[History, ...] = (SUBMISSION, SCORING, WEBINAR)
"""Those whose documents are put back. notify fills an empty ledger by itself, at its start: only
it can tell what is still to be mailed."""

AT_ONCE = 2000
CHUNK = 200

Documents = Mapping[str, Mapping[str, Mapping[str, Document]]]
"""By service, collection and id."""


async def on_topics(log: Log, prefix: str, advance: Advance) -> dict[TopicPartition, Stretch]:
    """What every topic of the platform holds. Raises Trouble when one is not there."""
    partitions = []
    for topic in all_topics(prefix):
        if topic.name not in log.topics:
            raise Trouble(
                f"There is no topic {topic.name} on {log.servers}; first: zharmenke topics create"
            )
        partitions += log.partitions(topic.name)
    found = {one: Stretch() for one in partitions}
    async for records in log.batches(await log.ranges(partitions), advance):
        for record in records:
            found[TopicPartition(record.topic, record.partition)].add(record)
    return found


def documents_of(lines: Iterable[Line], prefix: str) -> Documents:
    """The documents that these records come to. Raises ValueError for what can't be read."""
    owners = {stream(owner.service, prefix): owner for owner in OWNERS}
    topics = {people(owner.service, prefix): owner.service for owner in OWNERS}
    retellings = {topic: Retelling(owner) for topic, owner in owners.items()}
    told: dict[str, dict[str, Told]] = {service: {} for service in topics.values()}
    waiting: dict[str, list[Line]] = {topic: [] for topic in owners}

    def hear(topic: str) -> None:
        retellings[topic].hear(list(owners[topic].read(waiting[topic])))
        waiting[topic] = []

    for line in lines:
        if line.topic in topics:
            tell_people([line], told[topics[line.topic]])
        elif line.topic in waiting:
            waiting[line.topic].append(line)
            if len(waiting[line.topic]) == AT_ONCE:
                hear(line.topic)
    for topic in waiting:
        hear(topic)
    return {
        owner.service: retellings[topic].documents(told[owner.service])
        for topic, owner in owners.items()
    }


class Databases:
    """The services' databases. Every method raises Trouble when they go away."""

    def __init__(self, url: str, prefix: str = "") -> None:
        self._client: AsyncMongoClient[Document] = AsyncMongoClient(
            url, tz_aware=True, serverSelectionTimeoutMS=5000
        )
        self._prefix = prefix

    async def close(self) -> None:
        """Let go of the server."""
        await self._client.close()

    async def require_empty(self) -> None:
        """Raise Trouble when a database holds anything of a season."""
        try:
            for service in SERVICES:
                database = self._database(service)
                for collection in sorted(await database.list_collection_names()):
                    found = await database[collection].find_one({"state": {"$exists": True}})
                    if found is not None:
                        raise Trouble(
                            f"The database {database.name} has documents already, such as "
                            f"{collection} {found['_id']}: import into an empty stack."
                        )
        except PyMongoError as error:
            raise _away(error) from error

    async def missing(self, wanted: Documents) -> Documents:
        """The documents that are not there. Raises Trouble for one that is there and different,
        or is none of these.
        """
        found: dict[str, dict[str, dict[str, Document]]] = {}
        try:
            for service, collections in wanted.items():
                database = self._database(service)
                for collection, documents in collections.items():
                    left = dict(documents)
                    async for document in database[collection].find():
                        if left.pop(document["_id"], None) != document:
                            raise Trouble(
                                f"{collection} {document['_id']} in the database {database.name} "
                                "is not what the file comes to: import into an empty stack."
                            )
                    found.setdefault(service, {})[collection] = left
        except PyMongoError as error:
            raise _away(error) from error
        return found

    async def write(self, documents: Documents, advance: Callable[[int], None]) -> None:
        """Insert all of these."""
        try:
            for service, collections in documents.items():
                database = self._database(service)
                for collection, by_id in collections.items():
                    every = list(by_id.values())
                    for start in range(0, len(every), CHUNK):
                        chunk = every[start : start + CHUNK]
                        await database[collection].insert_many(chunk, ordered=False)
                        advance(len(chunk))
        except PyMongoError as error:
            raise _away(error) from error

    def _database(self, service: str) -> "AsyncDatabase[dict[str, Any]]":
        return self._client.get_database(
            f"{self._prefix}{service}", write_concern=WriteConcern("majority", j=True)
        )


def count(documents: Documents) -> int:
    """How many there are."""
    return sum(len(by_id) for found in documents.values() for by_id in found.values())


def _away(error: PyMongoError) -> Trouble:
    return Trouble(
        f"The database can't be used ({type(error).__name__}: {str(error)[:200]}). Run the import "
        "again before a service starts: it goes on where it stopped."
    )
