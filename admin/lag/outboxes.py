"""What the services themselves tell of their outboxes, at their /metrics."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

import httpx
from prometheus_client.parser import text_string_to_metric_families

ANSWER_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Outbox:
    """One service's unsent events. Figures are None when they could not be had; `trouble` why."""

    service: str
    url: str
    trouble: str = ""
    depth: int | None = None
    oldest_seconds: float | None = None
    parked: int | None = None


async def look_at_outboxes(urls: Mapping[str, str]) -> list[Outbox]:
    """Ask every service at once."""
    async with httpx.AsyncClient(timeout=ANSWER_SECONDS) as http:
        return await asyncio.gather(*(_ask(http, name, url) for name, url in urls.items()))


async def _ask(http: httpx.AsyncClient, service: str, url: str) -> Outbox:
    try:
        answer = await http.get(f"{url}/metrics")
        answer.raise_for_status()
        figures = {
            sample.name: sample.value
            for family in text_string_to_metric_families(answer.text)
            for sample in family.samples
        }
    except httpx.HTTPStatusError as error:
        return Outbox(service, url, f"answers {error.response.status_code}")
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return Outbox(service, url, f"does not answer ({type(error).__name__})")
    except ValueError:
        return Outbox(service, url, "answers, but not with metrics")
    if "zharmenke_outbox_depth" not in figures:
        return Outbox(service, url, "its database does not answer")
    return Outbox(
        service,
        url,
        depth=int(figures["zharmenke_outbox_depth"]),
        oldest_seconds=figures["zharmenke_outbox_oldest_seconds"],
        parked=int(figures["zharmenke_parked"]),
    )
