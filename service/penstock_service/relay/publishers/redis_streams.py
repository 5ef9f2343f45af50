"""`RedisPublisher`: publishes to a stream of Redis."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from penstock.base.errors import PenstockError
from penstock_service.relay.cloud_events import Message
from penstock_service.relay.publishers import MOST, TIMEOUT_S

__all__ = ["RedisPublisher"]


class RedisPublisher:
    """Adds each batch to the stream in one transaction: all of it, or nothing."""

    def __init__(self, url: str, topic: str) -> None:
        """Raises `PenstockError` where the URL cannot be read."""
        try:
            self._redis = Redis.from_url(
                url, socket_timeout=TIMEOUT_S, socket_connect_timeout=TIMEOUT_S, retry=Retry(NoBackoff(), 0)
            )
        except ValueError as e:
            raise PenstockError(f"this is no URL of Redis: {e}") from e
        self._topic = topic

    def publish(self, messages: Sequence[Message]) -> None:
        with self._redis.pipeline(transaction=True) as pipeline:
            for one in messages:
                fields = {"id": one.id, "type": one.type, "subject": one.subject, "event": one.body}
                pipeline.xadd(self._topic, fields, maxlen=MOST, approximate=True)  # type: ignore[arg-type]
            pipeline.execute()

    def close(self) -> None:
        with suppress(RedisError, OSError):
            self._redis.close()
