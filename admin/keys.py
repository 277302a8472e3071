"""`zharmenke keys`: the key files of a deployment, a directory for each of those who hold them."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Annotated

import typer

from admin.stack.errors import StackError
from admin.stack.keys import ensure_private, ensure_public

keys_app = typer.Typer(no_args_is_help=True)

PRIVATE = MappingProxyType(
    {
        "operator": "operator/operator.pem",
        "links": "notify/links.pem",
        "session": "scoring/session.pem",
    }
)
"""Each private key, in the directory of the only one who signs with it."""

PUBLIC: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "operator": ("submission", "scoring", "webinar", "notify"),
        "links": ("scoring", "webinar"),
    }
)
"""Who checks what was signed, and so has the public half."""

HOLDERS = ("operator", "submission", "scoring", "webinar", "notify")


def create_keys(directory: Path) -> list[Path]:
    """Make what is missing under a directory; the private keys that were made.

    Existing keys are kept. A directory may be a volume of its own, so that a service sees nothing
    but its own. Raises StackError for a file that is not an Ed25519 key.
    """
    for holder in HOLDERS:
        (directory / holder).mkdir(mode=0o700, parents=True, exist_ok=True)
    made = [path for name in PRIVATE.values() if not (path := directory / name).exists()]
    for name, file in PRIVATE.items():
        key = ensure_private(directory / file)
        for holder in PUBLIC.get(name, ()):
            ensure_public(directory / holder / f"{name}.pub.pem", key)
    return made


@keys_app.callback()
def _keys() -> None:
    """The Ed25519 keys of a deployment."""


@keys_app.command("create")
def create(
    directory: Annotated[
        Path, typer.Option("--dir", help="Where the holders' directories are.")
    ] = Path("keys"),
) -> None:
    """Make the keys that are missing, each in its holder's directory; others are kept.

    Example: zharmenke keys create --dir /keys
    """
    try:
        made = create_keys(directory)
    except (StackError, OSError) as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(1) from error
    for path in made:
        typer.echo(f"made {path}")
    if not made:
        typer.echo(f"all keys are under {directory} already")
