"""What the benches work on: the sample fair's season, its projects, and the events they say."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from admin.rehearsal.cast import Cast, FairSize, season_text
from admin.stack.layout import REPOSITORY
from schemas.submission import (
    ProjectContent,
    ProjectRevised,
    ProjectScreened,
    ProjectSubmitted,
    SeasonOpened,
    SubmissionEvent,
)
from services.kit.envelope import Envelope, utc_text
from services.submission import domain
from services.submission.messages import SaveDraft
from services.submission.season_file import parse_season

REVISIONS = 3
EVENTS_A_PROJECT = 1 + REVISIONS + 1
"""Submitted, revised so many times, found eligible."""


@dataclass(frozen=True, slots=True)
class Said:
    """One event as it goes on the wire."""

    envelope: Envelope
    event: SubmissionEvent


class Material:
    """The same on every run, but for the season's dates, which are moved to today."""

    def __init__(self, projects: int, seed: str = "bench") -> None:
        size = FairSize(projects=projects)
        self.season_yaml = season_text(
            REPOSITORY / "seasons" / "2020.yaml", datetime.now(UTC).date(), size
        )
        self.cast = Cast(seed, size, parse_season(self.season_yaml))

    def stream(self) -> Iterator[Said]:
        """The season, then its projects in waves, as a call brings them.

        All are handed in, then all revised, revised again, …, and all found eligible at the end,
        so the events of one project lie far apart.
        """
        season = self.cast.season
        yield self._said("season", season.id, 1, SeasonOpened(season=season))
        contents = {plan.id: self._content(plan.draft) for plan in self.cast.projects()}
        for number in range(1, EVENTS_A_PROJECT + 1):
            for id, content in contents.items():
                yield self._said("project", id, number, self._event(id, content, number))

    def _content(self, draft: dict[str, object]) -> ProjectContent:
        body = SaveDraft.model_validate(draft)
        filled = domain.Draft.model_validate(body.model_dump(exclude={"season_id", "contact"}))
        return domain.complete(filled, self.cast.season, contact_given=True)

    def _event(self, id: str, content: ProjectContent, number: int) -> SubmissionEvent:
        person = domain.contact_person_id(id)
        season = self.cast.season
        if number == EVENTS_A_PROJECT:
            return ProjectScreened(
                project_id=id,
                season_id=season.id,
                version=number - 1,
                outcome="eligible",
                title=content.title,
                contact_person_id=person,
            )
        event = ProjectSubmitted if number == 1 else ProjectRevised
        return event(
            project_id=id,
            season_id=season.id,
            version=number,
            submitted_at=season.opens_at,
            content=content.model_copy(update={"title": f"{content.title} ({number})"}),
            contact_person_id=person,
        )

    def _said(self, kind: str, id: str, sequence: int, event: SubmissionEvent) -> Said:
        envelope = Envelope(
            service="submission",
            type=event.type_name(),
            major=event.MAJOR,
            subject=f"{kind}/{id}",
            sequence=sequence,
            time=utc_text(self.cast.season.opens_at),
            season=self.cast.season.id,
            actor="applicant/bench",
            via="api",
            correlation_id=f"bench/{id}",
        )
        return Said(envelope, event)
