"""Signing in: a link token from a mail is exchanged, once, by POST, for a judge's session."""

from datetime import timedelta
from typing import Annotated

from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)
from fastapi import APIRouter, Form, Header
from fastapi.responses import HTMLResponse

from services.kit.access import Access
from services.kit.http import STATUS, server_now
from services.kit.refusal import Refused
from services.kit.tokens import issue_bearer, read_link
from services.scoring import messages
from services.scoring.pages import denied_page, sign_in_page, signed_in_page
from services.scoring.settings import Settings
from services.scoring.store import Judging

ISSUER = "scoring"
PURPOSE = "sign-in"
SignInKey = Annotated[
    str | None,
    Header(
        min_length=16,
        max_length=200,
        description="A random key of yours: should the answer be lost, ask again with it within"
        " 10 minutes. Without it a link works once and no more.",
    ),
]


class Sessions:
    """Exchanges link tokens for sessions of this service; nobody else can make one."""

    def __init__(self, settings: Settings, judging: Judging) -> None:
        self._private_key = settings.session_key_file.read_text()
        self._link_key = settings.link_public_key_file.read_text()
        self._lifetime = timedelta(hours=settings.session_hours)
        self._judging = judging

    def trust_own(self, access: Access) -> None:
        """Accept this service's own sessions, for judges only."""
        key = load_pem_private_key(self._private_key.encode(), None).public_key()
        public = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
        access.trust(ISSUER, public, frozenset({"judge"}))

    async def exchange(self, token: str, key: str | None) -> messages.Session:
        """A session for the judge the link was mailed to; a link works once.

        Who chose a key and lost the answer may ask again with it, for ten minutes.
        """
        link = read_link(token, self._link_key, audience=ISSUER, purpose=PURPOSE)
        now = server_now()
        if not await self._judging.sign_in(link.message_id, key, now):
            raise Refused("gone", "link-used", "This link was used before; ask for a new one.")
        bearer = issue_bearer(
            self._private_key,
            issuer=ISSUER,
            subject=link.subject,
            role="judge",
            now=now,
            lifetime=self._lifetime,
        )
        return messages.Session(
            access_token=bearer, judge_id=link.subject, expires_at=now + self._lifetime
        )


def routes(sessions: Sessions) -> APIRouter:
    """The page that the mail links to, and the exchange behind it."""
    router = APIRouter(tags=["sessions"])

    @router.get("/sign-in", summary="The page behind the link in a judge's mail")
    async def page(token: str) -> HTMLResponse:
        return sign_in_page(token)

    @router.post("/sign-in", summary="The button of that page")
    async def submit(
        token: Annotated[str, Form()], attempt: Annotated[str, Form(max_length=200)] = ""
    ) -> HTMLResponse:
        try:
            session = await sessions.exchange(token, attempt or None)
        except Refused as refused:
            return denied_page(STATUS[refused.kind], used=refused.kind == "gone")
        return signed_in_page(session.access_token, session.expires_at)

    @router.post("/sessions", summary="Exchange a link token for a session, once")
    async def exchange(
        body: messages.SignIn, idempotency_key: SignInKey = None
    ) -> messages.Session:
        return await sessions.exchange(body.token, idempotency_key)

    return router
