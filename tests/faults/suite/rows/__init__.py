"""The rows, by what they hurt. Importing this package registers all of them."""

from tests.faults.suite.rows import (
    crashes,
    disk,
    kills,
    order,
    parts,
    post,
    races,
    records,
    replays,
    replicas,
)

__all__ = [
    "crashes",
    "disk",
    "kills",
    "order",
    "parts",
    "post",
    "races",
    "records",
    "replays",
    "replicas",
]
