"""`zharmenke serve`: run one service, or all four in one process for a laptop."""

import asyncio
import importlib
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import typer
import uvicorn
import uvloop

from schemas.topics import SERVICES
from services.kit.logs import configure_logs
from services.kit.settings import ServiceSettings

STARTUP_FAILURE = 3
"""The exit code of a server that could not listen; uvicorn's own."""
REQUEST_SECONDS = 2
"""For the requests under way when the service is told to stop; they take milliseconds."""


def serve(
    name: str = typer.Argument(..., help=f"One of {', '.join(SERVICES)}, or `all`."),
) -> None:
    """Run a service until it is told to stop (SIGTERM).

    Settings come from environment variables; see the runbook. With `all`, the four services share
    one process and listen on HTTP_PORT and the three ports after it.

    Example: zharmenke serve submission
    """
    if name not in (*SERVICES, "all"):
        known = ", ".join((*SERVICES, "all"))
        typer.echo(f"There is no service {name!r}; choose one of: {known}.", err=True)
        raise typer.Exit(2)
    names = list(SERVICES) if name == "all" else [name]
    if name == "all":
        _know_each_other()
    configure_logs(name, os.environ.get("LOG_LEVEL", "INFO"))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # until there is something to put down
    if not uvloop.run(_serve(names)):
        raise typer.Exit(STARTUP_FAILURE)
    # All is put down. To take the modules apart as well would cost a busy machine some seconds, and
    # whoever stops us may not have them.
    sys.stdout.flush()
    os._exit(0)


def _know_each_other() -> None:
    """Unless told otherwise, links in mails lead to the services of this process."""
    own = ServiceSettings()
    for offset, name in enumerate(SERVICES):
        url = f"http://{own.http_host}:{own.http_port + offset}"
        os.environ.setdefault(f"{name.upper()}_URL", url)


class _Server(uvicorn.Server):
    """One of the servers of this process, which hears the signals for all of them."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave them to the process: uvicorn would end one server after the other."""
        yield


async def _serve(names: Sequence[str]) -> bool:
    """Until SIGTERM or SIGINT; a second one cuts requests off. False when one could not start."""
    servers = [_server(name, offset) for offset, name in enumerate(names)]

    def stop() -> None:
        for server in servers:
            server.force_exit = server.should_exit
            server.should_exit = True

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop)
    await asyncio.gather(*(server.serve() for server in servers))
    return all(server.started for server in servers)


def _server(name: str, offset: int) -> _Server:
    app_module: Any = importlib.import_module(f"services.{name}.app")
    settings_module: Any = importlib.import_module(f"services.{name}.settings")
    settings = settings_module.Settings()
    config = uvicorn.Config(
        app_module.create_app(settings),
        host=settings.http_host,
        port=settings.http_port + offset,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=REQUEST_SECONDS,
        server_header=False,
    )
    return _Server(config)
