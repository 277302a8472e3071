"""Apache Kafka's jars: fetched once by Maven into a cache that all stacks of this user share."""

import fcntl
import hashlib
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from admin.stack.layout import REPOSITORY, cache_directory

POM = REPOSITORY / "deploy" / "kafka" / "pom.xml"
_OLDEST_JAVA = 17
_FETCH_SECONDS = 300.0


class JarsMissing(Exception):
    """Kafka can't be started on this machine; the text says what is missing."""


def jar_directory(environment: Mapping[str, str]) -> Path:
    """Where the jars of this very pom are, once fetched."""
    pom = POM.read_bytes()
    version = re.search(rb"<kafka\.version>([^<]+)<", pom)
    name = f"kafka-{version[1].decode() if version else 'unknown'}"
    return cache_directory(environment) / f"{name}-{hashlib.sha256(pom).hexdigest()[:12]}"


def find_java(environment: Mapping[str, str]) -> str:
    """The java of the environment (JAVA_HOME, then PATH). Raises JarsMissing if there is none."""
    home = environment.get("JAVA_HOME")
    java = shutil.which(str(Path(home) / "bin" / "java")) if home else None
    java = java or shutil.which("java", path=environment.get("PATH", ""))
    if not java:
        raise JarsMissing("there is no java on PATH")
    return java


def check_java(java: str, environment: Mapping[str, str]) -> None:
    """Raises JarsMissing if it does not run or is too old for Kafka."""
    told = subprocess.run(
        [java, "-XshowSettings:properties", "-version"],
        capture_output=True,
        text=True,
        env=dict(environment),
        check=False,
    )
    version = re.search(r"java\.specification\.version = (?:1\.)?(\d+)", told.stderr)
    if not version or int(version[1]) < _OLDEST_JAVA:
        found = version[1] if version else "one that does not run"
        raise JarsMissing(f"java {_OLDEST_JAVA} or newer is needed, {java} is {found}")


def fetch_jars(environment: Mapping[str, str], log: Path) -> Path:
    """The directory of the jars, fetched if need be. Two stacks may ask at once.

    Raises JarsMissing when Maven or its repository is not there; Maven's words are in the log.
    """
    directory = jar_directory(environment)
    if directory.is_dir():
        return directory
    maven = shutil.which("mvn", path=environment.get("PATH", ""))
    if not maven:
        raise JarsMissing("there is no mvn on PATH")
    directory.parent.mkdir(parents=True, exist_ok=True)
    with (directory.parent / "jars.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not directory.is_dir():
            with tempfile.TemporaryDirectory(dir=directory.parent, prefix=".jars-") as unfinished:
                copied = Path(unfinished) / "jars"
                _copy(maven, copied, environment, log)
                copied.rename(directory)
    return directory


def _copy(maven: str, target: Path, environment: Mapping[str, str], log: Path) -> None:
    command = [maven, "-q", "-B", "-f", str(POM), "dependency:copy-dependencies"]
    command += [f"-DoutputDirectory={target}", "-DincludeScope=runtime"]
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        try:
            done = subprocess.run(
                command,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                timeout=_FETCH_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise JarsMissing(f"Maven took more than {_FETCH_SECONDS:.0f} s") from error
    if done.returncode != 0 or not any(target.glob("kafka_2.13-*.jar")):
        raise JarsMissing(f"Maven could not fetch Kafka's jars (see {log})")
