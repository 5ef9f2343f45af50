"""`RedisServer`: a Redis that several proxies share, which makes things faster and is never needed: `ask` gives None
while it is away, after a fraction of a second, and `listen` says when notices may have been missed. `publish` sends a
notice from any process, `why_away` says whether it answers. The client library is the extra `redis`."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextlib import closing
from typing import TYPE_CHECKING, Any, TypeVar

from penstock.base.errors import PenstockError, StoreError
from penstock.base.outage import Outage

if TYPE_CHECKING:
    from redis import Redis

__all__ = ["RedisServer", "publish", "why_away"]

T = TypeVar("T")
logger = logging.getLogger(__name__)
_TIMEOUT_S = 0.1
_LOOK_S = 0.5
"""Seconds for which the listener waits for a notice before it asks who is still there."""
_SILENT = 4
"""Times that it asks without an answer before it takes the connection for lost, though nothing has closed it."""


class RedisServer:
    """The connections of one process. Any thread may call."""

    def __init__(self, url: str) -> None:
        """Connects when it is first asked. Raises `PenstockError`: the extra is missing, or `url` is none of Redis."""
        self._redis, self._where = _client(url), _shown(url)
        self._outage = Outage(
            self._probe, "Redis", "each proxy keeps to its share of limits and keys are read from the store"
        )
        self._closing = threading.Event()
        self._listener: threading.Thread | None = None
        self.listeners = 1
        """How many processes listened to the same notices, this one too, while it answered last."""

    @property
    def why(self) -> str:
        """Why it is away; empty while it answers."""
        return self._outage.why

    def ask(self, work: Callable[[Redis], T]) -> T | None:
        """What `work` gives. None: Redis is away, or did not answer in time; it is asked again once it answers a probe,
        and until then nobody waits for it."""
        if self._outage.why:
            return None
        try:
            return work(self._redis)
        except (_errors(), OSError) as e:
            self._outage.begin(self._said(e))
            return None

    def listen(self, channel: str, heard: Callable[[bool], None]) -> None:
        """Call `heard` in a thread: with True for each notice and when notices come from now on, with False when they
        do not come any more. Once."""
        self._listener = threading.Thread(target=self._listen, args=(channel, heard), name="penstock-redis")
        self._listener.daemon = True
        self._listener.start()

    def close(self) -> None:
        """End the listener and the connections."""
        self._closing.set()
        self._outage.close()
        if self._listener is not None:
            self._listener.join(2 * _LOOK_S)
        self._redis.close()

    def _listen(self, channel: str, heard: Callable[[bool], None]) -> None:
        while not self._closing.is_set():
            try:
                with closing(self._redis.pubsub()) as notices:  # type: ignore[no-untyped-call]
                    notices.subscribe(channel)
                    silent = 0
                    while not self._closing.is_set():
                        found = notices.get_message(timeout=_LOOK_S)
                        silent = silent + 1 if found is None else 0
                        if silent > _SILENT:
                            raise TimeoutError("it has sent nothing for a while")
                        if found is None:
                            notices.ping()
                            self.listeners = max(1, self._redis.pubsub_numsub(channel)[0][1])
                        elif found["type"] != "pong":  # that it is subscribed counts as a notice
                            heard(True)
            except (_errors(), OSError) as e:
                heard(False)
                self._outage.begin(self._said(e))
            self._closing.wait(_LOOK_S)

    def _probe(self) -> None:
        try:
            _try(self._redis)
        except (_errors(), OSError) as e:
            raise StoreError(self._said(e)) from e

    def _said(self, error: Exception) -> str:
        return f"Redis at {self._where} does not answer: {error}"


def publish(url: str, channel: str) -> None:
    """Send a notice. Raises `PenstockError` when that cannot be done."""
    with closing(_client(url)) as redis:
        try:
            redis.publish(channel, "")
        except (_errors(), OSError) as e:
            raise PenstockError(f"Redis at {_shown(url)} does not answer: {e}") from e


def why_away(url: str) -> str:
    """Why a Redis does not answer, after a fifth of a second at the most; empty if it does. Raises `PenstockError`: the
    extra is missing, or `url` is none of Redis."""
    with closing(_client(url)) as redis:
        try:
            _try(redis)
        except (_errors(), OSError) as e:
            return f"Redis at {_shown(url)} does not answer: {e}"
    return ""


def _try(redis: Redis) -> None:
    """Raises where it takes no writes, too: a replica, or one that is full."""
    redis.set("penstock:probe", "", ex=1)


def _client(url: str) -> Redis:
    try:
        from redis import Redis
        from redis.backoff import NoBackoff
        from redis.retry import Retry
    except ImportError as e:
        raise PenstockError(
            "`[service] redis` needs the extra `redis`, which is not installed: `pip install 'penstock[redis]'`"
        ) from e
    waits: dict[str, Any] = {"socket_timeout": _TIMEOUT_S, "socket_connect_timeout": _TIMEOUT_S}
    try:
        return Redis.from_url(url, protocol=2, retry=Retry(NoBackoff(), 0), **waits)
    except ValueError as e:
        raise PenstockError(f"[service] redis: {_shown(url)} is no URL of Redis: {e}") from e


def _errors() -> type[Exception]:
    from redis.exceptions import RedisError

    return RedisError


def _shown(url: str) -> str:
    """The address without the password, also of what is no URL: `urlsplit` refuses some."""
    return url.partition("://")[2].rpartition("@")[2].partition("/")[0]
