"""What a process says of itself: live, ready, and figures for Prometheus."""

from typing import Protocol

from fastapi import FastAPI
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from prometheus_client import CollectorRegistry, Gauge, generate_latest

from services.kit.parking import Parking
from services.kit.reader import Reader
from services.kit.relay import Relay


class Probed(Protocol):
    """What the probes look at."""

    name: str
    relay: Relay | None
    reader: Reader | None
    parking: Parking | None

    async def checks(self) -> dict[str, str]:
        """Each part "ok" or what is wrong with it."""
        ...

    async def outbox(self) -> tuple[int, float]:
        """How many documents have unsent events, and the age of the oldest of those."""
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
        return PlainTextResponse(await _metrics(service), media_type="text/plain; version=0.0.4")


async def _metrics(service: Probed) -> bytes:
    registry = CollectorRegistry()

    def gauge(name: str, text: str, value: float) -> None:
        Gauge(f"zharmenke_{name}", text, ["service"], registry=registry).labels(service.name).set(
            value
        )

    depth, age = await service.outbox()
    gauge("outbox_depth", "Documents with unsent events", depth)
    gauge("outbox_oldest_seconds", "Age of the oldest unsent event", age)
    gauge("parked", "Parked records", await service.parking.count() if service.parking else 0)
    gauge(
        "published",
        "Events published by this replica",
        service.relay.published if service.relay else 0,
    )
    if service.reader:
        gauge("handled", "Events handled by this replica", service.reader.handled)
        gauge("skipped", "Events of types not in use", service.reader.skipped.total())
    return generate_latest(registry)
