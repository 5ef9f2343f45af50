"""`MessageCache`: parsed messages by their bytes, up to 96 MiB, so that messages seen in an earlier request are not
parsed again."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from penstock.conversation.conversation import Message
from penstock.conversation.json_spans import Span

__all__ = ["CACHE_BYTES", "MessageCache"]

CACHE_BYTES = 96 << 20
"""Memory for the messages that one format has read, texts and objects included: about 40 MB of JSON."""
_MESSAGE_BYTES, _BLOCK_BYTES = 700, 450
"""Bytes of memory of a `Message` and a `Block`, measured with tracemalloc."""


@dataclass
class MessageCache:
    """Parsed messages by their bytes. If there are too many, the older half is dropped; messages used since then have
    moved to the newer half."""

    limit: int
    """The memory it may take, in bytes."""
    _newer: dict[bytes, Message] = field(default_factory=dict)
    _older: dict[bytes, Message] = field(default_factory=dict)
    _size: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def get(self, body: bytes, spans: Sequence[Span], read: Callable[[bytes], Message]) -> tuple[Message, ...]:
        """The messages at `spans` of `body`; unknown ones are parsed with `read`."""
        raws = [body[start:end] for start, end in spans]
        found = list(map(self._newer.get, raws))
        for i, message in enumerate(found):
            if message is None:
                found[i] = self._fetch(raws[i], read)
        return tuple(m for m in found if m is not None)

    def _fetch(self, raw: bytes, read: Callable[[bytes], Message]) -> Message:
        message = self._older.get(raw) or read(raw)
        with self._lock:
            if self._size > self.limit // 2:
                self._newer, self._older, self._size = {}, self._newer, 0
            if raw not in self._newer:
                self._newer[message.raw] = message
                self._size += _weight(message)
        return message


def _weight(message: Message) -> int:
    """About the bytes a message takes in memory."""
    texts = sum(sys.getsizeof(block.text) for block in message.blocks)
    return len(message.raw) + texts + _MESSAGE_BYTES + _BLOCK_BYTES * len(message.blocks)
