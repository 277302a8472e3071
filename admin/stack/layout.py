"""Where the stack keeps what: the paths under its directory, and what it remembers there."""

import contextlib
import fcntl
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field, ValidationError

from admin.stack.errors import StackError
from admin.stack.processes import Process

REPOSITORY = Path(__file__).resolve().parents[2]

Broker = Literal["kafka", "tansu"]


def default_directory(environment: Mapping[str, str] = os.environ) -> Path:
    """ZHARMENKE_LOCAL, else .local in the repository."""
    return Path(environment.get("ZHARMENKE_LOCAL") or REPOSITORY / ".local")


class Memory(BaseModel):
    """stack.json: what the next command must know."""

    broker: Broker = "kafka"
    cluster_id: str = ""
    ports: dict[str, int] = Field(default_factory=dict)
    processes: dict[str, Process] = Field(default_factory=dict)


@dataclass(frozen=True)
class Layout:
    """The paths under the stack's directory."""

    root: Path

    @property
    def kafka(self) -> Path:
        """Kafka's data and server.properties."""
        return self.root / "kafka"

    @property
    def mongo(self) -> Path:
        """The database's files."""
        return self.root / "mongo"

    @property
    def maildir(self) -> Path:
        """Every mail that was sent."""
        return self.root / "mail" / "Maildir"

    @property
    def keys(self) -> Path:
        """Key files; the private ones are readable by their owner only."""
        return self.root / "keys"

    def log(self, part: str) -> Path:
        """All that a part ever said."""
        return self.root / "logs" / f"{part}.log"

    def remember(self, memory: Memory) -> None:
        """Write stack.json: the old or the new one is there, never half of it."""
        self.root.mkdir(parents=True, exist_ok=True)
        unfinished = self.root / f".stack.json.{os.getpid()}"
        unfinished.write_text(memory.model_dump_json(indent=2) + "\n")
        unfinished.replace(self.root / "stack.json")

    def recall(self) -> Memory:
        """Read stack.json; an empty memory when there is none. StackError if it is not ours."""
        path = self.root / "stack.json"
        try:
            return Memory.model_validate_json(path.read_bytes())
        except FileNotFoundError:
            return Memory()
        except ValidationError as error:
            raise StackError(
                f"{path} can't be read ({error.error_count()} errors): end the stack's processes "
                "by hand, remove the file and start again."
            ) from error

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """One command at a time in this directory; the next one waits for its turn."""
        self.root.mkdir(parents=True, exist_ok=True)
        with (self.root / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def remove_data(self) -> None:
        """Forget events, documents, mails and logs. Keys and ports stay."""
        for name in ("kafka", "mongo", "mail", "logs"):
            if (self.root / name).exists():
                shutil.rmtree(self.root / name)


def cache_directory(environment: Mapping[str, str]) -> Path:
    """What all stacks of this user share: jars and port claims."""
    base = environment.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(environment.get("ZHARMENKE_CACHE") or Path(base) / "zharmenke")
