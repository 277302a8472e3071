"""The causal tree of one correlation id: which event led to which, up to the mail server's answer.

Pure. Built from headers; of a body it shows only what became of a mail.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from admin.log.view import PEOPLE, Viewed

_ADDRESS = re.compile(r"[^\s<>@\"]+@[^\s<>@\"]+")
_MAIL = ("purpose", "attempt", "smtp_reply", "reason")


@dataclass(slots=True, eq=False)
class Node:
    """One event, what it led to, and where it was parked on its way."""

    event: Viewed
    children: list["Node"] = field(default_factory=list)
    parked: list[Viewed] = field(default_factory=list)
    repeats: int = 0
    """How often the same event was written again."""

    @property
    def id(self) -> str:
        """Its `ce_id`; its place where it has none."""
        return self.event.attribute("id") or self.event.place

    @property
    def detail(self) -> str:
        """What became of a mail; of a person, only whether they were erased."""
        if self.event.topic.endswith(PEOPLE):
            return "personal data, not shown" if self.event.hidden else "erased"
        if not isinstance(self.event.data, Mapping) or not self.event.attribute("type"):
            return ""
        if self.event.attribute("source").rpartition("/")[2] != "notify":
            return ""
        told = [_masked(name, self.event.data[name]) for name in _MAIL if name in self.event.data]
        return ", ".join(told)

    def walk(self) -> Iterator["Node"]:
        """This one, then all it led to."""
        yield self
        for child in self.children:
            yield from child.walk()


@dataclass(slots=True)
class Trace:
    """All that followed from one request."""

    correlation_id: str
    roots: list[Node]

    def nodes(self) -> list[Node]:
        """Every event of it."""
        return [node for root in self.roots for node in root.walk()]

    @property
    def parked(self) -> int:
        """How many records were parked on the way."""
        return sum(len(node.parked) for node in self.nodes())

    @property
    def began(self) -> str:
        """The time of the first event."""
        return min(node.event.moment for node in self.nodes())

    def mails(self) -> dict[str, int]:
        """How many mails came to what, by the last thing said of each."""
        last: dict[str, str] = {}
        for node in sorted(self.nodes(), key=_moment):
            kind = node.event.attribute("type")
            if node.event.attribute("subject").startswith("message/"):
                last[node.event.attribute("subject")] = kind
        found: dict[str, int] = {}
        for kind in last.values():
            found[kind] = found.get(kind, 0) + 1
        return dict(sorted(found.items()))

    def as_json(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "correlation_id": self.correlation_id,
            "began": self.began,
            "events": len(self.nodes()),
            "parked": self.parked,
            "mails": self.mails(),
            "roots": [_node_json(root, self.began) for root in self.roots],
        }


def grow(correlation_id: str, records: Iterable[Viewed]) -> Trace:
    """The tree of these records. What no cause of it is here for is a root.

    The same event written twice is one node. A ring of causes, which nothing of ours says, is cut.
    """
    nodes: dict[str, Node] = {}
    letters: list[Viewed] = []
    for record in records:
        if record.parked:
            letters.append(record)
            continue
        fresh = Node(record)
        known = nodes.setdefault(fresh.id, fresh)
        known.repeats += known is not fresh
    for letter in letters:
        fresh = Node(letter)
        nodes.setdefault(fresh.id, fresh).parked.append(letter)
    ordered = sorted(nodes.values(), key=_moment)
    roots = []
    for node in ordered:
        parent = nodes.get(node.event.attribute("causationid"))
        if parent is None or node in _line(parent, nodes):
            roots.append(node)
        else:
            parent.children.append(node)
    return Trace(correlation_id, roots)


def collapse(children: Sequence[Node], most: int) -> tuple[list[Node], dict[str, int]]:
    """At most `most` of each type, and how many more there are of which."""
    kept: list[Node] = []
    more: dict[str, int] = {}
    seen: dict[str, int] = {}
    for child in children:
        kind = child.event.attribute("type")
        seen[kind] = seen.get(kind, 0) + 1
        if seen[kind] <= most:
            kept.append(child)
        else:
            more[kind] = more.get(kind, 0) + 1
    return kept, more


def seconds_between(began: str, moment: str) -> float:
    """From one moment on the wire to another."""
    return (datetime.fromisoformat(moment) - datetime.fromisoformat(began)).total_seconds()


def _line(node: Node, nodes: Mapping[str, Node]) -> list[Node]:
    """A node, its cause, the cause of that, and so on."""
    line = [node]
    while (above := nodes.get(line[-1].event.attribute("causationid"))) and above not in line:
        line.append(above)
    return line


def _moment(node: Node) -> tuple[str, str, str, int, int]:
    event = node.event
    return event.moment, event.written_at, event.topic, event.partition, event.offset


def _masked(name: str, value: Any) -> str:
    """A server's answer may repeat the address that it was given."""
    return f"{name.replace('_', ' ')}: {_ADDRESS.sub('(address)', str(value))}"


def _node_json(node: Node, began: str) -> dict[str, Any]:
    event = node.event
    names = ("type", "subject", "time", "actor", "via", "causationid", "traceparent")
    return {
        "id": node.id,
        **{name: event.attribute(name) for name in names if event.attribute(name)},
        "after_seconds": round(seconds_between(began, event.moment), 3),
        "topic": event.topic,
        "partition": event.partition,
        "offset": event.offset,
        "detail": node.detail,
        "repeats": node.repeats,
        "parked": [dict(letter.parked) for letter in node.parked],
        "children": [_node_json(child, began) for child in node.children],
    }
