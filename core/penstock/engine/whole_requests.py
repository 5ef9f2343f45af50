"""`WholeRequests`: the bodies of the last requests (`WholeRequest`), as received and as forwarded, for a person who
wants to read one in full: as many as `[log] whole` of the profile says, up to 64 MiB, and in memory only. The oldest
are dropped first.

No header is kept. Nothing is copied: the very bytes that were sent are held.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass

from penstock.conversation.exchange import Request
from penstock.engine.proxy_decision import ProxyDecision
from penstock.profiles.profile import Profile

__all__ = ["BYTES", "WholeRequest", "WholeRequests"]

BYTES = 64 << 20
"""The most bytes of all bodies together. The oldest are dropped first; a larger request is not kept."""


@dataclass(frozen=True, slots=True)
class WholeRequest:
    """Both bodies of one exchange, in its content-encoding."""

    exchange: str
    conversation: str
    dialect: str
    path: str
    encoding: str
    received: bytes
    forwarded: bytes
    """The same object where nothing was changed."""
    profile: Profile
    """The profile that it went through, with its rules of redaction."""

    @property
    def size(self) -> int:
        """The bytes of the bodies that it holds."""
        return len(self.received) + (0 if self.forwarded is self.received else len(self.forwarded))


class WholeRequests:
    """Holds at most `limit` requests and `most` bytes. Any thread may call."""

    def __init__(self, limit: int = 0, most: int = BYTES) -> None:
        self._limit, self._most = limit, most
        self._kept: deque[WholeRequest] = deque()
        self._lock = threading.Lock()
        self.size = 0
        """Bytes held now."""

    def __len__(self) -> int:
        return len(self._kept)

    def add(self, request: Request, decision: ProxyDecision) -> None:
        """Keep a request that was read and is forwarded, unless the profile it went through keeps none."""
        exchange, pipeline = decision.exchange, decision.pipeline
        if exchange is None or decision.refusal is not None or pipeline is None or not pipeline.profile.log.whole:
            return
        encoding = request.headers.get("content-encoding", "")
        forwarded = request.body if decision.body is None else decision.body
        self.keep(
            WholeRequest(
                request.id,
                decision.conversation,
                exchange.dialect,
                request.path,
                encoding,
                request.body,
                forwarded,
                pipeline.profile,
            )
        )

    def keep(self, one: WholeRequest) -> None:
        """Keep `one`; the oldest are dropped where there is no room for it."""
        with self._lock:
            if one.size > self._most or not self._limit:
                return
            self._make_room(self._limit - 1, self._most - one.size)
            self._kept.append(one)
            self.size += one.size

    def of(self, exchange: str) -> WholeRequest | None:
        """The bodies of one exchange. None: they are not kept, or no longer."""
        with self._lock:
            return next((one for one in self._kept if one.exchange == exchange), None)

    def forget(self, conversations: Collection[str]) -> None:
        """Drop the requests of some conversations."""
        self._drop(lambda one: one.conversation in conversations)

    def forget_profile(self, name: str) -> None:
        """Drop the requests that went through the profile `name`."""
        self._drop(lambda one: one.profile.name == name)

    def clear(self) -> None:
        """Drop all."""
        with self._lock:
            self._make_room(0, 0)

    def resize(self, limit: int) -> None:
        """Hold at most `limit` requests from now on; 0: none."""
        with self._lock:
            self._limit = limit
            self._make_room(limit, self._most)

    def _drop(self, is_meant: Callable[[WholeRequest], bool]) -> None:
        with self._lock:
            self._kept = deque(one for one in self._kept if not is_meant(one))
            self.size = sum(one.size for one in self._kept)

    def _make_room(self, count: int, size: int) -> None:
        """Hold the lock."""
        while self._kept and (len(self._kept) > count or self.size > size):
            self.size -= self._kept.popleft().size
