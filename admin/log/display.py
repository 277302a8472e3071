"""Events and traces for a person at a terminal."""

from collections.abc import Sequence

from rich.console import Console
from rich.tree import Tree

from admin.log.tree import Node, Trace, collapse, seconds_between
from admin.log.view import Viewed
from admin.terminal import plain, plain_markup

ALIKE = 5
"""Children of the same type that are shown when not all are asked for."""

WIDEST = 1000
"""A terminal breaks a long line itself; nothing is cut off."""

OUTCOMES = {
    "MessageAccepted": "accepted",
    "MessageBounced": "bounced",
    "MessageUnknown": "unknown",
    "MessageSuppressed": "suppressed",
    "MessageNotSent": "not sent",
    "AddressSuppressed": "suppressed",
}


def event_line(one: Viewed) -> str:
    """One event in one line: when, what, of what, where, by whom."""
    about = one.attribute("subject") or one.key or "-"
    number = one.attribute("sequence").lstrip("0")
    parts = [
        one.moment,
        f"{one.attribute('type') or '-':<22}",
        f"{about}#{number}" if number else about,
        one.place,
        one.attribute("actor") or "-",
    ]
    if one.parked:
        parts.append(f"parked by {one.parked.get('group', '?')}")
    return plain("  ".join(parts))


def print_trace(trace: Trace, *, whole: bool) -> None:
    """The tree, and what it comes to."""
    console = Console(width=WIDEST)
    first = trace.roots[0].event
    began = trace.began
    by = f"{first.attribute('actor') or 'somebody'} via {first.attribute('via') or '?'}"
    tree = Tree(plain_markup(f"{trace.correlation_id}  {by}  {began}"))
    _grow(tree, trace.roots, began, ALIKE if not whole else len(trace.nodes()))
    console.print(tree, soft_wrap=True, highlight=False)
    console.print(plain_markup(_summary(trace)), soft_wrap=True, highlight=False)


def _grow(tree: Tree, nodes: Sequence[Node], began: str, alike: int) -> None:
    kept, more = collapse(nodes, alike)
    for node in kept:
        branch = tree.add(plain_markup(_node_line(node, began)))
        for letter in node.parked:
            why = letter.parked.get("reason", "reason not shown")
            line = f"parked by {letter.parked.get('group', '?')}: {why}"
            branch.add(plain_markup(line), style="red")
        _grow(branch, node.children, began, alike)
    for kind, count in more.items():
        tree.add(plain_markup(f"… and {count} more {kind} (--all shows them)"), style="dim")


def _node_line(node: Node, began: str) -> str:
    event = node.event
    parts = [
        f"+{seconds_between(began, event.moment):.3f} s",
        event.attribute("type") or "(no event)",
        f"{event.attribute('subject')}#{event.attribute('sequence').lstrip('0')}",
        event.place,
    ]
    parts += [node.detail] if node.detail else []
    parts += [f"written {node.repeats + 1} times"] if node.repeats else []
    return "  ".join(parts)


def _summary(trace: Trace) -> str:
    nodes = trace.nodes()
    last = max(node.event.moment for node in nodes)
    told = [f"{len(nodes)} events in {seconds_between(trace.began, last):.3f} s"]
    mails = [f"{count} {OUTCOMES.get(kind, 'under way')}" for kind, count in trace.mails().items()]
    told += [f"mails: {', '.join(mails)}"] if mails else []
    told += [f"{trace.parked} parked on the way"] if trace.parked else []
    return "; ".join(told) + "."
