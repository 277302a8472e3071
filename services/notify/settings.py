"""What the notify service is told by its environment."""

from pathlib import Path
from urllib.parse import urlsplit

from pydantic import Field

from services.kit.settings import ServiceSettings


class Settings(ServiceSettings):
    """Besides the common ones: the mail server, the sender, and the key that signs links."""

    smtp_url: str = "smtp://127.0.0.1:1025"
    """`smtp://[user:password@]host:port`, or `smtps://` for TLS from the start."""
    smtp_connections: int = 4
    smtp_timeout_seconds: float = 30.0
    mail_from: str = "fair@example.org"
    mail_support: str = "support@example.org"
    mail_domain: str = "mail.zharmenke.example.org"
    """The right side of every Message-ID."""
    organiser_kk: str = "Әлеуметтік идеялар мен жобалар жәрмеңкесі"
    organiser_ru: str = "Ярмарка социальных идей и проектов"
    organiser_en: str = "Fair of Social Ideas and Projects"
    timezone: str = "Asia/Almaty"
    link_private_key_file: Path = Path(".local/keys/links.pem")
    scoring_url: str = "http://127.0.0.1:8102"
    webinar_url: str = "http://127.0.0.1:8103"
    sign_in_days: int = 14
    give_up_after: int = 12
    """Attempts that the server defers before a mail counts as bounced."""
    mails_per_second: float = Field(0.0, ge=0)
    """Mails that all replicas together begin in a second; 0 for no limit."""
    mails_per_recipient_hour: int = Field(20, ge=0)
    """Mails to one address in any hour; what exceeds waits. 0 for no limit."""

    @property
    def mails_stay_here(self) -> bool:
        """Whether the mail server is on this machine: only then a rehearsal may mail."""
        return urlsplit(self.smtp_url).hostname in ("127.0.0.1", "::1", "localhost")
