"""The real parts that tests run on, and rooms opened on them under names of their own."""

from collections.abc import AsyncIterator, Iterator

import pytest
from hypothesis import HealthCheck, settings

from admin.stack.stack import Stack
from tests.parts import running_parts
from tests.rooms import Rooms, new_rooms

settings.register_profile(
    "zharmenke", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
settings.load_profile("zharmenke")

MAY_BE_SKIPPED = ("needs a durable broker",)
"""Reasons for a skip that do not fail the run; anything else that is not run is a failure."""


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail a run that left out more than it may."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None:
        return
    for report in reporter.stats.get("skipped", []):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        if not any(allowed in reason for allowed in MAY_BE_SKIPPED):
            reporter.write_line(f"{report.nodeid} may not be skipped: {reason}", red=True)
            session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture(scope="session")
def parts(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    """Kafka, the database and a mail server; see tests/parts.py for where they come from."""

    def say(line: str) -> None:
        with request.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
            print(f"\n{line}", flush=True)

    with running_parts(tmp_path_factory.mktemp("parts"), say) as stack:
        yield stack


@pytest.fixture(scope="module")
async def rooms(parts: Stack) -> AsyncIterator[Rooms]:
    """Services of this module's own: topics and databases under a fresh prefix, gone at the end."""
    async with new_rooms(parts) as opened:
        yield opened
