"""`Memo`: a thread-safe cache of a function's results by text, of about 16 MiB by default; what was not asked for
longest is dropped first."""

from __future__ import annotations

import sys
import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

__all__ = ["Memo"]

T = TypeVar("T")
_CONTAINERS = (frozenset, set, tuple, list, dict)
"""Not their abstract classes: to ask for those takes ten times as long, for each of thousands of names."""


class Memo(Generic[T]):
    """A function of a text with a cache of the texts last asked for. Thread-safe."""

    def __init__(self, work: Callable[[str], T], limit: int = 16 << 20) -> None:
        self._work = work
        self._limit = limit
        """About how many bytes the texts and their results may take."""
        self._kept: OrderedDict[str, tuple[T, int]] = OrderedDict()
        self._size = 0
        self._lock = threading.Lock()

    def __call__(self, text: str) -> T:
        """`work(text)`, done again only when it was let go."""
        with self._lock:
            if text in self._kept:
                self._kept.move_to_end(text)
                return self._kept[text][0]
        answer = self._work(text)
        size = sys.getsizeof(text) + _size_of(answer)
        with self._lock:
            if text not in self._kept:
                self._kept[text] = answer, size
                self._size += size
            while self._size > self._limit:
                _, (_, size) = self._kept.popitem(last=False)
                self._size -= size
        return answer


def _size_of(answer: object) -> int:
    """An estimate of the bytes that a cached result takes, with all that it refers to. It may hold a client's data,
    however deeply nested."""
    size = 0
    left = [answer]
    while left:
        one = left.pop()
        size += sys.getsizeof(one)
        if isinstance(one, _CONTAINERS):
            left += one
            if isinstance(one, dict):
                left += one.values()
    return size
