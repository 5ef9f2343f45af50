"""`RequestsBefore`: remembers the latest requests, and finds the part of a request's history that is byte for byte the
same as in an earlier one (`Continued`), so that only the rest is parsed. Bodies below 2,000 bytes are simply parsed
again.

A client sends its whole history every time. Only what follows the identical bytes has to be parsed: the messages before
were validated and located when the earlier request was read.
"""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from penstock.conversation.conversation import Conversation, Head, Message
from penstock.conversation.json_spans import Span

__all__ = ["Continued", "RequestsBefore"]

_MESSAGE_BYTES, _BLOCK_BYTES = 700, 700
"""The memory of the objects of a message and of a block in bytes, besides its bytes and text, with what is derived from
them. Measured."""
_OPENING = 1024
"""Bytes at the beginning of a history, by whose hash similar ones are found."""
_LIKE_IT = 8
"""Histories with the same opening that are kept: of four agents in one project, as received and as sent."""
_MOVES = 4
"""Messages at the end that a client may write differently in its next request, since breakpoints move."""
_BLANK, _COMMA = b" ,"
_LEAST = 2_000
"""Bytes below which a request is simply parsed again."""


@dataclass(frozen=True, slots=True)
class Continued:
    """The messages at the head of a body that stand in an earlier one, byte for byte."""

    messages: Sequence[Message]
    spans: Sequence[Span]
    """The byte ranges of these messages in this body."""
    start: int
    """Where the history begins in the body, after its bracket."""
    gone: int
    """Bytes from there on that need not be read: the messages, with the comma behind the last."""
    head: Head

    def rest(self, body: bytes) -> bytes:
        """The body without them: as valid as the whole."""
        return body[: self.start] + body[self.start + self.gone :]

    def moved(self, span: Span) -> Span:
        """A place in `rest` as one in the body."""
        return Span(*(at + self.gone if at >= self.start else at for at in span))


@dataclass(frozen=True, slots=True)
class _History:
    messages: tuple[Message, ...]
    spans: tuple[Span, ...]
    start: int
    derived: dict[object, Any]
    keys: list[bytes]
    size: int


@dataclass
class RequestsBefore:
    """The histories of the latest requests, the least recently used first. Any thread may call."""

    list_field: str
    limit: int
    """Bytes of memory. Most of them are those of the `MessageCache`: the messages are the same."""
    _by_opening: OrderedDict[int, list[_History]] = field(default_factory=OrderedDict)
    _size: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._pattern = re.compile(rb'"%s"[ \t\r\n]*:[ \t\r\n]*\[' % self.list_field.encode())

    def continued(self, body: bytes) -> Continued | None:
        """The longest known history that `body` begins with. None: there is none."""
        start = self._start(body)
        if start is None:
            return None
        with self._lock:
            found = tuple(self._by_opening.get(_opening(body, start), ()))
        return _longest(found, body, start)

    def note(self, conversation: Conversation, fields: Mapping[str, Span]) -> None:
        """Remember a request that was read."""
        body, span = conversation.body, fields.get(self.list_field)
        if len(body) < _LEAST or span is None or not conversation.spans or self._start(body) != span.start + 1:
            return
        opening, keys = _opening(body, span.start + 1), conversation.keys
        size = _size(conversation, span.start + 1)
        new = _History(conversation.messages, conversation.spans, span.start + 1, conversation.derived, keys, size)
        with self._lock:
            before = self._by_opening.pop(opening, [])
            kept = [one for one in before if keys[: len(one.keys)] != one.keys][: _LIKE_IT - 1]
            self._by_opening[opening] = [new, *kept]
            self._size += size + _total(kept) - _total(before)
            while self._size > max(self.limit, size):
                oldest, histories = next(iter(self._by_opening.items()))
                self._size -= histories.pop().size
                if not histories:
                    del self._by_opening[oldest]

    def _start(self, body: bytes) -> int | None:
        if len(body) < _LEAST:
            return None
        found = self._pattern.search(body)
        return None if found is None else found.end()


def _opening(body: bytes, start: int) -> int:
    return hash(body[start : start + _OPENING])


def _size(conversation: Conversation, start: int) -> int:
    blocks = sum(len(message.blocks) for message in conversation.messages)
    texts = conversation.spans[-1].end - start
    return 2 * texts + _MESSAGE_BYTES * len(conversation.messages) + _BLOCK_BYTES * blocks


def _total(histories: Sequence[_History]) -> int:
    return sum(history.size for history in histories)


def _longest(histories: Sequence[_History], body: bytes, start: int) -> Continued | None:
    """The longest part of one of `histories` that `body` begins with. Stops at the first that is nearly complete."""
    best: Continued | None = None
    for history in histories:
        found = _common(history, body, start)
        if best is None or found.gone > best.gone:
            best = found
        if _MOVES < len(found.messages) >= len(history.messages) - _MOVES:
            break
    return best


def _common(history: _History, body: bytes, start: int) -> Continued:
    """What of `history` stands in `body`, whose own begins at `start`, with a comma behind each message and at most one
    blank. The rest, from the first difference on, is parsed again."""
    moved, size = start - history.start, len(body)
    end, count = start, 0
    for message, (first, last) in zip(history.messages, history.spans, strict=True):
        at, behind = first + moved, last + moved
        if not body.startswith(message.raw, at) or behind == size or body[behind] != _COMMA:
            break
        if at != end and (at != end + 1 or not count or body[end] != _BLANK):
            break
        end, count = behind + 1, count + 1
    spans = history.spans[:count]
    if moved:
        spans = tuple(Span(a + moved, b + moved) for a, b in spans)
    head = Head(count, history.messages, history.derived)
    return Continued(history.messages[:count], spans, start, end - start, head)
