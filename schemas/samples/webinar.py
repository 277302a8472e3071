"""Samples of the webinar service's events."""

from datetime import UTC, datetime

from schemas.base import Localised
from schemas.samples import cast
from schemas.samples.sample import Circumstances, Sample
from schemas.webinar import (
    RegistrationCancelled,
    RegistrationWaitlisted,
    WebinarAnnounced,
    WebinarRegistered,
)

STARTS_AT = datetime(2020, 5, 13, 9, 0, tzinfo=UTC)
ENDS_AT = datetime(2020, 5, 13, 10, 30, tzinfo=UTC)
KAZAKH_SPEAKER = Localised(kk="Мысал Үлгіұлы, өңірлік сарапшы", ru="Образец", en="Sample")

ANNOUNCED = WebinarAnnounced(
    webinar_id=cast.WEBINAR,
    season_id=cast.SEASON,
    schedule_version=1,
    title=cast.WEBINAR_TITLE,
    speaker=cast.SPEAKER,
    starts_at=STARTS_AT,
    ends_at=ENDS_AT,
    timezone=cast.TIMEZONE,
    capacity=500,
)
REGISTERED = WebinarRegistered(
    webinar_id=cast.WEBINAR,
    season_id=cast.SEASON,
    schedule_version=1,
    title=cast.WEBINAR_TITLE,
    speaker=cast.SPEAKER,
    starts_at=STARTS_AT,
    ends_at=ENDS_AT,
    timezone=cast.TIMEZONE,
    registration_id=cast.REGISTRATION,
    person_id=cast.GUEST,
    seat=1,
)


def _registration(sequence: int) -> Circumstances:
    return Circumstances(cast.REGISTRATION, sequence, actor="public", via="page")


WEBINAR = (
    Sample(
        ANNOUNCED,
        Circumstances(
            cast.WEBINAR,
            actor="service/webinar",
            via="admin",
            cause=cast.submission_event(f"season/{cast.SEASON}", 1),
        ),
        kazakh=ANNOUNCED.model_copy(update={"speaker": KAZAKH_SPEAKER}),
    ),
    Sample(
        REGISTERED,
        _registration(2),
        kazakh=REGISTERED.model_copy(update={"speaker": KAZAKH_SPEAKER}),
    ),
    Sample(
        RegistrationWaitlisted(
            registration_id=cast.REGISTRATION,
            webinar_id=cast.WEBINAR,
            season_id=cast.SEASON,
            person_id=cast.GUEST,
            ticket=501,
        ),
        _registration(1),
    ),
    Sample(
        RegistrationCancelled(
            registration_id=cast.REGISTRATION,
            webinar_id=cast.WEBINAR,
            season_id=cast.SEASON,
            person_id=cast.GUEST,
        ),
        _registration(3),
    ),
)
