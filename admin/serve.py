"""`zharmenke serve`: run one service, or all four in one process for a laptop."""

import asyncio
import importlib
import os
import signal
from collections.abc import Sequence
from types import FrameType
from typing import Any, NoReturn

import typer
import uvicorn
import uvloop

from schemas.topics import SERVICES
from services.kit.logs import configure_logs
from services.kit.settings import ServiceSettings

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
    signal.signal(signal.SIGTERM, _end)
    uvloop.run(_serve(names))


def _end(number: int, frame: FrameType | None) -> NoReturn:
    """An ordered stop exits 0: uvicorn raises the signal again once everything is put down."""
    raise SystemExit(0)


def _know_each_other() -> None:
    """Unless told otherwise, links in mails lead to the services of this process."""
    own = ServiceSettings()
    for offset, name in enumerate(SERVICES):
        url = f"http://{own.http_host}:{own.http_port + offset}"
        os.environ.setdefault(f"{name.upper()}_URL", url)


async def _serve(names: Sequence[str]) -> None:
    servers = [_server(name, offset) for offset, name in enumerate(names)]
    await asyncio.gather(*(server.serve() for server in servers))


def _server(name: str, offset: int) -> uvicorn.Server:
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
    return uvicorn.Server(config)
