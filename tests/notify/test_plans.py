"""Which mails events call for: pure, and the same however often they are heard."""

from services.kit.envelope import Envelope
from services.notify.plans import plans_for
from tests.notify.stage import sample


def said(event_type: str, subject: str, sequence: int) -> Envelope:
    return Envelope(
        service="scoring",
        type=event_type,
        major=1,
        subject=subject,
        sequence=sequence,
        time="2020-05-04T09:00:00.000Z",
    )


def test_every_voting_member_is_due_a_link_and_the_secretary_is_not() -> None:
    appointed = sample("CommissionAppointed")
    members = appointed.model_dump()["members"]

    plans = plans_for(said("CommissionAppointed", "commission/2020-commission", 1), appointed)

    voting = [member["person_id"] for member in members if member["role"] != "secretary"]
    assert [plan.person_id for plan in plans] == voting


def test_link_requested_again_is_another_message_each_time() -> None:
    requested = sample("SignInLinkRequested")
    subject = "commission/2020-commission"

    [second] = plans_for(said("SignInLinkRequested", subject, 2), requested)
    [third] = plans_for(said("SignInLinkRequested", subject, 3), requested)
    [repeat] = plans_for(said("SignInLinkRequested", subject, 3), requested)

    assert second.purpose == third.purpose == "judge-appointed"
    assert second.message_id != third.message_id == repeat.message_id


def test_project_found_eligible_is_mailed_nothing() -> None:
    screened = sample("ProjectScreened", outcome="eligible", reason_code=None)

    assert plans_for(said("ProjectScreened", "project/1", 2), screened) == []


def test_webinar_link_is_one_for_each_registration_and_version_of_the_schedule() -> None:
    first = sample("WebinarRegistered", schedule_version=1)
    moved = sample("WebinarRegistered", schedule_version=2)
    subject = f"registration/{first.model_dump()['registration_id']}"

    [link] = plans_for(said("WebinarRegistered", subject, 1), first)
    [repeat] = plans_for(said("WebinarRegistered", subject, 4), first)
    [another] = plans_for(said("WebinarRegistered", subject, 5), moved)

    assert link.person_id == first.model_dump()["person_id"]
    assert link.message_id == repeat.message_id != another.message_id


def test_who_waits_for_a_seat_or_has_cancelled_is_due_no_link() -> None:
    for type_name in ("RegistrationWaitlisted", "RegistrationCancelled"):
        assert plans_for(said(type_name, "registration/1", 2), sample(type_name)) == []


def test_who_moves_up_is_told_once_that_the_project_won() -> None:
    reserve = sample("ProjectNotAwarded", reserve=2)
    winner = sample("WinnerAnnounced", project_id=reserve.model_dump()["project_id"])

    [before] = plans_for(said("ProjectNotAwarded", "awards/2020", 4), reserve)
    [won] = plans_for(said("WinnerAnnounced", "awards/2020", 7), winner)
    [repeat] = plans_for(said("WinnerAnnounced", "awards/2020", 7), winner)

    assert before.values["reserve"] == 2
    assert (before.purpose, won.purpose) == ("not-awarded", "won")
    assert won.message_id == repeat.message_id != before.message_id
    for silent in ("AwardAdded", "AwardDeclined", "DecisionCorrected", "AppealResolved"):
        assert plans_for(said(silent, "awards/2020", 6), sample(silent)) == []
