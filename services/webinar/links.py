"""Personal links: what the token in a mailed link entitles to here."""

from services.kit.refusal import Refused
from services.kit.tokens import read_link

AUDIENCE = "webinar"
PURPOSE = "join"


class JoinLinks:
    """Checks the tokens of mailed links. Whether the registration still stands is not in them."""

    def __init__(self, public_key: str) -> None:
        self._public_key = public_key

    def registration_id(self, token: str) -> str:
        """The registration the token was made for; raises Refused (401) when it is not valid."""
        link = read_link(token, self._public_key, audience=AUDIENCE, purpose=PURPOSE)
        return link.subject

    def require(self, token: str, registration_id: str) -> None:
        """Pass when the token belongs to this registration; else raises Refused (401 or 403)."""
        if self.registration_id(token) != registration_id:
            raise Refused("forbidden", "not-your-registration", "The link is another person's.")
