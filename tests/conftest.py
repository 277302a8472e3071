"""The real parts that tests run on, and rooms opened on them under names of their own."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from admin.stack.stack import Stack
from tests.node import install_packages, without_chromium, without_kcat, without_node
from tests.parts import running_parts
from tests.rooms import Rooms, new_rooms

settings.register_profile(
    "zharmenke", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
settings.load_profile("zharmenke")

MAY_BE_SKIPPED = ("needs a durable broker",)
"""Reasons for a skip that do not fail the run; anything else that is not run is a failure."""

MAY_BE_MISSING = {
    "needs_node": without_node,
    "needs_chromium": without_chromium,
    "needs_kcat": without_kcat,
}
"""Markers of tests that are left out, with one loud line, where a program is not installed."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what a program is missing for."""
    for marker, missing in MAY_BE_MISSING.items():
        concerned = [item for item in items if item.get_closest_marker(marker)]
        if not concerned or not (reason := missing()):
            continue
        items[:] = [item for item in items if item not in concerned]
        config.hook.pytest_deselected(items=concerned)
        line = f"{reason}: {len(concerned)} tests that need it are NOT run"
        config.get_terminal_writer().line(f"\n{line}", red=True, bold=True)


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
def node_modules() -> Path:
    """Node's packages, of the versions in docs/node/package-lock.json."""
    return install_packages()


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
