"""Which port each part listens on: the usual one, the remembered one, or a free one."""

import contextlib
import os
import random
import socket
import time
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from admin.stack.errors import StackError

LOOPBACK = "127.0.0.1"

DEFAULT_PORTS = {
    "kafka": 19092,
    "controller": 19093,
    "mongo": 27117,
    "smtp": 10025,
    "submission": 8101,
    "scoring": 8102,
    "webinar": 8103,
    "notify": 8104,
}
"""The controller's port is Kafka's second one."""

# Below the range from which systems take the ports of outgoing connections: a port there could be
# taken by a client while its server is being started again.
_FREE_RANGE = range(20_000, 32_000)

_CLAIM_SECONDS = 60.0


@dataclass
class Choice:
    """The ports to use, and a sentence for each that is not the expected one."""

    ports: dict[str, int] = field(default_factory=dict)
    notices: list[str] = field(default_factory=list)


def pinned_ports(environment: Mapping[str, str], base: int | None = None) -> dict[str, int]:
    """Ports the user insists on: ZHARMENKE_<PART>_PORT, else counted from a base.

    The base is the argument, else ZHARMENKE_PORT_BASE. Raises StackError for what is no port.
    """
    pinned: dict[str, int] = {}
    given = environment.get("ZHARMENKE_PORT_BASE")
    if base is None and given:
        base = _port("ZHARMENKE_PORT_BASE", given)
    for number, name in enumerate(DEFAULT_PORTS):
        if base is not None:
            pinned[name] = _port("--port-base", str(base + number))
        variable = f"ZHARMENKE_{name.upper()}_PORT"
        if environment.get(variable):
            pinned[name] = _port(variable, environment[variable])
    return pinned


def _port(source: str, text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) < 65_536:
        raise StackError(f"{source}={text} is not a port (1 to 65535)")
    return int(text)


class Ports:
    """Chooses ports for one stack so that stacks starting at the same time don't collide.

    A choice holds inside `with`: until its end no other stack of this user is given the same port.
    """

    def __init__(self, owner: Path, claims: Path, *, free: bool) -> None:
        self._owner = str(owner)
        self._claims = claims
        self._free = free
        self._claimed: list[Path] = []

    def choose(
        self,
        pinned: Mapping[str, int],
        remembered: Mapping[str, int],
        alive: Collection[str],
        needed: Collection[str],
    ) -> Choice:
        """A port for every part.

        A part that is alive keeps its port unless another is pinned. A pinned port that is taken is
        a StackError; any other that is `needed` and taken is replaced by a free one.
        """
        choice = Choice()
        for name, usual in DEFAULT_PORTS.items():
            known = remembered.get(name)
            wanted = pinned.get(name) or known or (None if self._free else usual)
            if name in alive and wanted == known and known:
                choice.ports[name] = known
                continue
            unused = name not in needed and (known or name in pinned)
            if wanted and (unused or self._claim(wanted, insist=name in pinned)):
                choice.ports[name] = wanted
                continue
            if name in pinned:
                raise StackError(f"Port {pinned[name]}, wanted for {name}, is taken.")
            choice.ports[name] = self._find(choice.ports.values())
            if wanted:
                taken = f"Port {wanted} is taken by someone else"
                choice.notices.append(f"{taken}: {name} gets {choice.ports[name]}.")
        return choice

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        """Give up the claims: the parts listen by now, or never will."""
        while self._claimed:
            claim = self._claimed.pop()
            with contextlib.suppress(FileNotFoundError):
                if claim.read_text() == self._owner:
                    claim.unlink()

    def _find(self, used: Collection[int]) -> int:
        for port in _shuffled(_FREE_RANGE):
            if port not in used and self._claim(port):
                return port
        raise StackError("No free port was found.")

    def _claim(self, port: int, *, insist: bool = False) -> bool:
        """Keep other stacks from choosing it in the moment before it is listened on.

        A port that someone listens on can't be had; with `insist`, one that is only claimed can.
        """
        if not is_free(port):
            return False
        self._claims.mkdir(parents=True, exist_ok=True)
        claim = self._claims / str(port)
        try:
            with claim.open("x") as made:
                made.write(self._owner)
        except FileExistsError:
            if not insist and self._is_claimed_by_another(claim):
                return False
            claim.write_text(self._owner)
        self._claimed.append(claim)
        return True

    def _is_claimed_by_another(self, claim: Path) -> bool:
        try:
            fresh = time.time() - claim.stat().st_mtime < _CLAIM_SECONDS
            return fresh and claim.read_text() != self._owner
        except FileNotFoundError:  # released a moment ago
            return False


def _shuffled(ports: range) -> Iterator[int]:
    yield from random.SystemRandom().sample(ports, 500)


def is_free(port: int) -> bool:
    """Whether nobody listens there."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        if os.name == "posix":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True
