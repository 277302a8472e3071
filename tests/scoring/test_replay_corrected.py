"""A season with a reserve and appeals, replayed from its stream alone."""

from functools import cache
from typing import Any

from services.scoring.replay import HISTORY
from tests.admin.chronicle import Chronicle
from tests.admin.season_told import chronicle


@cache
def told() -> Chronicle:
    return chronicle()


def documents(*, twice: bool = False) -> dict[str, dict[str, Any]]:
    """What scoring's own stream comes to; `twice` has every record repeated at its end."""
    own = [record for record in told().records if record.topic == "zharmenke.scoring"]
    records = [*own, *own] if twice else own
    return HISTORY.documents(HISTORY.read(records), {})


def test_replay_of_a_corrected_season_comes_to_its_appeals_and_corrections() -> None:
    found = documents()
    first, final = found["decisions"]["2020-first"], found["decisions"]["2020-final"]
    season = found["awards"]["2020"]["state"]

    resolved = [doc["state"]["resolved"]["outcome"] for doc in found["appeals"].values()]
    assert sorted(resolved) == ["dismissed", "upheld", "upheld"]
    (corrected,) = first["state"]["corrected"]
    assert found["appeals"][f"2020-first~{corrected}"]["state"]["resolved"]["outcome"] == "upheld"
    assert found["rounds"]["2020-first"]["state"]["published"] is not None
    assert found["rounds"]["2020-final"]["state"]["published"] is None
    (in_reserve,) = final["state"]["recorded"]["reserve"]
    assert in_reserve in season["awards"]
    assert in_reserve in {place["taken_by"] for place in season["vacancies"].values()}


def test_replay_of_repeats_comes_to_the_same() -> None:
    assert documents(twice=True) == documents()
