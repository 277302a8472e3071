"""Who plays a rehearsal: sheets fit the rubric of each project's nomination."""

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from admin.rehearsal.cast import Cast, FairSize, season_text
from admin.rehearsal.commands import SEASON_FILE
from schemas.scoring import CriterionComment, CriterionPoints
from schemas.season import CommentRule, NominationRubric
from services.scoring.domain.rubric import faults
from services.submission.season_file import parse_season

SIZE = FairSize(projects=6, jury=3)


@given(st.text("abc", min_size=1, max_size=4))
def test_sheets_of_the_cast_fit_the_rubric_of_each_nomination(seed: str) -> None:
    season = parse_season(season_text(SEASON_FILE, date(2026, 3, 2), SIZE))
    first, names = season.rounds[0], [one.id for one in season.nominations]
    always = CommentRule(rule="required")
    own = tuple(one.model_copy(update={"id": f"own-{one.id}"}) for one in first.criteria)
    asking = tuple(one.model_copy(update={"comment": always}) for one in first.criteria)
    varied = first.model_copy(
        update={
            "nominations": (
                NominationRubric(nomination=names[0], criteria=own),
                NominationRubric(nomination=names[1], criteria=asking),
            )
        }
    )
    season = season.model_copy(update={"rounds": (varied, *season.rounds[1:])})
    cast = Cast(seed, SIZE, season)

    for plan in cast.projects():
        points = cast.points(f"{season.id}-first", plan.id, "judge")
        comments = cast.comments(f"{season.id}-first", plan.id, points)
        assert not faults(
            [CriterionPoints.model_validate(one) for one in points],
            [CriterionComment.model_validate(one) for one in comments],
            varied.within(plan.draft["nomination"]).criteria,
        )
