"""Canonical JSON: one spelling for what is the same, so that hashes can be recomputed anywhere."""

import pytest

from schemas.canonical import canonical_hash, canonical_json


def test_canonical_json_sorts_keys_and_keeps_kazakh_letters() -> None:
    assert canonical_json({"б": 1, "а": ["қ", True]}) == '{"а":["қ",true],"б":1}'.encode()


def test_canonical_json_leaves_out_null_members_so_that_added_fields_change_no_old_hash() -> None:
    said_before = {"points": "7.50", "rows": [{"rank": 1}]}
    said_since = {"points": "7.50", "reason": None, "rows": [{"rank": 1, "normalised": None}]}

    assert canonical_hash(said_since) == canonical_hash(said_before)


def test_canonical_json_refuses_floats_wherever_they_are() -> None:
    with pytest.raises(TypeError, match=r"7\.5"):
        canonical_json({"rows": [{"points": 7.5}]})
