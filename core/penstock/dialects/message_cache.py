"""`MessageCache`: parsed messages by their bytes, up to 64 MiB and one message more in each quarter of that, so that
messages seen in an earlier request are not parsed again."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Sequence

from penstock.conversation.conversation import Message
from penstock.conversation.json_spans import Span

__all__ = ["CACHE_BYTES", "MessageCache"]

CACHE_BYTES = 64 << 20
"""Memory for the messages that one format has read, texts and objects included: about 27 MB of JSON."""
_PARTS = 4
"""The parts of a cache by age, of which the oldest is dropped when it is full. Fewer would drop more at once, and leave
holes in the heap; more are looked through for what has not been used lately."""
_MESSAGE_BYTES, _BLOCK_BYTES = 700, 450
"""Bytes of memory of a `Message` and a `Block`, measured with tracemalloc."""


class MessageCache:
    """Parsed messages by their bytes. If there are too many, the oldest quarter is dropped; messages used since then
    have moved to the newest. Any thread may call."""

    def __init__(self, limit: int) -> None:
        """`limit`: the memory it may take, in bytes."""
        self._limit = limit
        self._parts: tuple[dict[bytes, Message], ...] = tuple({} for _ in range(_PARTS))
        """The newest first."""
        self._newest, self._size = self._parts[0], 0
        self._lock = threading.Lock()

    def get(self, body: bytes, spans: Sequence[Span], read: Callable[[bytes], Message]) -> tuple[Message, ...]:
        """The messages at `spans` of `body`; unknown ones are parsed with `read`."""
        raws = [body[start:end] for start, end in spans]
        found = list(map(self._newest.get, raws))
        for i, message in enumerate(found):
            if message is None:
                found[i] = self._fetch(raws[i], read)
        return tuple(m for m in found if m is not None)

    def _fetch(self, raw: bytes, read: Callable[[bytes], Message]) -> Message:
        message = next(filter(None, (part.get(raw) for part in self._parts)), None) or read(raw)
        with self._lock:
            if self._size > self._limit // _PARTS:
                self._parts = ({}, *self._parts[:-1])
                self._newest, self._size = self._parts[0], 0
            if raw not in self._newest:
                self._newest[message.raw] = message
                self._size += _weight(message)
        return message


def _weight(message: Message) -> int:
    """About the bytes a message takes in memory."""
    texts = sum(sys.getsizeof(block.text) for block in message.blocks)
    return len(message.raw) + texts + _MESSAGE_BYTES + _BLOCK_BYTES * len(message.blocks)
