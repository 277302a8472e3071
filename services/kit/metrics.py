"""A service's figures for Prometheus: what it counts while it works, and what a scrape looks up."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from motor.motor_asyncio import AsyncIOMotorCollection
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from services.kit.envelope import NAMESPACE

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
METHODS = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure at one moment: by the values of its label, or a single one under ""."""

    name: str
    text: str
    values: Mapping[str, float]
    label: str = ""
    counted: bool = False
    """It only rises while the process lives."""


class Metrics:
    """The figures of one service in a registry of its own: several may share a process."""

    def __init__(self, service: str) -> None:
        # They would double the series, and nobody asks when one began.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.service = service
        self._registry = CollectorRegistry()
        self._requests = Counter(
            f"{NAMESPACE}_http_requests",
            "Requests answered",
            ["service", "method", "route", "status"],
            registry=self._registry,
        )
        self._request_seconds = Histogram(
            f"{NAMESPACE}_http_request_seconds",
            "Time from a request to the end of its answer",
            ["service", "method", "route"],
            buckets=SECONDS,
            registry=self._registry,
        )
        self._batch_seconds = Histogram(
            f"{NAMESPACE}_batch_seconds",
            "Time to handle a batch of records, waiting for the database included",
            ["service"],
            buckets=SECONDS,
            registry=self._registry,
        ).labels(service)

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request. `route` is the template of its path, so that series stay few."""
        known = method if method in METHODS else "other"
        self._requests.labels(self.service, known, route, str(status)).inc()
        self._request_seconds.labels(self.service, known, route).observe(seconds)

    def handled(self, seconds: float) -> None:
        """Count a batch that was handled."""
        self._batch_seconds.observe(seconds)

    def text(self, figures: Sequence[Figure]) -> bytes:
        """All that was counted, and these figures, in Prometheus' text format."""
        moment = CollectorRegistry()
        moment.register(_Figures(self.service, figures))
        return generate_latest(moment) + generate_latest(self._registry)


class _Figures(Collector):
    def __init__(self, service: str, figures: Sequence[Figure]) -> None:
        self._service = service
        self._figures = figures

    def collect(self) -> Iterator[Metric]:
        for figure in self._figures:
            family = CounterMetricFamily if figure.counted else GaugeMetricFamily
            labels = ["service", figure.label] if figure.label else ["service"]
            found = family(f"{NAMESPACE}_{figure.name}", figure.text, labels=labels)
            for value, number in sorted(figure.values.items()):
                found.add_metric([self._service, value][: len(labels)], number)
            yield found


async def unsent(
    collections: Sequence["AsyncIOMotorCollection[dict[str, Any]]"],
) -> tuple[int, float]:
    """How many documents have unsent events, and the age in seconds of the oldest of those."""
    depth, oldest = 0, ""
    for collection in collections:
        depth += await collection.count_documents({"pending": True})
        waiting = collection.find({"pending": True}, {"outbox.at": 1})
        async for doc in waiting.sort("outbox.0.at", 1).limit(1):
            if doc["outbox"]:
                at = doc["outbox"][0]["at"]
                oldest = min(oldest, at) if oldest else at
    return depth, _age(oldest)


def _age(moment: str) -> float:
    if not moment:
        return 0.0
    return (datetime.now(UTC) - datetime.fromisoformat(moment)).total_seconds()
