"""`Event`: one entry of the event log, with its payload as JSON (`text`; raises `ValueError` if it is none) and as the
class of its kind (`EventKind`; `data`, which never raises); `PrefixHash`: the history last sent in a conversation, as a
hash."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from penstock.events import proxy_events, request_events, response_events
from penstock.events.cursor import Cursor
from penstock.events.kinds import EventKind
from penstock.events.payload import EventData, payload_of, read

__all__ = ["CLASSES", "Event", "EventKind", "PrefixHash"]

CLASSES: dict[EventKind, type[EventData]] = {
    one.KIND: one for one in (*proxy_events.CLASSES, *request_events.CLASSES, *response_events.CLASSES)
}
"""The class of each kind."""


@dataclass(frozen=True, slots=True)
class PrefixHash:
    """The history last sent in a conversation: the hash chain over its first `count` messages."""

    epoch: int
    chain: bytes
    count: int


class _ReadOnce:
    """The cached `data` and `text` of an event, beside its fields, since both are read several times."""

    __slots__ = ("_data", "_text")
    _data: EventData
    _text: str


@dataclass(frozen=True, slots=True)
class Event(_ReadOnce):
    """One entry of the event log."""

    seq: int
    """The number by which the log knows it; 0 until the event is stored. `cursor` has its place among others."""
    at: float
    """Seconds since the epoch."""
    exchange: str
    """Id of the exchange, empty for facts about the proxy."""
    kind: EventKind
    payload: Mapping[str, Any]
    """The stored JSON object. Another version may have written it, so that it may contain anything."""
    transaction: int = field(default=0, compare=False)
    """The transaction that stored it, where a store has several writers."""

    @classmethod
    def of(cls, data: EventData, at: float, exchange: str = "") -> Self:
        """A new event with this payload."""
        return cls(0, at, exchange, data.KIND, payload_of(data))

    @property
    def cursor(self) -> Cursor:
        """Its place in the log."""
        return Cursor(self.transaction, self.seq)

    @property
    def data(self) -> EventData:
        """The payload as the class of its kind, such as `AnsweredEvent`. Whatever the payload is, this does not raise:
        a field that is missing or of another type has its default."""
        try:
            return self._data
        except AttributeError:  # nobody has asked yet
            object.__setattr__(self, "_data", read(CLASSES[self.kind], self.payload))
            return self._data

    @property
    def text(self) -> str:
        """The payload as the text that is stored. Raises `ValueError` where it is no JSON."""
        try:
            return self._text
        except AttributeError:  # nobody has asked yet
            object.__setattr__(self, "_text", _json(dict(self.payload)))
            return self._text


def _of_mapping(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is no JSON value")


_ENCODER = json.JSONEncoder(default=_of_mapping, allow_nan=False)


def _json(payload: dict[str, Any]) -> str:
    try:
        return _ENCODER.encode(payload)
    except (TypeError, RecursionError) as e:
        raise ValueError(str(e)) from e
