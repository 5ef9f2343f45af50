"""What was worked out about a text, kept while there is room."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

__all__ = ["Memo"]

T = TypeVar("T")


class Memo(Generic[T]):
    """A function of a text, remembered for the texts last asked for. May be called from several threads."""

    def __init__(self, work: Callable[[str], T], limit: int = 16 << 20) -> None:
        self._work = work
        self._limit = limit
        """Characters of the texts whose answers are kept."""
        self._kept: OrderedDict[str, T] = OrderedDict()
        self._size = 0
        self._lock = threading.Lock()

    def __call__(self, text: str) -> T:
        """`work(text)`, done again only when it was let go."""
        with self._lock:
            if text in self._kept:
                self._kept.move_to_end(text)
                return self._kept[text]
        answer = self._work(text)
        with self._lock:
            if text not in self._kept:
                self._kept[text] = answer
                self._size += len(text)
            while self._size > self._limit:
                old, _ = self._kept.popitem(last=False)
                self._size -= len(old)
        return answer
