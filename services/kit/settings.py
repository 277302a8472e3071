"""What every service is told by its environment. A service adds its own in its settings.py."""

from pathlib import Path

from pydantic_settings import BaseSettings, SettingsConfigDict

from services.kit.envelope import NAMESPACE


class ServiceSettings(BaseSettings):
    """Read once at start from environment variables of the same names, upper case."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True)

    kafka_bootstrap_servers: str = "127.0.0.1:9092"
    kafka_idempotence: bool = True
    """Off only for a broker that can't: then a retry inside the client may repeat an event."""
    topic_prefix: str = "zharmenke"
    consumer_group: str = ""
    """The service's name when empty. Under another name it hears everything again, unmoved."""
    mongo_url: str = "mongodb://127.0.0.1:27017"
    mongo_database: str = ""
    """The service's own database; its name when empty."""
    http_host: str = "127.0.0.1"
    http_port: int = 8000
    operator_public_key_file: Path = Path(".local/keys/operator.pub.pem")
    log_level: str = "INFO"
    otel_exporter_otlp_endpoint: str = ""
    """A collector of traces that speaks OTLP over HTTP; no traces are made without one."""


def consumer_group(service: str, topic_prefix: str) -> str:
    """The group in which a service hears, unless it is given another name."""
    return service if topic_prefix == NAMESPACE else f"{topic_prefix}.{service}"
