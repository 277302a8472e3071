"""The local stack as one object: up, down, status, and what tests need to hurt it."""

import asyncio
import os
import signal
import time
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from aiokafka.errors import KafkaError

from admin.stack import processes
from admin.stack.broker import choose_broker, new_cluster_id
from admin.stack.errors import PartFailed, StackError
from admin.stack.keys import ensure_keys
from admin.stack.layout import Broker, Layout, Memory, cache_directory, default_directory
from admin.stack.parts import INFRA, PARTS, Launch, Plan
from admin.stack.ports import DEFAULT_PORTS, Ports, pinned_ports
from admin.stack.probes import NotAnswering, probe
from admin.stack.processes import Process
from admin.stack.startup import START_SECONDS, Progress, Startup, Watch, tail
from admin.topics import BrokerAway, TopicRefused, TopicsReport, create_topics
from schemas.topics import PREFIX, SERVICES

State = Literal["running", "elsewhere", "not answering", "stopped"]


@dataclass(frozen=True)
class PartStatus:
    """One part as it is now."""

    part: str
    state: State
    pid: int | None
    port: int | None
    address: str
    rss_bytes: int
    detail: str = ""

    @property
    def good(self) -> bool:
        """Whether it answers."""
        return self.state in ("running", "elsewhere")


def select_parts(names: Iterable[str] | None) -> tuple[str, ...]:
    """The parts meant by names, `infra`, `services`, or None for all; a service needs the infra."""
    wanted: set[str] = set()
    for name in PARTS if names is None else names:
        group = {"infra": INFRA, "services": SERVICES}.get(name, (name,))
        if not set(group) <= set(PARTS):
            known = ", ".join(("infra", "services", *PARTS))
            raise StackError(f"{name} is no part of the stack; the parts are {known}.")
        wanted |= set(group)
    if wanted & set(SERVICES):
        wanted |= set(INFRA)
    return tuple(part for part in PARTS if part in wanted)


