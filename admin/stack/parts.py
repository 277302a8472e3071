"""The parts of the stack: where each is reached, and what it is started with."""

import hashlib
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from admin.stack.broker import kafka_command, server_properties, tansu_command
from admin.stack.keys import session_key
from admin.stack.layout import Broker, Layout
from admin.stack.ports import LOOPBACK
from schemas.topics import SERVICES

INFRA = ("kafka", "mongo", "smtp")
PARTS = (*INFRA, *SERVICES)

OVERRIDES = {
    "kafka": "KAFKA_BOOTSTRAP_SERVERS",
    "mongo": "MONGO_URL",
    "smtp": "SMTP_URL",
}
"""Set in the environment, they name a part that runs elsewhere: it is checked, not started."""


@dataclass(frozen=True)
class Launch:
    """What a part is started with."""

    command: tuple[str, ...]
    variables: Mapping[str, str]
    """Added to the environment of whoever starts the stack."""
    files: str = ""
    """The text of its configuration file, if it has one."""

    @property
    def fingerprint(self) -> str:
        """Changes when a running part would have to be started again."""
        told = json.dumps([self.command, dict(self.variables), self.files], sort_keys=True)
        return hashlib.sha256(told.encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Plan:
    """One stack, ready to be started: its directory, ports, broker and the caller's environment."""

    layout: Layout
    ports: Mapping[str, int]
    broker: Broker
    caller: Mapping[str, str]

    def is_external(self, part: str) -> bool:
        """Whether the caller's environment names one that runs elsewhere."""
        return bool(part in OVERRIDES and self.caller.get(OVERRIDES[part]))

    def address(self, part: str) -> str:
        """Where it is reached, as a client wants it: host:port for kafka, else a URL."""
        if self.is_external(part):
            return self.caller[OVERRIDES[part]]
        at = f"{LOOPBACK}:{self.ports[part]}"
        match part:
            case "kafka":
                return at
            case "mongo":
                # Retryable writes get slow on this server; readers recognise repeats anyway.
                return f"mongodb://{at}/?retryWrites=false"
            case "smtp":
                return f"smtp://{at}"
            case _:
                return f"http://{at}"

    def shown_address(self, part: str) -> str:
        """The address without a password, for people and logs."""
        address = self.address(part)
        parts = urlsplit(address)
        if "@" not in parts.netloc:
            return address
        return parts._replace(netloc="***@" + parts.netloc.rpartition("@")[2]).geturl()

    def environment(self) -> dict[str, str]:
        """What a client of the running stack needs: addresses, and the operator's key files."""
        keys = self.layout.keys
        return {
            "KAFKA_BOOTSTRAP_SERVERS": self.address("kafka"),
            "KAFKA_IDEMPOTENCE": self._idempotence(),
            "MONGO_URL": self.address("mongo"),
            "SMTP_URL": self.address("smtp"),
            **{f"{name.upper()}_URL": self.address(name) for name in SERVICES},
            "OPERATOR_KEY_FILE": str(keys / "operator.pem"),
            "OPERATOR_PUBLIC_KEY_FILE": str(keys / "operator.pub.pem"),
            "LINK_PUBLIC_KEY_FILE": str(keys / "links.pub.pem"),
            "MAILDIR": str(self.layout.maildir),
        }

    def launch(self, part: str) -> Launch:
        """How it is started. Raises PartFailed where a program is missing."""
        match part:
            case "kafka" if self.broker == "tansu":
                return Launch(tuple(tansu_command(self.ports)), {})
            case "kafka":
                command = kafka_command(self.layout, self.caller)
                return Launch(tuple(command), {}, server_properties(self.layout, self.ports))
            case "mongo":
                return Launch(self._mongo_command(), {})
            case "smtp":
                return Launch(self._smtp_command(), {})
            case _:
                command = [sys.executable, "-m", "admin", "serve", part]
                return Launch(tuple(command), self._service_variables(part))

    def _idempotence(self) -> str:
        """Tansu has no idempotent producer; of a broker elsewhere the caller knows better."""
        if self.broker == "tansu" and not self.is_external("kafka"):
            return "false"
        return self.caller.get("KAFKA_IDEMPOTENCE") or "true"

    def _mongo_command(self) -> tuple[str, ...]:
        program = Path(sys.executable).with_name("secantusd-py")
        at = ("--host", LOOPBACK, "--port", str(self.ports["mongo"]))
        return (str(program), *at, "--storage-path", str(self.layout.mongo), "--cache-size", "256M")

    def _smtp_command(self) -> tuple[str, ...]:
        at = ("--host", LOOPBACK, "--port", str(self.ports["smtp"]))
        program = (sys.executable, "-m", "admin.stack.smtp_sink")
        return (*program, *at, "--maildir", str(self.layout.maildir))

    def _service_variables(self, service: str) -> dict[str, str]:
        keys = self.layout.keys
        known = self.environment()
        for secret in ("OPERATOR_KEY_FILE", "SMTP_URL", "LINK_PUBLIC_KEY_FILE", "MAILDIR"):
            del known[secret]
        variables = {
            **known,
            "HTTP_HOST": LOOPBACK,
            "HTTP_PORT": str(self.ports[service]),
            "SESSION_KEY_FILE": str(session_key(keys, service)),
            # A log wants a plain traceback, not one drawn for a terminal.
            "TYPER_STANDARD_TRACEBACK": "1",
        }
        if service == "notify":
            variables["SMTP_URL"] = self.address("smtp")
            variables["LINK_PRIVATE_KEY_FILE"] = str(keys / "links.pem")
        if service in ("scoring", "webinar"):
            variables["LINK_PUBLIC_KEY_FILE"] = str(keys / "links.pub.pem")
        return variables
