"""How each part is asked whether it really answers. A probe returns at once or raises."""

import asyncio
import contextlib
import http.client
import json
import smtplib
import socket
from urllib.parse import urlsplit

from aiokafka.errors import KafkaError
from pymongo import MongoClient
from pymongo.errors import PyMongoError

from admin.topics import BrokerAway, broker_admin

_SECONDS = 3.0


class NotAnswering(Exception):
    """It does not answer as it should; the text says how."""


def probe(part: str, address: str) -> None:
    """Ask one part at its address. Raises NotAnswering."""
    try:
        match part:
            case "kafka":
                _probe_kafka(address)
            case "mongo":
                _probe_mongo(address)
            case "smtp":
                _probe_smtp(address)
            case _:
                _probe_service(address)
    except (OSError, KafkaError, BrokerAway, PyMongoError, http.client.HTTPException) as error:
        raise NotAnswering(_first_line(error)) from error


def _first_line(error: Exception) -> str:
    text = str(error).strip() or type(error).__name__
    return text.splitlines()[0][:200]


def _probe_kafka(address: str) -> None:
    # A bare connection first: it fails at once, and the client would log each failure.
    host, _, port = address.split(",")[0].partition(":")
    socket.create_connection((host, int(port or 9092)), _SECONDS).close()
    asyncio.run(_ask_cluster(address))


async def _ask_cluster(address: str) -> None:
    try:
        async with asyncio.timeout(_SECONDS), broker_admin(address, 0.0) as admin:
            await admin.describe_cluster()
    except TimeoutError as error:
        raise NotAnswering("it takes connections but tells nothing about the cluster") from error


def _probe_mongo(address: str) -> None:
    milliseconds = int(_SECONDS * 1000)
    client: MongoClient[dict[str, object]] = MongoClient(
        address, serverSelectionTimeoutMS=milliseconds, socketTimeoutMS=milliseconds
    )
    with client:
        client.admin.command("ping")


def _probe_smtp(address: str) -> None:
    url = urlsplit(address)
    host = url.hostname or "127.0.0.1"
    secure = url.scheme == "smtps"
    kind = smtplib.SMTP_SSL if secure else smtplib.SMTP
    # Connecting raises SMTPException, an OSError, unless the greeting is 220.
    with kind(host, url.port or (465 if secure else 25), timeout=_SECONDS) as connection:
        connection.noop()


def _probe_service(address: str) -> None:
    url = urlsplit(address)
    connection = http.client.HTTPConnection(url.hostname or "", url.port, timeout=_SECONDS)
    with contextlib.closing(connection):
        connection.request("GET", "/health/ready")
        answer = connection.getresponse()
        body = answer.read(2000)
    if answer.status != 200:
        raise NotAnswering(f"/health/ready says {answer.status} {_detail(body)}".rstrip())


def _detail(body: bytes) -> str:
    try:
        return json.dumps(json.loads(body), ensure_ascii=False)[:300]
    except ValueError:
        return body.decode("utf-8", "replace").strip()[:300]
