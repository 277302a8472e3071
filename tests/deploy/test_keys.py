"""A deployment's keys: each in the directory of who holds it."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from admin.keys import HOLDERS, PRIVATE, PUBLIC, create_keys
from admin.stack.errors import StackError


def test_create_keys_gives_everybody_their_own_and_no_more(tmp_path: Path) -> None:
    made = create_keys(tmp_path)
    found = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.pem")}
    assert found == {
        "operator/operator.pem",
        "submission/operator.pub.pem",
        "scoring/operator.pub.pem",
        "scoring/links.pub.pem",
        "scoring/session.pem",
        "webinar/operator.pub.pem",
        "webinar/links.pub.pem",
        "notify/operator.pub.pem",
        "notify/links.pem",
    }
    assert {str(path.relative_to(tmp_path)) for path in made} == set(PRIVATE.values())
    for path in made:
        assert path.stat().st_mode & 0o777 == 0o600
    for name, holders in PUBLIC.items():
        private = load_pem_private_key((tmp_path / PRIVATE[name]).read_bytes(), None)
        for holder in holders:
            public = load_pem_public_key((tmp_path / holder / f"{name}.pub.pem").read_bytes())
            assert public == private.public_key()


def test_create_keys_repeated_changes_nothing(tmp_path: Path) -> None:
    create_keys(tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.pem")}
    assert create_keys(tmp_path) == []
    assert {path: path.read_bytes() for path in tmp_path.rglob("*.pem")} == before


def test_create_keys_follows_a_changed_private_key(tmp_path: Path) -> None:
    create_keys(tmp_path)
    old = (tmp_path / "scoring" / "links.pub.pem").read_bytes()
    (tmp_path / "notify" / "links.pem").unlink()
    assert create_keys(tmp_path) == [tmp_path / "notify" / "links.pem"]
    new = (tmp_path / "scoring" / "links.pub.pem").read_bytes()
    assert new != old
    assert new == (tmp_path / "webinar" / "links.pub.pem").read_bytes()


def test_create_keys_leaves_a_file_alone_that_is_no_key(tmp_path: Path) -> None:
    for holder in HOLDERS:
        (tmp_path / holder).mkdir()
    (tmp_path / "operator" / "operator.pem").write_text("not a key")
    with pytest.raises(StackError, match=r"operator\.pem is not a key in PEM"):
        create_keys(tmp_path)
    assert (tmp_path / "operator" / "operator.pem").read_text() == "not a key"
