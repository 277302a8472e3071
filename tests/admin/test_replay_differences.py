"""How documents are judged beside history, field by field, without any database."""

from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict

from admin.replay.differences import ABSENT, Field, fields_of, judge_heard, judge_owned
from services.kit.aggregate import Aggregate
from services.kit.fold import Fold
from services.kit.history import Owned, Projected


class Shelf(BaseModel):
    """What the documents are of."""

    model_config = ConfigDict(frozen=True)
    title: str = ""
    places: tuple[int, ...] = ()
    draft: str = ""
    note: str | None = None


SHELVES: Owned[Any] = Owned(
    "shelves",
    Aggregate("kit", "shelf", Shelf, lambda state, event: Shelf(), lambda state: "2020"),
    unsaid=frozenset({"draft"}),
)
HEARD: Projected[Any] = Projected(
    "heard", Fold(Shelf, frozenset(), lambda heard: (), lambda state, heard, id: Shelf())
)
PEOPLE: Projected[Any] = Projected("people", HEARD.fold, personal=True)


def document(sequence: int = 1, **more: Any) -> dict[str, Any]:
    state = Shelf(**{k: v for k, v in more.items() if k in Shelf.model_fields}).model_dump(
        mode="json"
    )
    return {
        "sequence": sequence,
        "state": state,
        "heard": more.get("heard", {}),
        "people": more.get("people", {}),
        "pending": False,
    }


def judged(live: Any, told: Any) -> tuple[str, list[str]]:
    verdict = judge_owned(SHELVES, live, told)
    return verdict.kind, [one.path for one in verdict.fields]


def test_owned_documents_are_compared_without_what_no_event_says() -> None:
    assert judged(document(draft="x"), document(draft="y")) == ("same", [])
    assert judged(document(title="x", places=(1, 2)), document(title="y", places=(1, 3, 4))) == (
        "differs",
        ["state.places[1]", "state.places[2]", "state.title"],
    )


def test_live_document_that_is_ahead_is_looked_at_again_and_one_behind_is_not() -> None:
    assert judged(document(3), document(2))[0] == "moving"
    assert judged(document(2, title="x"), document(3)) == (
        "differs",
        ["sequence", "state.title"],
    )
    assert judged(None, document())[0] == "differs"
    assert judged(document(), None)[0] == "moving"


def test_draft_that_said_nothing_yet_is_no_difference() -> None:
    assert judged(document(0, draft="x"), None) == ("same", [])


def test_field_that_the_live_code_did_not_know_is_read_as_the_installed_code_reads_it() -> None:
    old = document()
    del old["state"]["note"]
    assert judged(old, document()) == ("same", [])
    old["state"]["places"] = "many"
    kind, paths = judged(old, document())
    assert (kind, paths) == ("differs", ["state.places"])


def test_marks_of_reactions_may_be_more_but_not_less_than_what_was_said() -> None:
    told = document(heard={"a/b": 2})
    assert judged(document(heard={"a/b": 3, "c/d": 1}), told) == ("same", [])
    assert judged(document(heard={"a/b": 1}), told) == ("differs", ["heard.a/b"])


def test_people_are_compared_and_never_shown() -> None:
    live = document(people={"p": {"sequence": 1, "body": '{"name":"Aigul"}'}})
    told = document(people={"p": {"sequence": 2, "body": '{"name":"Dana"}'}})

    verdict = judge_owned(SHELVES, live, told)

    assert verdict.kind == "differs"
    assert [one.as_json() for one in verdict.fields] == [
        {"field": "people.p", "live": "(personal data)", "told": "(personal data)"}
    ]
    assert judge_owned(SHELVES, told, live).kind == "moving"


@pytest.mark.parametrize("live", [{"a/b": 1}, {"a/b": 3}, {}])
def test_heard_documents_with_other_marks_are_looked_at_again(live: dict[str, int]) -> None:
    here = {"state": Shelf(title="x").model_dump(mode="json"), "heard": live}
    assert judge_heard(HEARD, here, (Shelf(), {"a/b": 2})).kind == "moving"


def test_heard_documents_with_the_same_marks_must_be_the_same() -> None:
    live = {"state": Shelf(title="x").model_dump(mode="json"), "heard": {"a/b": 2}}
    assert judge_heard(HEARD, live, (Shelf(title="x"), {"a/b": 2})).kind == "same"
    verdict = judge_heard(HEARD, live, (Shelf(title="y"), {"a/b": 2}))
    assert verdict.fields == (Field("state.title", "x", "y"),)


def test_personal_heard_documents_are_not_shown() -> None:
    live = {"state": Shelf(title="Aigul").model_dump(mode="json"), "heard": {"a/b": 2}}
    verdict = judge_heard(PEOPLE, live, (Shelf(title="Dana"), {"a/b": 2}))
    assert "Aigul" not in str(verdict.fields[0].as_json())
    missing = judge_heard(PEOPLE, None, (Shelf(title="Dana"), {"a/b": 2}))
    assert "Dana" not in str(missing.fields[0].as_json())


def test_fields_differ_at_the_greatest_depth() -> None:
    assert fields_of({"a": {"b": [1, {"c": 2}]}}, {"a": {"b": [1, {"c": 3}], "d": 4}}) == [
        Field("a.b[1].c", 2, 3),
        Field("a.d", ABSENT, 4),
    ]
    assert fields_of(1, True) == [Field("", 1, True)]
    assert fields_of("x", "x") == []
