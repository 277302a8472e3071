"""One sample per event, by `ce_type`: visibly fictional, valid, in three languages.

A new event needs one more `Sample` in its service's file; `python -m schemas.contract check` says
which is missing.
"""

from schemas.samples.appeals import APPEALS
from schemas.samples.conflicts import CONFLICTS
from schemas.samples.final import FINAL
from schemas.samples.notify import NOTIFY
from schemas.samples.outcomes import OUTCOMES
from schemas.samples.sample import Sample
from schemas.samples.scoring import SCORING
from schemas.samples.sittings import SITTINGS
from schemas.samples.submission import SUBMISSION
from schemas.samples.webinar import WEBINAR

SAMPLES: dict[str, Sample] = {
    sample.full.type_name(): sample
    for sample in (
        *(*SUBMISSION, *SCORING, *CONFLICTS, *FINAL, *SITTINGS),
        *(*OUTCOMES, *APPEALS, *WEBINAR, *NOTIFY),
    )
}
"""All samples by `ce_type`."""
