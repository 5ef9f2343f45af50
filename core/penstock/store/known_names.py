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
        """Note names that the store has got."""
        with self._lock:
            if len(self._hashes) <= _MOST:
                self._hashes.update(map(hash, names))

    def may_have(self, name: str, listed: Callable[[int], Iterable[str]]) -> bool:
        """Whether the store may have `name`; False is certain. `listed`: up to so many of the store's names, asked for
        once. It may call `clear`, and is called without the lock."""
        with self._lock:
            hashes, is_listed = self._hashes, self._is_listed
        if not is_listed:
            found = set(map(hash, listed(_MOST + 1)))
            with self._lock:
                if hashes is not self._hashes:  # what was listed may be of the store before
                    return True
                hashes |= found
                self._is_listed = True
        with self._lock:
            return hashes is not self._hashes or len(hashes) > _MOST or hash(name) in hashes
