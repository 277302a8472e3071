"""`zharmenke token`: bearer tokens signed with the operator's key, which no service holds."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from admin.stack.layout import default_directory
from services.kit.tokens import ROLES, Role, issue_bearer

DEFAULT_KEY = default_directory() / "keys" / "operator.pem"
"""The local stack's, from wherever the command is called."""


def operator_token(
    key_file: Path, role: Role, subject: str, lifetime: timedelta = timedelta(hours=12)
) -> str:
    """A token of the operator for `subject` in `role`."""
    return issue_bearer(
        key_file.read_text(),
        issuer="operator",
        subject=subject,
        role=role,
        now=datetime.now(UTC),
        lifetime=lifetime,
    )


def token(
    role: Annotated[str, typer.Option(help=f"One of: {', '.join(ROLES)}.")],
    subject: Annotated[str, typer.Option(help="Whom the token names, such as a person's id.")],
    hours: Annotated[float, typer.Option(min=0.01, max=24 * 366, help="Valid for so long.")] = 12,
    key: Annotated[
        Path, typer.Option(envvar="OPERATOR_KEY_FILE", help="The operator's private key (PEM).")
    ] = DEFAULT_KEY,
) -> None:
    """Print a bearer token made with the operator's key.

    Example: zharmenke token --role secretary --subject office-1
    """
    if not subject.strip():
        typer.echo("The subject is empty; name whom the token is for.", err=True)
        raise typer.Exit(2)
    known = {name: name for name in ROLES}
    if role not in known:
        typer.echo(f"There is no role {role!r}; choose one of: {', '.join(ROLES)}.", err=True)
        raise typer.Exit(2)
    if not key.is_file():
        typer.echo(
            f"There is no key at {key}; `zharmenke stack up` makes one, or give --key.",
            err=True,
        )
        raise typer.Exit(2)
    typer.echo(operator_token(key, known[role], subject, timedelta(hours=hours)))
