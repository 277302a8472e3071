"""The key files."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from admin.stack.errors import StackError
from admin.stack.keys import PAIRS, ensure_keys, session_key
from schemas.topics import SERVICES


def test_ensure_keys_makes_matching_pairs_that_only_the_owner_reads(tmp_path: Path) -> None:
    ensure_keys(tmp_path)
    private_files = [tmp_path / f"{name}.pem" for name in PAIRS]
    for path in [*private_files, *(session_key(tmp_path, service) for service in SERVICES)]:
        assert path.stat().st_mode & 0o777 == 0o600
        assert isinstance(load_pem_private_key(path.read_bytes(), None), Ed25519PrivateKey)
    for name in PAIRS:
        private = load_pem_private_key((tmp_path / f"{name}.pem").read_bytes(), None)
        public = load_pem_public_key((tmp_path / f"{name}.pub.pem").read_bytes())
        assert isinstance(public, Ed25519PublicKey)
        assert private.public_key() == public


def test_ensure_keys_keeps_keys_and_restores_a_lost_public_half(tmp_path: Path) -> None:
    ensure_keys(tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    (tmp_path / "links.pub.pem").unlink()
    ensure_keys(tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_ensure_keys_says_which_file_is_no_key(tmp_path: Path) -> None:
    (tmp_path / "operator.pem").write_text("not a key")
    with pytest.raises(StackError, match=r"operator\.pem is not a key in PEM"):
        ensure_keys(tmp_path)
