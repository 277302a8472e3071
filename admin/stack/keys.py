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
        private = ensure_private(directory / f"{name}.pem")
        ensure_public(directory / f"{name}.pub.pem", private)
    for service in SERVICES:
        ensure_private(session_key(directory, service))


def session_key(directory: Path, service: str) -> Path:
    """The key a service signs its own sessions with; nobody else has it."""
    return directory / f"{service}-session.pem"


def ensure_private(path: Path) -> Ed25519PrivateKey:
    """The key in a file, made if there is no file. StackError for a file that is no such key."""
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


def ensure_public(path: Path, private: Ed25519PrivateKey) -> None:
    """Write the public half where it is missing or belongs to another key."""
    public = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    if not path.exists() or path.read_bytes() != public:
        _write(path, public, 0o644)


def _write(path: Path, content: bytes, mode: int) -> None:
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    unfinished.unlink(missing_ok=True)
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as out:
        out.write(content)
    unfinished.replace(path)
