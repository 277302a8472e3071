"""`zharmenke serve all`: the four services in one process, for a laptop."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator

import httpx
import pymongo
import pytest

from admin.stack.stack import Stack
from schemas.topics import SERVICES
from tests.rooms import Rooms, eventually


def free_base() -> int:
    """A port with three free ones after it."""
    for base in range(21_000, 31_000, 10):
        try:
            for offset in range(4):
                socket.create_server(("127.0.0.1", base + offset)).close()
        except OSError:
            continue
        return base
    raise AssertionError("no four free ports in a row")


@pytest.fixture
def one_process(rooms: Rooms, parts: Stack) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    port, keys = free_base(), parts.directory / "keys"
    environment = (
        os.environ
        | parts.environment()
        | {
            "HTTP_PORT": str(port),
            "TOPIC_PREFIX": rooms.prefix,
            "LINK_PRIVATE_KEY_FILE": str(keys / "links.pem"),
            "SESSION_KEY_FILE": str(keys / "scoring-session.pem"),
        }
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "admin", "serve", "all"], env=environment, stdout=subprocess.DEVNULL
    )
    yield process, port
    process.kill()
    process.wait()
    with pymongo.MongoClient[dict[str, object]](parts.environment()["MONGO_URL"]) as client:
        for name in SERVICES:
            client.drop_database(name)


async def test_serve_all_is_ready_on_four_ports_and_ends_with_0_on_sigterm(
    one_process: tuple[subprocess.Popen[bytes], int],
) -> None:
    process, port = one_process

    async with httpx.AsyncClient() as http:

        async def ready() -> list[str]:
            found = []
            for offset in range(4):
                try:
                    answer = await http.get(f"http://127.0.0.1:{port + offset}/health/ready")
                except httpx.TransportError:
                    return []
                if answer.is_error:
                    return []
                found.append(answer.json()["service"])
            return found

        assert await eventually(ready, "all four are ready", within=60) == list(SERVICES)
    process.send_signal(signal.SIGTERM)

    async def ended() -> bool:
        return process.poll() is not None

    await eventually(ended, "the process has ended", within=10)
    assert process.returncode == 0
