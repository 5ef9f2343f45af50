"""`KeyCache`: keeps the API keys that one proxy has read in its memory, for five seconds at most and only while Redis
tells it of changed keys, so that most requests need not read theirs from the store. Redis is sent no key and decides
nothing. `announce_keys` tells all proxies, through Redis, that a key has changed."""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from penstock.base.errors import PenstockError
from penstock.base.redis_server import RedisServer, publish
from penstock.gateway.records import ApiKey
from penstock.profiles.profile import service_in_use

__all__ = ["KEPT_S", "KeyCache", "announce_keys"]

logger = logging.getLogger(__name__)
KEPT_S = 5.0
"""Seconds for which a key is not read again. So long one that was revoked may be good where its notice was lost."""
_KEYS = 10_000
_CHANNEL = "penstock:keys"


class KeyCache:
    """The keys that were read lately. Any thread may call."""

    def __init__(self, redis: RedisServer) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, tuple[ApiKey, float]] = OrderedDict()
        self._changes = 0
        self._is_listening = False
        redis.listen(_CHANNEL, self._heard)

    def key(self, secret: str, read: Callable[[], ApiKey]) -> ApiKey:
        """The key with this secret: what `read` gave lately, or gives now. Raises what that raises."""
        name = hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()  # no dump of memory may show a secret
        began = time.monotonic()
        with self._lock:
            found, before = self._kept.get(name), self._changes
        if found is not None and found[1] > began - KEPT_S and found[0].state(time.time()) == "active":
            return found[0]
        key = read()
        with self._lock:
            # What was read before a change may be what was changed.
            if self._is_listening and self._changes == before:
                self._kept[name] = key, began
                self._kept.move_to_end(name)
                while len(self._kept) > _KEYS:
                    self._kept.popitem(last=False)
        return key

    def _heard(self, is_listening: bool) -> None:
        with self._lock:
            self._is_listening = is_listening
            self._changes += 1
            self._kept.clear()


def announce_keys(url: str | None) -> None:
    """Have all proxies read their keys again. `url`: of Redis; None: the one of the profile in use. Without one, or
    where it does not answer, nothing is said: then proxies keep no key, or for five seconds."""
    try:
        if found := service_in_use().redis if url is None else url:
            publish(found, _CHANNEL)
    except PenstockError as e:
        logger.warning("proxies read the change of a key within %g s: %s", KEPT_S, e)
