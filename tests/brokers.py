"""Message brokers of the tests' own, which can be killed and started again on the same port with the same files. Where
the program or the client library is missing, tests that need it are skipped."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Generator, Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

import pytest

from penstock.control.discovery import free_port
from tests.real_parts import used
from tests.road.proxy import wait_until

__all__ = [
    "TOPIC",
    "Broker",
    "KafkaBroker",
    "NatsBroker",
    "Program",
    "RabbitBroker",
    "RedisBroker",
    "kafka_broker",
    "nats_broker",
    "program",
    "rabbit_broker",
    "redis_broker",
    "tls_nats_broker",
]

TOPIC = "penstock.events.v1"


class Broker(Protocol):
    """What a test does with a broker."""

    url: str

    def start(self) -> None:
        """Returns when it answers."""
        ...

    def kill(self) -> None:
        """Ends it with SIGKILL."""
        ...

    def read(self) -> list[dict[str, Any]]:
        """All messages that it has, in their order."""
        ...


class Program:
    """A program that says when it is ready."""

    def __init__(self, command: list[str], ready: str, environ: Mapping[str, str] | None = None) -> None:
        self._command, self._ready, self._environ = command, ready, environ
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(
            self._command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd="/",
            env=self._environ,
            start_new_session=True,
        )
        assert self._process.stdout is not None
        said = []
        for line in self._process.stdout:
            said.append(line)
            if self._ready in line:
                return
        raise AssertionError(f"{self._command[0]} did not start:\n{''.join(said)}")

    def kill(self) -> None:
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)  # a script may have started the program itself
            self._process.communicate()
            self._process = None


def program(name: str) -> str:
    """The path of a program, or the test is skipped."""
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


class RedisBroker(Program):
    """Redis, which writes each command to its file before it answers."""

    def __init__(self, folder: Path) -> None:
        self._client = pytest.importorskip("redis", reason="the client of Redis is not installed").Redis
        port = free_port("127.0.0.1")
        self.url = f"redis://127.0.0.1:{port}/0"
        options = ["--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder), "--save", ""]
        safe = ["--appendonly", "yes", "--appendfsync", "always"]
        super().__init__([program("redis-server"), *options, *safe], "Ready to accept connections")

    def read(self) -> list[dict[str, Any]]:
        with self._client.from_url(self.url) as client:
            return [json.loads(fields[b"event"]) for _, fields in client.xrange(TOPIC)]

    def reader(self) -> Generator[dict[str, Any], None, None]:
        """The messages as they come."""
        with self._client.from_url(self.url, protocol=2, socket_timeout=60) as client:
            last = b"0"
            while True:
                ((_, ((last, fields),)),) = client.xread({TOPIC: last}, count=1, block=60_000)
                yield json.loads(fields[b"event"])


class NatsBroker(Program):
    """NATS with JetStream."""

    def __init__(self, folder: Path, *more: str) -> None:
        """`more`: arguments of the server."""
        self._connect = pytest.importorskip("nats", reason="the client of NATS is not installed").connect
        port = free_port("127.0.0.1")
        self.url = f"nats://127.0.0.1:{port}"
        command = [program("nats-server"), "-js", "-a", "127.0.0.1", "-p", str(port), "-sd", str(folder), *more]
        super().__init__(command, "Server is ready")

    def read(self) -> list[dict[str, Any]]:
        return asyncio.run(self._read())

    async def _read(self) -> list[dict[str, Any]]:
        client = await self._connect(self.url)
        stream = client.jetstream()
        info = await stream.stream_info(TOPIC.replace(".", "_"))
        reader = await stream.subscribe(TOPIC, ordered_consumer=True)
        found = [json.loads((await reader.next_msg(timeout=60)).data) for _ in range(info.state.messages)]
        await client.close()
        return found


class RabbitBroker(Program):
    """RabbitMQ without plugins, with a port mapper of its own."""

    def __init__(self, folder: Path) -> None:
        self._client = pytest.importorskip("aio_pika", reason="the client of RabbitMQ is not installed")
        found = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")  # the one in the path changes to another user
        if not found.exists():
            pytest.skip("rabbitmq-server is not installed")
        port, distribution, mapper = (str(free_port("127.0.0.1")) for _ in range(3))
        self.url = f"amqp://guest:guest@127.0.0.1:{port}/"
        paths = {
            f"RABBITMQ_{name}": str(folder / name.lower())
            for name in ("MNESIA_BASE", "LOG_BASE", "ENABLED_PLUGINS_FILE", "PID_FILE", "CONF_ENV_FILE", "CONFIG_FILE")
        }
        own = {
            "HOME": str(folder),
            "RABBITMQ_NODENAME": "penstock@localhost",
            "RABBITMQ_NODE_PORT": port,
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_DIST_PORT": distribution,
            "RABBITMQ_LOGS": "-",
            "ERL_EPMD_PORT": mapper,
            "ERL_EPMD_ADDRESS": "127.0.0.1",
        }
        self._mapper = ["epmd", "-port", mapper, "-kill"]
        super().__init__([str(found)], "Server startup complete", {**os.environ, **paths, **own})

    def close(self) -> None:
        """Ends it and its port mapper."""
        self.kill()
        wait_until(self._is_unmapped, "the port mapper has ended")

    def _is_unmapped(self) -> bool:
        """Whether the port mapper has ended; it does not as long as it takes the killed broker for a living one."""
        return subprocess.run(self._mapper, check=False, stdout=subprocess.DEVNULL, timeout=60).returncode == 0

    def read(self) -> list[dict[str, Any]]:
        return asyncio.run(self._read())

    async def _read(self) -> list[dict[str, Any]]:
        async with await self._client.connect(self.url) as connection:
            queue = await (await connection.channel()).get_queue(TOPIC)
            count = queue.declaration_result.message_count
            return [json.loads((await queue.get(no_ack=True)).body) for _ in range(count)]


class KafkaBroker:
    """The cluster of `tests.kafka_mock`, with the topic in some partitions. `kill` ends its connections and lets it
    refuse new ones; what it has acknowledged stays in its memory."""

    def __init__(self, partitions: int = 4) -> None:
        self._client = pytest.importorskip("confluent_kafka", reason="the client of Kafka is not installed")
        command = [sys.executable, "-m", "tests.kafka_mock", TOPIC, str(partitions)]
        root = Path(__file__).parent.parent
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=root, start_new_session=True
        )
        address, _, is_ready = self._line().partition(" ")
        assert is_ready == "ready"
        self.url = f"kafka://{address}"
        self._address, self._is_up = address, True

    def start(self) -> None:
        if not self._is_up:
            self._tell("up")

    def kill(self) -> None:
        self._tell("down")

    def close(self) -> None:
        """Ends it."""
        self._process.kill()
        self._process.communicate()

    def read(self) -> list[dict[str, Any]]:
        return [one for some in self.partitions() for one in some]

    def partitions(self) -> list[list[dict[str, Any]]]:
        """The messages of each partition."""
        settings = {"bootstrap.servers": self._address, "group.id": "tests", "enable.partition.eof": True}
        consumer = self._client.Consumer({**settings, "auto.offset.reset": "earliest"})
        partitions = consumer.list_topics(TOPIC, timeout=60).topics[TOPIC].partitions
        consumer.assign([self._client.TopicPartition(TOPIC, one, 0) for one in partitions])
        found: list[list[dict[str, Any]]] = [[] for _ in partitions]
        ended = 0
        while ended < len(partitions):
            message = consumer.poll(60)
            assert message is not None
            if message.error() is None:
                one = json.loads(message.value())
                assert message.key().decode() == one["subject"]
                found[message.partition()].append(one)
            else:
                assert message.error().code() == self._client.KafkaError._PARTITION_EOF
                ended += 1
        consumer.close()
        return found

    def _tell(self, what: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{what}\n")
        self._process.stdin.flush()
        assert self._line() == "done"
        self._is_up = what == "up"

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()


@pytest.fixture
def kafka_broker(request: pytest.FixtureRequest) -> Iterator[KafkaBroker]:
    """A running cluster with an empty topic."""
    broker = KafkaBroker()
    used(request, "Kafka's mock cluster")
    try:
        yield broker
    finally:
        broker.close()


@pytest.fixture
def redis_broker(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RedisBroker]:
    """A running Redis with nothing in it."""
    broker = RedisBroker(tmp_path)
    used(request, "Redis")
    try:
        broker.start()
        yield broker
    finally:
        broker.kill()


@pytest.fixture
def nats_broker(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[NatsBroker]:
    """A running NATS without a stream."""
    broker = NatsBroker(tmp_path)
    used(request, "NATS")
    try:
        broker.start()
        yield broker
    finally:
        broker.kill()


@pytest.fixture
def tls_nats_broker(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[NatsBroker]:
    """One that asks for TLS, with a certificate that is trusted here."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    made = [program("openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    made += ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run([*made, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    broker = NatsBroker(tmp_path / "nats", "--tls", "--tlscert", str(certificate), "--tlskey", str(key))
    broker.url = broker.url.replace("nats://", "tls://")
    used(request, "NATS")
    try:
        broker.start()
        yield broker
    finally:
        broker.kill()


@pytest.fixture
def rabbit_broker(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RabbitBroker]:
    """A running RabbitMQ without a queue."""
    broker = RabbitBroker(tmp_path)
    used(request, "RabbitMQ")
    try:
        broker.start()
        yield broker
    finally:
        broker.close()
