"""What was lost and what was doubled: a play under faults against one that nothing disturbed."""

from collections import Counter
from dataclasses import dataclass, field

from tests.faults.suite.record import Recording

SETTLED = frozenset({"MessageAccepted", "MessageBounced", "MessageSuppressed"})


@dataclass(slots=True)
class Verdict:
    """Each entry is one thing that should not be; `resent_unknown` is allowed and counted."""

    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    resent_unknown: int = 0

    def add(self, other: "Verdict") -> None:
        """Take over what another one found."""
        self.lost += other.lost
        self.doubled += other.doubled
        self.resent_unknown += other.resent_unknown


def judge(played: Recording, undisturbed: Recording | None, bounced: int = 0) -> Verdict:
    """Compare. Without an undisturbed play only what holds of every play is looked at."""
    verdict = Verdict()
    verdict.lost += [f"gap in {origin}" for origin in played.gaps]
    verdict.doubled += [f"{id} has two contents" for id in played.two_contents]
    verdict.lost += [f"{played.parked} records parked"] if played.parked else []
    verdict.doubled += [f"seat {seat}" for seat, given in played.seats.items() if given > 1]
    _judge_mails(played, verdict, bounced)
    if undisturbed is not None:
        _compare(played, undisturbed, verdict)
    return verdict


def _judge_mails(played: Recording, verdict: Verdict, bounced: int) -> None:
    for occasion, messages in played.plans.items():
        others = len(messages) - 1
        verdict.doubled += [f"mail under another id: {' '.join(occasion)}"] * others
    for message, said in played.messages.items():
        copies = played.mails[message]
        if copies == 0 and "MessageBounced" in said and bounced > 0:
            bounced -= 1
        elif copies == 0:
            verdict.lost.append(f"mail {message} ({', '.join(said)})")
        elif not SETTLED & set(said):
            verdict.lost.append(f"outcome of mail {message} ({', '.join(said)})")
        if said.count("MessagePlanned") > 1 or len(SETTLED & set(said)) > 1:
            verdict.doubled.append(f"mail {message} ({', '.join(said)})")
        if copies > 1:
            allowed = min(copies - 1, said.count("MessageUnknown"))
            verdict.resent_unknown += allowed
            verdict.doubled += [f"mail {message} in the box"] * (copies - 1 - allowed)
    verdict.lost += [f"{bounced} mails refused, and not said to be"] if bounced else []
    verdict.doubled += [f"mail {id} of no plan" for id in played.mails if id not in played.messages]


def _compare(played: Recording, undisturbed: Recording, verdict: Verdict) -> None:
    own, wanted = (
        {id for id in one.ids if not id.startswith("notify/")} for one in (played, undisturbed)
    )
    verdict.lost += sorted(wanted - own)
    verdict.doubled += sorted(own - wanted)
    verdict.lost += sorted(f"mail {id}" for id in set(undisturbed.messages) - set(played.messages))
    verdict.doubled += sorted(
        f"mail {id}, which is not due" for id in set(played.messages) - set(undisturbed.messages)
    )
    if own == wanted:
        for item in (undisturbed.contents - played.contents).elements():
            verdict.lost.append(f"content {item}")
    _compare_seats(played, undisturbed, verdict)
    for name, now, then in (
        ("document", played.documents, undisturbed.documents),
        ("person", played.people, undisturbed.people),
    ):
        verdict.lost += [f"{name} {id}" for id in sorted(set(then) - set(now))]
        verdict.doubled += [f"{name} {id}" for id in sorted(set(now) - set(then))]
        verdict.lost += [
            f"{name} {id} is {_unlike(now[id], then[id])}"
            for id in sorted(set(now) & set(then))
            if now[id] != then[id] and not (name == "document" and _not_mailed(id, now[id]))
        ]


def _compare_seats(played: Recording, undisturbed: Recording, verdict: Verdict) -> None:
    """As many seats of each webinar must be taken. Which ones follows the order of arrival, and a
    process that was killed with a ticket in hand leaves a number free."""
    own, wanted = (
        Counter(seat.rpartition(" ")[0] for seat in one.seats) for one in (played, undisturbed)
    )
    for webinar in sorted(own | wanted):
        seats = f"seats of {webinar}: {own[webinar]}, not {wanted[webinar]}"
        verdict.lost += [seats] if own[webinar] < wanted[webinar] else []
        verdict.doubled += [seats] if own[webinar] > wanted[webinar] else []


def _unlike(now: str, then: str) -> str:
    """Both texts from shortly before where they part."""
    same = next(
        (at for at, (one, other) in enumerate(zip(now, then, strict=False)) if one != other),
        min(len(now), len(then)),
    )
    begin = max(0, same - 40)
    return f"…{now[begin : same + 60]}…, not …{then[begin : same + 60]}…"


def _not_mailed(id: str, content: str) -> bool:
    """A message that was refused: its mail is judged already."""
    return id.startswith("notify/messages/") and '"status": "failed"' in content