class Stack:
    """The parts under one directory. All calls block; from a coroutine use asyncio.to_thread.

    Two stacks in different directories don't touch each other. `environment` is the caller's
    (os.environ): everything in it reaches the services, and its KAFKA_BOOTSTRAP_SERVERS, MONGO_URL
    and SMTP_URL name parts that run elsewhere.
    """

    def __init__(
        self,
        directory: Path | str | None = None,
        *,
        free_ports: bool = False,
        port_base: int | None = None,
        environment: Mapping[str, str] | None = None,
        watch: Watch = lambda progress: None,
    ) -> None:
        self._caller = dict(os.environ if environment is None else environment)
        self._layout = Layout(Path(directory or default_directory(self._caller)).resolve())
        self._free_ports = free_ports
        self._port_base = port_base
        self._watch = watch

    @property
    def directory(self) -> Path:
        """Where everything of this stack is kept."""
        return self._layout.root

    @property
    def maildir(self) -> Path:
        """Every mail that the sink took."""
        return self._layout.maildir

    @property
    def broker(self) -> str:
        """kafka or tansu: what was started last."""
        return self._layout.recall().broker

    def up(self, parts: Iterable[str] | None = None) -> None:
        """Start what does not run; return when everything asked for answers. Idempotent.

        Raises PartFailed, with the last lines of its log, or StackError.
        """
        wanted = select_parts(parts)
        with self._prepared(wanted) as (plan, memory):
            startup = Startup(plan, memory, self._watch)
            startup.bring_up([part for part in wanted if part in INFRA])
            if "kafka" in wanted:
                self._create_topics(plan)
            startup.bring_up([part for part in wanted if part in SERVICES])

    def start(self, part: str) -> None:
        """Start one part alone, whatever the others do, and don't wait for it."""
        select_parts([part])
        with self._prepared((part,)) as (plan, memory):
            Startup(plan, memory, self._watch).start(part)

    def wait(self, part: str, within: float = START_SECONDS) -> None:
        """Return when it answers. Raises PartFailed when it does not, or does not run."""
        memory = self._layout.recall()
        process = memory.processes.get(part)
        Startup(self._plan(memory), memory, self._watch).wait(part, process, within)

    def down(self) -> list[str]:
        """End all that runs, services first; the names of what had to be killed."""
        with self._layout.locked():
            memory = self._layout.recall()
            killed: list[Process] = []
            for group in (SERVICES, INFRA):
                known = [memory.processes[part] for part in group if part in memory.processes]
                killed += processes.stop(known)
            names = [part for part, process in memory.processes.items() if process in killed]
            memory.processes.clear()
            if memory.ports:
                self._layout.remember(memory)
        return names

    def reset(self) -> None:
        """End all and remove events, documents, mails and logs; ports and keys stay."""
        self.down()
        with self._layout.locked():
            self._layout.remove_data()

    def kill(self, part: str, number: int = signal.SIGKILL) -> None:
        """Send a signal to one part. After SIGKILL it is gone when this returns."""
        process = self._process(part)
        if not process.send(number):
            raise StackError(f"{part} does not run.")
        deadline = time.monotonic() + 10
        while number == signal.SIGKILL and process.alive and time.monotonic() < deadline:
            time.sleep(0.01)

    def pid(self, part: str) -> int | None:
        """Its process id; None when it doesn't run."""
        process = self._layout.recall().processes.get(part)
        return process.pid if process and process.alive else None

    def rss_bytes(self, part: str) -> int:
        """Its resident memory; 0 when it doesn't run."""
        process = self._layout.recall().processes.get(part)
        return process.rss_bytes() if process else 0

    def environment(self) -> dict[str, str]:
        """Addresses and key files a client of this stack needs, named like the services' own.

        KAFKA_BOOTSTRAP_SERVERS, KAFKA_IDEMPOTENCE, MONGO_URL, SMTP_URL, SUBMISSION_URL,
        SCORING_URL, WEBINAR_URL, NOTIFY_URL, OPERATOR_KEY_FILE,
        OPERATOR_PUBLIC_KEY_FILE, LINK_PUBLIC_KEY_FILE, MAILDIR.
        """
        return self._plan(self._layout.recall()).environment()

    def launch(self, part: str) -> Launch:
        """What it is started with: for a further replica of a service, on a port of its own."""
        return self._plan(self._layout.recall()).launch(part)

    def log_file(self, part: str) -> Path:
        """Where its output goes."""
        return self._layout.log(part)

    def log_lines(self, part: str, count: int = 50) -> list[str]:
        """The last lines it said."""
        return tail(self._layout.log(part), count)

    def status(self, parts: Iterable[str] | None = None) -> list[PartStatus]:
        """Each part as it answers now."""
        memory = self._layout.recall()
        plan = self._plan(memory)
        wanted = select_parts(parts)
        with ThreadPoolExecutor(max_workers=len(PARTS)) as pool:
            return list(pool.map(lambda part: _status(plan, memory, part), wanted))

    def _process(self, part: str) -> Process:
        process = self._layout.recall().processes.get(part)
        if process is None:
            raise StackError(f"{part} was not started here.")
        return process

    def _plan(self, memory: Memory) -> Plan:
        ports = {**DEFAULT_PORTS, **memory.ports}
        return Plan(self._layout, ports, memory.broker, self._caller)

    @contextmanager
    def _prepared(self, wanted: tuple[str, ...]) -> Iterator[tuple[Plan, Memory]]:
        """Under the lock: broker and ports chosen and remembered, keys made."""
        claims = cache_directory(self._caller) / "ports"
        ports = Ports(self._layout.root, claims, free=self._free_ports)
        with self._layout.locked(), ports:
            memory = self._layout.recall()
            alive = {part for part, process in memory.processes.items() if process.alive}
            ours = {part for part in wanted if not self._plan(memory).is_external(part)}
            if "kafka" in ours:
                running = memory.broker if "kafka" in alive else None
                memory.broker = self._choose_broker(running)
            memory.cluster_id = memory.cluster_id or new_cluster_id()
            memory.ports = self._choose_ports(ports, memory, alive, ours)
            self._layout.remember(memory)
            ensure_keys(self._layout.keys)
            yield self._plan(memory), memory

    def _choose_broker(self, running: Broker | None) -> Broker:
        return choose_broker(
            self._caller,
            running,
            self._layout.log("maven"),
            fetching=lambda: self._watch(Progress("kafka", "starting", "fetching its jars, once")),
            warn=self._notice,
        )

    def _choose_ports(
        self, ports: Ports, memory: Memory, alive: set[str], ours: set[str]
    ) -> dict[str, int]:
        if "kafka" in alive:
            alive = alive | {"controller"}
        if "kafka" in ours and memory.broker == "kafka":
            ours = ours | {"controller"}
        pinned = pinned_ports(self._caller, self._port_base)
        choice = ports.choose(pinned, memory.ports, alive, ours)
        for notice in choice.notices:
            self._notice(notice)
        return choice.ports

    def _create_topics(self, plan: Plan) -> TopicsReport:
        prefix = self._caller.get("TOPIC_PREFIX") or PREFIX
        try:
            report = asyncio.run(create_topics(plan.address("kafka"), prefix=prefix))
        except (BrokerAway, TopicRefused, KafkaError) as error:
            raise PartFailed("kafka", str(error), self.log_lines("kafka", 15)) from error
        if report.differences:
            raise StackError("\n".join(report.differences))
        if report.without_settings:
            count = len(report.without_settings)
            self._notice(f"The broker refused the settings of {count} topics; they have its own.")
        return report

    def _notice(self, text: str) -> None:
        self._watch(Progress("", "notice", text))


def _status(plan: Plan, memory: Memory, part: str) -> PartStatus:
    process = memory.processes.get(part)
    alive = process is not None and process.alive
    external = plan.is_external(part)
    state: State = "elsewhere" if external else "running"
    detail = ""
    if not external and not alive:
        state = "stopped"
    else:
        try:
            probe(part, plan.address(part))
        except NotAnswering as error:
            state, detail = "not answering", str(error)
    return PartStatus(
        part=part,
        state=state,
        pid=process.pid if process and alive and not external else None,
        port=None if external else plan.ports[part],
        address=plan.shown_address(part),
        rss_bytes=process.rss_bytes() if process and not external else 0,
        detail=detail,
    )
