"""Ports for what tests start themselves."""

import random

from admin.stack.ports import is_free

# Below the ports that systems give to outgoing connections: nobody takes one in the meantime.
_RANGE = range(20_000, 32_000)


def free_port() -> int:
    """A port of the loopback on which nobody listens."""
    return next(port for port in random.SystemRandom().sample(_RANGE, 1000) if is_free(port))
