"""What the scoring service is told by its environment."""

from pathlib import Path

from services.kit.settings import ServiceSettings


class Settings(ServiceSettings):
    """Besides the common ones: the key that checks link tokens and the key of its own sessions."""

    link_public_key_file: Path = Path(".local/keys/links.pub.pem")
    session_key_file: Path = Path(".local/keys/scoring-session.pem")
    session_hours: int = 12
