"""`KeptLists`: the lists of words (`WordList`) in memory, up to a number of bytes, and a thread that reads those that
are wanted, one after the other."""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence

from penstock.base.errors import StoreError
from penstock.contexts.word_lists import WordList

__all__ = ["KeptLists", "Key"]

logger = logging.getLogger(__name__)

_MOST_WANTED = 1_000
"""Lists that wait to be read; of more, those wanted first are dropped."""
_REFUSED_S, _MOST_REFUSED = 600.0, 1_000
"""Seconds for which a list that cannot be read, or is not to be kept, is not read again, and how many such
lists are remembered."""
Key = tuple[str, str]
"""A workspace and a word."""


class KeptLists:
    """The lists, by workspace and word. Any thread may call."""

    def __init__(self, read: Callable[[Key], WordList | None], most_bytes: int) -> None:
        """`read`: reads a list, in a thread; None: there is none to be kept. It may raise `StoreError`. `most_bytes`:
        of all lists; those that were not asked for the longest time are dropped."""
        self._read, self._most = read, most_bytes
        self._lock = threading.Lock()
        self._lists: OrderedDict[Key, WordList] = OrderedDict()
        self._wanted: OrderedDict[Key, None] = OrderedDict()
        self._refused: OrderedDict[Key, float] = OrderedDict()
        """Lists that cannot be read or are not to be kept, and when that was found."""
        self._thread: threading.Thread | None = None
        self._is_closing = threading.Event()
        self.size = 0
        """Bytes of all lists, about."""

    def get(self, keys: Sequence[Key]) -> list[WordList | None]:
        """The lists of these words, where they are kept."""
        with self._lock:
            for key in keys:
                if key in self._lists:
                    self._lists.move_to_end(key)
            return [self._lists.get(key) for key in keys]

    def keep(self, key: Key, read: WordList) -> None:
        """Keep a list, in place of an earlier one."""
        with self._lock:
            self._drop(key)
            self._lists[key] = read
            self.size += read.size
            while self.size > self._most:
                self._drop(next(iter(self._lists)))

    def drop(self, keys: Iterable[Key]) -> None:
        """Drop these lists."""
        with self._lock:
            for key in keys:
                self._drop(key)

    def _drop(self, key: Key) -> None:
        dropped = self._lists.pop(key, None)
        self.size -= 0 if dropped is None else dropped.size

    def want(self, keys: Iterable[Key]) -> None:
        """Have lists read soon."""
        with self._lock:
            self._wanted.update((key, None) for key in keys if not self._is_refused(key))
            while len(self._wanted) > _MOST_WANTED:
                self._wanted.popitem(last=False)
            if self._thread is None and self._wanted and not self._is_closing.is_set():
                thread = threading.Thread(target=self._read_wanted, name="penstock-words", daemon=True)
                try:
                    thread.start()
                except RuntimeError as e:  # too many threads: searches go on without, and the next one tries again
                    logger.warning("lists of words cannot be read: %s", e)
                else:
                    self._thread = thread

    def _is_refused(self, key: Key) -> bool:
        return time.monotonic() - self._refused.get(key, -_REFUSED_S) < _REFUSED_S

    def settle(self) -> None:
        """Wait until all that are wanted are read."""
        thread = self._thread
        if thread is not None:
            thread.join()

    def close(self) -> None:
        """Read no more."""
        self._is_closing.set()
        self.settle()

    def _read_wanted(self) -> None:
        while (key := self._next()) is not None:
            start, read = time.monotonic(), None
            try:
                read = self._read(key)
            except Exception as e:  # searches go on without the list
                logger.warning("the list of a word cannot be read: %s", e, exc_info=not isinstance(e, StoreError))
            self._note(key, read)
            self._is_closing.wait(3 * (time.monotonic() - start))  # three quarters are for others

    def _note(self, key: Key, read: WordList | None) -> None:
        if read is not None:
            self.keep(key, read)
            return
        with self._lock:
            self._refused.pop(key, None)
            self._refused[key] = time.monotonic()
            if len(self._refused) > _MOST_REFUSED:
                self._refused.popitem(last=False)

    def _next(self) -> Key | None:
        with self._lock:
            if not self._wanted or self._is_closing.is_set():
                self._thread = None
                return None
            return self._wanted.popitem(last=False)[0]
