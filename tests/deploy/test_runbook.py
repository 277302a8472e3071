"""The runbook's table of settings is the settings classes', neither more nor less."""

import importlib
import re

from admin.stack.layout import REPOSITORY
from schemas.topics import SERVICES

RUNBOOK = (REPOSITORY / "docs" / "runbook.md").read_text()
_ROW = re.compile(r"^\| `([A-Z_]+)` \| ([\w, ]+) \| (`[^`]+`|Empty) \| (.+) \|$", re.MULTILINE)


def test_the_runbook_lists_every_setting_with_its_services_and_default() -> None:
    told = {
        name: (services, default.strip("`")) for name, services, default, _ in _ROW.findall(RUNBOOK)
    }
    assert told == _known()


def _known() -> dict[str, tuple[str, str]]:
    found: dict[str, tuple[list[str], str]] = {}
    for service in SERVICES:
        settings = importlib.import_module(f"services.{service}.settings").Settings
        for name, field in settings.model_fields.items():
            default = str(field.default) or "Empty"
            found.setdefault(name.upper(), ([], default))[0].append(service)
    return {
        name: ("all" if len(services) == len(SERVICES) else ", ".join(services), default)
        for name, (services, default) in found.items()
    }
