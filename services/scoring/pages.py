"""The two pages of signing in. A GET changes nothing: a mail scanner can't use a link up."""

import secrets
from datetime import datetime

from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

_templates = Environment(
    loader=PackageLoader("services.scoring"),
    autoescape=select_autoescape(["html"]),
    undefined=StrictUndefined,
)
_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'",
}


def sign_in_page(token: str) -> HTMLResponse:
    """A button that exchanges the token.

    The page can be sent again, should its answer be lost: it carries a key that no other page has.
    """
    return page("sign_in.html", token=token, attempt=secrets.token_urlsafe(24))


def signed_in_page(access_token: str, expires_at: datetime) -> HTMLResponse:
    """The session's token, to be used with the API."""
    return page("signed_in.html", access_token=access_token, expires_at=expires_at)


def denied_page(status: int, *, used: bool) -> HTMLResponse:
    """Why a link does not let anybody in, and what to do."""
    return page("denied.html", status, used=used)


def page(name: str, status: int = 200, **values: object) -> HTMLResponse:
    """A template filled in; everything in it is escaped."""
    return HTMLResponse(_templates.get_template(name).render(**values), status, headers=_HEADERS)
