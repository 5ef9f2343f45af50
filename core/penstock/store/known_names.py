"""`KnownNames`: the names of conversations that a store has, in memory, so that the first request of a conversation
need not ask the database whether it is there. Any thread may call."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable

__all__ = ["KnownNames"]

_MOST = 100_000
"""Names beyond which all are asked for in the database: so many take 7 MB, and a quarter of a second to list."""


class KnownNames:
    """Hashes of names. A name that was deleted since may still be among them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.clear()

    def clear(self) -> None:
        """Forget all: the store has others now."""
        with self._lock:
            self._hashes: set[int] = set()
            self._is_listed = False

    def add(self, names: Iterable[str]) -> None:
        """Note names that the store is about to get."""
        with self._lock:
            if len(self._hashes) <= _MOST:
                self._hashes.update(map(hash, names))

    def may_have(self, name: str, listed: Callable[[int], Iterable[str]]) -> bool:
        """Whether the store may have `name`; False is certain. `listed`: up to so many of the store's names, asked for
        once."""
        with self._lock:
            if not self._is_listed:
                self._hashes.update(map(hash, listed(_MOST + 1)))
                self._is_listed = True
            return len(self._hashes) > _MOST or hash(name) in self._hashes
