"""`KafkaPublisher`: publishes to a topic of Kafka or Redpanda."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from time import monotonic
from urllib.parse import parse_qsl, unquote, urlsplit

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from penstock.base.errors import PenstockError
from penstock_service.relay import cloud_events
from penstock_service.relay.publishers import TIMEOUT_S

__all__ = ["KafkaPublisher"]

_PORT = 9092
_CONTENT = b"application/cloudevents+json"
_PROMISED: dict[str, str | int | bool] = {
    # All replicas acknowledge; the broker drops what the client sends twice, and takes nothing before what it lacks.
    "enable.idempotence": True,
    # No message expires by itself, since those after it would still be sent: the deadline is the batch's.
    "message.timeout.ms": 0,
    "enable.gapless.guarantee": True,
}
_USUAL: dict[str, str | int | bool] = {
    "linger.ms": 5,
    "reconnect.backoff.max.ms": 1000,
    "topic.metadata.propagation.max.ms": 5000,
    "log_level": 0,
}


class KafkaPublisher:
    """Publishes with the conversation as key, so that all of it is in one partition, in order."""

    def __init__(self, url: str, topic: str) -> None:
        """`url`: `kafka://[USER:PASSWORD@]HOST[:PORT][,HOST[:PORT]…]`; what follows a `?` are settings of librdkafka.
        Raises `PenstockError`: one of them is none, or no host is named."""
        parts = urlsplit(url)
        credentials, _, hosts = parts.netloc.rpartition("@")
        if not hosts:
            raise PenstockError("this is no URL of Kafka: kafka://HOST:PORT or kafka://HOST:PORT/TOPIC was expected")
        self._topic = topic
        servers = ",".join(one if ":" in one else f"{one}:{_PORT}" for one in hosts.split(","))
        self._settings = {**_USUAL, **dict(parse_qsl(parts.query)), **_PROMISED, "bootstrap.servers": servers}
        if credentials:
            user, _, password = map(unquote, credentials.partition(":"))
            self._settings |= {"sasl.username": user, "sasl.password": password}
        self._producer: Producer | None = None
        self._why = ""
        """The client's last error of connecting."""
        self._is_down = False
        """No broker can be reached, which the client says once."""
        self._connect()  # checks the settings; connects to nothing yet
        self.close()

    def publish(self, messages: Sequence[cloud_events.Message]) -> None:
        failed: list[KafkaError] = []

        def acknowledged(error: KafkaError | None, _message: Message) -> None:
            if error is not None:
                failed.append(error)

        producer, until = self._producer or self._connect(), monotonic() + TIMEOUT_S
        for one in messages:
            headers: list[tuple[str, str | bytes | None]] = [("content-type", _CONTENT), ("id", one.id)]
            producer.produce(self._topic, one.body, one.subject.encode(), headers=headers, on_delivery=acknowledged)
            producer.poll(0)
        while len(producer) and not failed and not self._is_down and monotonic() < until:
            producer.poll(0.1)
        if failed:
            raise KafkaException(failed[0])
        if len(producer) and self._is_down:
            raise ConnectionError(self._why or "no broker can be reached")
        if len(producer):
            raise TimeoutError(self._why or f"no acknowledgement within {TIMEOUT_S:g} s")

    def close(self) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            with suppress(KafkaException):
                producer.purge()
                producer.poll(0)

    def _connect(self) -> Producer:
        self._why, self._is_down = "", False
        try:
            self._producer = Producer({**self._settings, "error_cb": self._note})
        except (KafkaException, ValueError, TypeError) as e:
            error = e.args[0]
            said = error.str() if isinstance(error, KafkaError) else str(error)
            raise PenstockError(f"these are no settings of Kafka: {said}") from e
        return self._producer

    def _note(self, error: KafkaError) -> None:
        if error.code() == KafkaError._ALL_BROKERS_DOWN:
            self._is_down = True
        else:
            self._why = error.str()
