"""An event: one fact of the log, and its kinds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

__all__ = ["Event", "EventKind", "PrefixHash"]


class EventKind(StrEnum):
    """What happened. The payload of each is described in `docs/events.md`."""

    STARTED = "started"
    """A proxy began to write to this log."""
    STOPPED = "stopped"
    RECEIVED = "received"
    CLASSIFIED = "classified"
    STAGE = "stage"
    """One stage's verdict."""
    EDIT = "edit"
    """An edit landed, waits, or was left out."""
    FLUSH = "flush"
    """Pending edits landed together."""
    TAGGED = "tagged"
    """What a request, or a turn that is complete, is about."""
    ENRICHED = "enriched"
    FORWARDED = "forwarded"
    BYPASSED = "bypassed"
    """Went through untouched and unread, because the client asked or the body could not be read."""
    REFUSED = "refused"
    ANSWERED = "answered"
    FAILED = "failed"
    REMEMBERED = "remembered"
    KEPT = "kept"
    """A text was kept that no edit of ours took away: the history a client is about to summarise."""
    KEPT_ALIVE = "kept_alive"
    """While nobody spoke, the last request was sent once more, so that the provider's cache lives on."""
    BUDGET = "budget"
    """A budget is at another level now."""
    DELETED = "deleted"
    """A person had a session deleted: its events are gone, and what was read of them is out of date."""
    SETTINGS = "settings"
    """A person changed settings of the running proxy, paused it, or had it go on."""
    FAULT = "fault"
    """A part did not work: a stage, the store, the check of a request."""


@dataclass(frozen=True, slots=True)
class PrefixHash:
    """What was last sent in a conversation: the hash chain over its first `count` messages."""

    epoch: int
    chain: bytes
    count: int


@dataclass(frozen=True, slots=True)
class Event:
    """One fact."""

    seq: int
    """Grows by one; 0 until it is stored."""
    at: float
    """Seconds since the epoch."""
    exchange: str
    """Id of the exchange, empty for facts about the proxy."""
    kind: EventKind
    payload: Mapping[str, Any]
    """JSON values only."""
