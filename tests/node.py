"""Node, Chromium and kcat for the tests: what this machine has of them, and Node's packages."""

import re
import shutil
import subprocess
from pathlib import Path

from admin.stack.layout import REPOSITORY

DIRECTORY = REPOSITORY / "docs" / "node"
_INSTALLED = "docs/node/node_modules/.package-lock.json"
_OLDEST = (20, 19)


def without_node() -> str:
    """Why tests that need Node can't run here; empty when they can."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        return "there is no node or no npm on PATH"
    told = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    found = re.match(r"v(\d+)\.(\d+)", told.stdout)
    if not found or (int(found[1]), int(found[2])) < _OLDEST:
        return f"node 20.19 or newer is needed, {node} is {told.stdout.strip() or 'broken'}"
    return ""


def without_chromium() -> str:
    """Why tests that look at a page can't run here; empty when they can."""
    return "" if chromium() else "there is no chromium on PATH"


def without_kcat() -> str:
    """Why tests that need kcat can't run here; empty when they can."""
    return "" if shutil.which("kcat") else "there is no kcat on PATH"


def chromium() -> str | None:
    """The browser's path, if it is installed."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


def install_packages() -> Path:
    """The folder with Node's packages, installed by npm's lock if they are not there yet."""
    done = subprocess.run(
        ["make", _INSTALLED], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"npm could not install: {done.stdout}{done.stderr}"
    return DIRECTORY / "node_modules"
