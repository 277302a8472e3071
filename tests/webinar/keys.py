"""Keys for the tests, made afresh."""

from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


@dataclass(frozen=True, slots=True)
class Keys:
    """Private keys, and the files with their public halves."""

    operator: str
    operator_public_file: Path
    links: str
    links_public_file: Path


def new_keys(folder: Path) -> Keys:
    """An operator's and a link key, with their public files in `folder`."""
    operator, links = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    return Keys(
        private_pem(operator),
        _public_file(operator, folder / "operator.pub.pem"),
        private_pem(links),
        _public_file(links, folder / "links.pub.pem"),
    )


def private_pem(key: Ed25519PrivateKey) -> str:
    """The key as the token functions take it."""
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


def _public_file(key: Ed25519PrivateKey, file: Path) -> Path:
    file.write_bytes(
        key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )
    return file
