"""What the webinar service is told by its environment."""

from pathlib import Path

from pydantic import field_validator

from services.kit.settings import ServiceSettings


class Settings(ServiceSettings):
    """Beyond what every service needs: the key of mailed links, and where webinars are held."""

    link_public_key_file: Path = Path(".local/keys/links.pub.pem")
    room_url_template: str = "https://meet.example.org/{webinar_id}"
    """The address of a webinar's room; `{webinar_id}` stands for its id."""

    @field_validator("room_url_template")
    @classmethod
    def _is_a_web_address(cls, template: str) -> str:
        if not template.startswith(("https://", "http://")):
            raise ValueError("must begin with https:// or http://")
        return template

    def room_url(self, webinar_id: str) -> str:
        """Where a webinar is held."""
        return self.room_url_template.replace("{webinar_id}", webinar_id)
