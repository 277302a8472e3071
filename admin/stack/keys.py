"""The Ed25519 key files of the local stack: made once, private ones for their owner only."""

import os
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from admin.stack.errors import StackError
from schemas.topics import SERVICES

PAIRS = ("operator", "links")
"""Keys whose public half others need: the operator's tokens, the links in mails."""


def ensure_keys(directory: Path) -> None:
    """Make every key that is missing; existing ones are kept, a lost public half is made again."""
    directory.mkdir(parents=True, exist_ok=True)
    directory.chmod(0o700)
    for name in PAIRS:
        private = _ensure_private(directory / f"{name}.pem")
        public = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        path = directory / f"{name}.pub.pem"
        if not path.exists() or path.read_bytes() != public:
            _write(path, public, 0o644)
    for service in SERVICES:
        _ensure_private(session_key(directory, service))


def session_key(directory: Path, service: str) -> Path:
    """The key a service signs its own sessions with; nobody else has it."""
    return directory / f"{service}-session.pem"


def _ensure_private(path: Path) -> Ed25519PrivateKey:
    if not path.exists():
        private = Ed25519PrivateKey.generate()
        pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        _write(path, pem, 0o600)
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except ValueError as error:
        raise StackError(f"{path} is not a key in PEM: remove it to have a new one.") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise StackError(f"{path} is not an Ed25519 key: remove it to have a new one.")
    return key


def _write(path: Path, content: bytes, mode: int) -> None:
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    unfinished.unlink(missing_ok=True)
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as out:
        out.write(content)
    unfinished.replace(path)
