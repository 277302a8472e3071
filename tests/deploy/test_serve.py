"""A service's process as its supervisor sees it."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from admin.keys import create_keys
from admin.stack.layout import REPOSITORY
from tests.ports import free_port


def test_serve_exits_0_when_told_to_stop_even_with_its_parts_away(tmp_path: Path) -> None:
    create_keys(tmp_path)
    nobody = free_port()
    port = free_port()
    variables = {
        "HTTP_PORT": str(port),
        "KAFKA_BOOTSTRAP_SERVERS": f"127.0.0.1:{nobody}",
        "MONGO_URL": f"mongodb://127.0.0.1:{nobody}",
        "OPERATOR_PUBLIC_KEY_FILE": str(tmp_path / "submission" / "operator.pub.pem"),
    }
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "admin", "serve", "submission"],
            env={**os.environ, **variables},
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=REPOSITORY,
        )
    try:
        assert _wait_until_live(port) == http.client.OK
        assert _status(port, "/health/ready") == http.client.SERVICE_UNAVAILABLE
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    finally:
        process.kill()
        process.wait()
    assert '"event": "stopped"' in (tmp_path / "log").read_text()


def test_serve_fails_when_its_port_is_taken(tmp_path: Path) -> None:
    create_keys(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        variables = {
            "HTTP_PORT": str(taken.getsockname()[1]),
            "OPERATOR_PUBLIC_KEY_FILE": str(tmp_path / "submission" / "operator.pub.pem"),
        }
        told = subprocess.run(
            [sys.executable, "-m", "admin", "serve", "submission"],
            env={**os.environ, **variables},
            capture_output=True,
            text=True,
            cwd=REPOSITORY,
            timeout=60,
            check=False,
        )
    assert told.returncode == 3
    assert "address already in use" in told.stdout


def _wait_until_live(port: int) -> int:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            return _status(port, "/health/live")
        except OSError:
            time.sleep(0.1)
    pytest.fail("the service does not answer")


def _status(port: int, path: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    finally:
        connection.close()
