"""How much of the brokers' disks each topic takes."""

from collections import Counter

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import Array, Boolean, Int16, Int32, Int64, Schema, String


class _LogDirsResponse(Response):  # type: ignore[misc]
    API_KEY = 35
    API_VERSION = 1
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "results",
            Array(
                ("error_code", Int16),
                ("log_dir", String("utf-8")),
                (
                    "topics",
                    Array(
                        ("name", String("utf-8")),
                        (
                            "partitions",
                            Array(
                                ("partition", Int32),
                                ("size", Int64),
                                ("offset_lag", Int64),
                                ("is_future_key", Boolean),
                            ),
                        ),
                    ),
                ),
            ),
        ),
    )


class _LogDirsRequestStruct(RequestStruct):  # type: ignore[misc]
    API_KEY = 35
    API_VERSION = 1
    RESPONSE_TYPE = _LogDirsResponse
    SCHEMA = Schema(("topics", Array(("topic", String("utf-8")), ("partitions", Array(Int32)))))


class _LogDirsRequest(Request[_LogDirsRequestStruct]):  # type: ignore[misc]
    """DescribeLogDirs of every topic, which the client library does not have."""

    API_KEY = 35

    def build(self, request_struct_class: type[_LogDirsRequestStruct]) -> _LogDirsRequestStruct:
        return request_struct_class(None)


async def disk_sizes(admin: AIOKafkaAdminClient) -> Counter[str] | None:
    """Bytes on disk by topic, over all brokers; None when one of them does not tell."""
    found: Counter[str] = Counter()
    for broker in admin._client.cluster.brokers():
        try:
            told = await admin._send_request_to_node(broker.nodeId, _LogDirsRequest())
        except (KafkaError, NotImplementedError, TimeoutError):
            return None
        for error, _directory, topics in told.results:
            if error:
                return None
            for name, partitions in topics:
                found[name] += sum(partition[1] for partition in partitions)
    return found
