"""`Outage`: what happens while the gateway's store cannot be read or written. Requests with a key that was valid within
the last ten minutes go on, up to an overdraft (a hundredth of each limit of the key or its workspace, a dollar and
1,000 requests in all) that is counted when the store is back (`settle`). Others get the store's error (`key` and `lend`
raise it): try again later, never that their key is wrong."""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass

from penstock.base.errors import StoreError
from penstock.gateway.admit import STALE_S
from penstock.gateway.database import GatewayStore
from penstock.gateway.holds import Call, book, settle
from penstock.gateway.quotas import limits_of
from penstock.gateway.records import BILLION, ApiKey, Reached, Unit, Usage

__all__ = ["Outage"]

logger = logging.getLogger(__name__)
_KEYS = 10_000
"""Keys that are remembered."""
_SHARE = 100
"""One part in so many of a limit may be lent."""
_MOST = BILLION
"""And at most a dollar."""
_TOKENS = 10_000_000
_REQUESTS = 1000
"""Requests that are lent to at once, whatever they cost."""
_CAPS_S = 60.0
"""Seconds for which the limits of a key are not read again."""


@dataclass(slots=True)
class _Seen:
    key: ApiKey
    at: float
    may_lend: Mapping[Unit, int]
    """How much of each unit, dollars in billionths."""
    caps_at: float


class Outage:
    """Which keys were seen lately, and what was lent to them. Any thread may call."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: OrderedDict[str, _Seen] = OrderedDict()
        self._lent: dict[str, tuple[Call, float]] = {}
        """By request, what was lent to it, and when."""
        self._unbooked = 0

    def saw(self, secret: str, key: ApiKey, store: GatewayStore) -> ApiKey:
        """Remember that a key is good, and what it may be lent."""
        name, now = _digest(secret), time.monotonic()
        with self._lock:
            seen = self._seen.get(name)
        if seen is None or seen.caps_at < now - _CAPS_S:
            seen = _Seen(key, now, _may_lend(store, key), now)
        seen.key, seen.at = key, now
        with self._lock:
            self._seen[name] = seen
            self._seen.move_to_end(name)
            while len(self._seen) > _KEYS:
                self._seen.popitem(last=False)
        return key

    def known(self, secret: str) -> ApiKey | None:
        """The key, where it was good within the last minute. It is looked at again before anything leaves."""
        with self._lock:
            seen = self._seen.get(_digest(secret))
        return seen.key if seen is not None and seen.at > time.monotonic() - _CAPS_S else None

    def key(self, secret: str, error: StoreError) -> ApiKey:
        """The key, if it was good lately. Raises `error` if not."""
        with self._lock:
            seen = self._seen.get(_digest(secret))
        if seen is None or seen.at < time.monotonic() - STALE_S:
            raise error
        if seen.key.state(time.time()) != "active":
            raise error
        return seen.key

    def lend(self, call: Call, error: StoreError) -> None:
        """Let a request in whose cost cannot be held. Raises `error` where that would be too much."""
        with self._lock:
            seen = next((one for one in self._seen.values() if one.key.id == call.key), None)
            if seen is None or seen.key.state(time.time()) != "active":
                raise error
            lent = [one for one, _ in self._lent.values() if one.key == call.key]
            for unit, most in seen.may_lend.items():
                if sum(one.of(unit) for one in lent) + call.of(unit) > most:
                    raise error
            if self._unbooked + call.dollars > _MOST or len(self._lent) >= _REQUESTS:
                raise error
            self._unbooked += call.dollars
            self._lent[call.id] = call, time.time()
        logger.warning("a request is let in and counted later, for the store is down: %s", error)

    def settle(
        self, store: GatewayStore, number: str, usage: Usage | None, exchange: str, workspace: str = ""
    ) -> list[Reached]:
        """Count what a request did cost, lent to or not; None: nothing. `workspace`: where it is known, that of the
        request. Raises `StoreError`: then call again."""
        with self._lock:
            lent = self._lent.get(number)
        if lent is None:
            return settle(store, number, usage, exchange, workspace=workspace)
        call, at = lent
        if usage is not None:
            reached = book(store, call, usage, at, exchange)
        else:  # where only the answer to the commit was lost, it is held for all the same
            reached = settle(store, number, None, workspace=call.workspace)
        with self._lock:
            if self._lent.pop(number, None) is not None:
                self._unbooked -= call.dollars
        return reached


def _may_lend(store: GatewayStore, key: ApiKey) -> dict[Unit, int]:
    """A hundredth of the key's and its workspace's lowest limits, and at most a dollar."""
    scopes = (f"key:{key.id}", f"workspace:{key.workspace}")
    out: dict[Unit, int] = {"requests": _REQUESTS, "tokens": _TOKENS, "dollars": _MOST}
    for one in (limit for scope in scopes for limit in limits_of(store, scope)):
        out[one.unit] = min(out[one.unit], one.cap // _SHARE)
    return out


def _digest(secret: str) -> str:
    """A key is not kept where a dump of memory could show it."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()
