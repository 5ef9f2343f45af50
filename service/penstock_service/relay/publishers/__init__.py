"""`Publisher`: what sends messages to a broker and waits for its acknowledgement; `open_publisher`: the one for a URL;
`topic_in`: the topic that a URL names. Each one's client library is an extra, and imported when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import NamedTuple, Protocol, cast
from urllib.parse import unquote, urlsplit

from penstock.base.errors import PenstockError
from penstock_service.relay.cloud_events import Message

__all__ = ["MOST", "TIMEOUT_S", "Publisher", "open_publisher", "topic_in"]

TIMEOUT_S = 10.0
"""Seconds for a connection, or for a batch's acknowledgements."""

MOST = 1_000_000
"""About how many events a stream or queue keeps that a publisher makes; the oldest go first."""


class Publisher(Protocol):
    """The interface of publishers. It connects with the first batch, and again after `close`."""

    def publish(self, messages: Sequence[Message]) -> None:
        """Return when the broker has acknowledged all. Messages of one subject arrive in order, and after one that
        failed comes none of its subject. Raises what its client raises."""
        ...

    def close(self) -> None:
        """Close the connection. Never raises."""
        ...


class _Broker(NamedTuple):
    module: str
    name: str
    package: str
    """The package on PyPI that is needed."""


_REDIS = _Broker("redis_streams", "RedisPublisher", "redis")
_NATS = _Broker("nats_jetstream", "NatsPublisher", "nats-py")
_RABBIT = _Broker("rabbitmq", "RabbitPublisher", "aio-pika")
_KAFKA = _Broker("kafka", "KafkaPublisher", "confluent-kafka")
_BROKERS = {
    "redis": _REDIS,
    "rediss": _REDIS,
    "nats": _NATS,
    "tls": _NATS,
    "amqp": _RABBIT,
    "amqps": _RABBIT,
    "kafka": _KAFKA,
}


def open_publisher(url: str, topic: str) -> Publisher:
    """The publisher for the broker at `url`. Raises `PenstockError`: no such broker is known, or its library is
    missing."""
    scheme = urlsplit(url).scheme
    broker = _BROKERS.get(scheme)
    if broker is None:
        known = ", ".join(f"{one}://" for one in _BROKERS)
        raise PenstockError(f"no broker is known whose URL begins with {scheme or url!r}: it must be one of {known}")
    try:
        module = import_module(f"{__name__}.{broker.module}")
    except ImportError as e:
        missing = (e.name or "").partition(".")[0]
        raise PenstockError(f"{scheme}:// needs {missing}: pip install {broker.package}") from e
    make = cast(Callable[[str, str], Publisher], getattr(module, broker.name))
    return make(url, topic)


def topic_in(url: str) -> str:
    """The topic of `kafka://HOST/TOPIC`. Empty: the URL names none."""
    parts = urlsplit(url)
    return unquote(parts.path.strip("/")) if parts.scheme == "kafka" else ""
