"""Further replicas of a service: processes of their own with the same group and database."""

from collections.abc import Mapping

import httpx

from admin.stack import processes
from admin.stack.layout import REPOSITORY
from admin.stack.ports import LOOPBACK
from admin.stack.stack import Stack
from tests.ports import free_port


class Replica:
    """One process beside the stack's own of the same service. Ended by its id, never by name."""

    def __init__(self, stack: Stack, caller: Mapping[str, str], service: str) -> None:
        """Start it with the caller's variables, and don't wait."""
        port, launch = free_port(), stack.launch(service)
        variables = {**caller, **launch.variables, "HTTP_PORT": str(port)}
        self.service = service
        self.url = f"http://{LOOPBACK}:{port}"
        self._process = processes.start(
            launch.command,
            variables,
            stack.log_file(f"{service}-{port}"),
            launch.fingerprint,
            REPOSITORY,
        )

    @property
    def pid(self) -> int:
        """Its process id, which is in the name that it takes leases under."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self._process.alive

    def send(self, number: int) -> None:
        """Send it a signal."""
        self._process.send(number)

    def end(self) -> None:
        """End it, whatever it does; it is gone when this returns."""
        processes.stop([self._process])

    async def answers(self) -> httpx.Response | None:
        """What it says when asked whether it lives; nothing while it can't be reached."""
        async with httpx.AsyncClient(timeout=5) as http:
            try:
                return await http.get(f"{self.url}/health/live")
            except httpx.TransportError:
                return None

    async def figure(self, name: str) -> float:
        """One of its figures, over all labels."""
        async with httpx.AsyncClient(timeout=10) as http:
            text = (await http.get(f"{self.url}/metrics")).text
        lines = [line for line in text.splitlines() if line.startswith(f"zharmenke_{name}")]
        return sum(float(line.rpartition(" ")[2]) for line in lines)
