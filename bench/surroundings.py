"""The environment of the bench's own stack."""

import os

MEANT_FOR_ANOTHER = frozenset(
    {
        "ZHARMENKE_LOCAL",
        "ZHARMENKE_PORT_BASE",
        "KAFKA_BOOTSTRAP_SERVERS",
        "MONGO_URL",
        "MONGO_DATABASE",
        "SMTP_URL",
    }
)


def own_environment(prefix: str) -> dict[str, str]:
    """The caller's, without what names another stack: a bench never loads servers in use."""
    own = {name: value for name, value in os.environ.items() if name not in MEANT_FOR_ANOTHER}
    return own | {"TOPIC_PREFIX": prefix}
