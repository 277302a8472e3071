"""What a process says of itself: live, ready, and figures for Prometheus."""

from collections.abc import Mapping
from typing import Protocol

from fastapi import FastAPI
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from pymongo.errors import PyMongoError

from services.kit.metrics import Figure, Metrics
from services.kit.parking import Parking
from services.kit.pulse import Pulse
from services.kit.reader import Reader
from services.kit.relay import Relay


class Probed(Protocol):
    """What the probes look at."""

    name: str
    metrics: Metrics
    relay: Relay | None
    reader: Reader | None
    parking: Parking | None
    pulse: Pulse | None

    async def checks(self) -> dict[str, str]:
        """Each part "ok" or what is wrong with it."""
        ...

    async def outbox(self) -> tuple[int, float]:
        """How many documents have unsent events, and the age of the oldest of those."""
        ...

    async def own_figures(self) -> list[Figure]:
        """What this service alone has to tell."""
        ...


def add_probes(app: FastAPI, service: Probed) -> None:
    """Add /health/live, /health/ready and /metrics."""

    @app.get("/health/live", tags=["health"], summary="The process runs")
    async def live() -> dict[str, str]:
        return {"status": "live", "service": service.name}

    @app.get("/health/ready", tags=["health"], summary="The service does its work")
    async def ready() -> Response:
        checks = await service.checks()
        fine = all(value == "ok" for value in checks.values())
        body = {
            "status": "ready" if fine else "not ready",
            "service": service.name,
            "checks": checks,
        }
        return JSONResponse(body, 200 if fine else 503)

    @app.get("/metrics", tags=["health"], summary="For Prometheus")
    async def metrics() -> Response:
        figures = await _of_the_process(service) + await _of_the_database(service)
        text = service.metrics.text(figures)
        return PlainTextResponse(text, media_type="text/plain; version=0.0.4")


async def _of_the_process(service: Probed) -> list[Figure]:
    relay, reader = service.relay, service.reader
    figures = [_counted("published", "Events published", relay.published if relay else 0)]
    if reader:
        figures += [
            _counted("handled", "Events handled", reader.handled),
            _counted("skipped", "Events of types not in use", reader.skipped.total()),
            _counted(
                "reader_restarts",
                "Times that the reader stood still and was started anew",
                service.pulse.restarts if service.pulse else 0,
            ),
            _gauge("partitions", "Partitions that this replica reads", reader.assigned()),
            Figure(
                "lag_records",
                "Records of this replica's partitions that are not handled yet",
                await reader.behind(),
                label="topic",
            ),
        ]
    return figures


async def _of_the_database(service: Probed) -> list[Figure]:
    """Left out while the database is away: the other figures are wanted most just then."""
    try:
        depth, age = await service.outbox()
        figures = [
            _gauge("outbox_depth", "Documents with unsent events", depth),
            _gauge("outbox_oldest_seconds", "Age of the oldest unsent event", age),
            _gauge(
                "parked", "Parked records", await service.parking.count() if service.parking else 0
            ),
            *await service.own_figures(),
        ]
    except PyMongoError:
        return [_gauge("database_up", "Whether the database answers", 0)]
    return [_gauge("database_up", "Whether the database answers", 1), *figures]


def _gauge(name: str, text: str, value: float) -> Figure:
    return Figure(name, text, _single(value))


def _counted(name: str, text: str, value: float) -> Figure:
    return Figure(name, text, _single(value), counted=True)


def _single(value: float) -> Mapping[str, float]:
    return {"": value}
