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
