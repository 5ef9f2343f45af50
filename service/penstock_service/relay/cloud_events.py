"""`message_of`: an event of the log as a CloudEvent in JSON (`Message`), with what is published: numbers, ids and
verdicts. `KINDS`: the kinds of events that are published.

`FIELDS` names each field that is published; a new field of an event is not, until it is listed there.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass, is_dataclass
from datetime import UTC, datetime
from typing import Any

from penstock.events.event import CLASSES, Event
from penstock.events.kinds import EventKind
from penstock.events.proxy_events import (
    BudgetEvent,
    DeletedEvent,
    FaultEvent,
    SettingsEvent,
    StartedEvent,
    StoppedEvent,
)
from penstock.events.request_events import (
    BypassedEvent,
    ClassifiedEvent,
    EditEvent,
    FlushEvent,
    ForwardedEvent,
    HistoryArchivedEvent,
    HistoryIngestionEvent,
    RefusedEvent,
    RewrittenEvent,
    StageEvent,
    TokenShares,
)
from penstock.events.response_events import (
    AnsweredEvent,
    FailedEvent,
    KeptAliveEvent,
    LoggedCost,
    LoggedUsage,
    ProcessedEvent,
    TokenSplit,
)

__all__ = ["FIELDS", "KINDS", "Message", "message_of", "type_of"]

FIELDS: dict[type[Any], tuple[str, ...]] = {
    StartedEvent: ("version", "stages"),
    StoppedEvent: (),
    BudgetEvent: ("before", "level"),
    DeletedEvent: ("conversations", "exchanges", "events"),
    SettingsEvent: ("paused",),
    FaultEvent: ("where",),
    ClassifiedEvent: (
        "dialect",
        "provider",
        "kind",
        "conversation",
        "model",
        "epoch",
        "turn",
        "retry",
        "stream",
        "messages",
        "new",
        "tokens",
        "login",
    ),
    StageEvent: ("stage", "outcome", "ms", "edits"),
    EditEvent: ("stage", "op", "state", "before", "after", "messages", "first_turn", "last_turn"),
    FlushEvent: ("edits",),
    RewrittenEvent: (
        "edits",
        "replayed",
        "pending",
        "bytes_in",
        "bytes_out",
        "tokens_in",
        "tokens_out",
        "how",
        "ms",
        "injected",
        "freed",
    ),
    ForwardedEvent: ("changed", "bytes", "ms", "queued_ms"),
    BypassedEvent: ("replayed", "stripped"),
    RefusedEvent: ("status", "stage", "retry_after"),
    HistoryArchivedEvent: ("messages", "tokens"),
    HistoryIngestionEvent: ("turns_ingested", "pairs_received", "elapsed_ms"),
    AnsweredEvent: ("status", "ms", "bytes", "first_ms", "model", "usage", "stop", "complete", "money"),
    FailedEvent: ("why", "status", "ms", "bytes"),
    ProcessedEvent: ("ms",),
    KeptAliveEvent: ("conversation", "model", "read", "write", "usd"),
    TokenShares: ("system", "tools", "messages", "total", "how"),
    LoggedUsage: ("input", "output", "cache_read", "cache_write", "cache_write_hour", "passes", "searches", "dollars"),
    LoggedCost: ("came", "sent", "how", "baseline", "paid", "naive", "own", "extra"),
    TokenSplit: ("plain", "read", "write"),
}
"""The fields that are published, by the class of an event's payload or of a part of it."""
KINDS = frozenset(kind for kind, one in CLASSES.items() if one in FIELDS)
"""The kinds of events that are published. Not `received`, whose conversation is not known yet, and not `tagged` and
`ingested_turn`, whose tags are words of the prompt."""
_OF_PROXY = (StartedEvent, StoppedEvent, BudgetEvent, DeletedEvent, SettingsEvent, FaultEvent)
_WORD = re.compile(r"[A-Za-z0-9_.:/@+-]{1,80}")
_PHRASES = frozenset({"left out", "client left"})
"""Verdicts of more than one word."""
_SOURCE = "/penstock"
_PROXY = "proxy"
"""The subject of events that belong to no exchange."""


@dataclass(frozen=True, slots=True)
class Message:
    """What a broker gets for one event."""

    id: str
    """The same whenever the event is published: a consumer drops what it has seen."""
    type: str
    subject: str
    """The conversation; the exchange, where none is known. Messages of one subject stay in order."""
    body: bytes
    """The whole CloudEvent, as JSON."""


def message_of(event: Event, conversation: str) -> Message:
    """The message for an event of one of `KINDS`. `conversation`: the one that its exchange belongs to, if known."""
    # A store that replaces another gives the same numbers again: the exchange, or the time, tells them apart.
    id = f"{event.cursor}:{event.exchange or round(event.at * 1000)}"
    subject = conversation or event.exchange or _PROXY
    type_ = type_of(event.kind)
    data = {"exchange": event.exchange, "kind": event.kind.value} if event.exchange else {"kind": event.kind.value}
    said = {
        "specversion": "1.0",
        "id": id,
        "source": _SOURCE,
        "type": type_,
        "subject": subject,
        "partitionkey": subject,
        "time": datetime.fromtimestamp(event.at, UTC).isoformat().replace("+00:00", "Z"),
        "datacontenttype": "application/json",
        "data": data | {"payload": _published(event.data)},
    }
    return Message(id, type_, subject, json.dumps(said, allow_nan=False, separators=(",", ":")).encode())


def type_of(kind: EventKind) -> str:
    """The CloudEvents type of a kind of event."""
    about = "proxy" if CLASSES[kind] in _OF_PROXY else "exchange"
    return f"penstock.{about}.{'completed' if kind is EventKind.ANSWERED else kind.value}.v1"


def _published(value: Any) -> Any:
    """What of `value` is published. None: nothing."""
    if isinstance(value, str):
        return value if _WORD.fullmatch(value) or value in _PHRASES else None
    if isinstance(value, tuple):
        return [one for one in map(_published, value) if one is not None]
    if is_dataclass(value):
        found = {name: _published(getattr(value, name)) for name in FIELDS[type(value)]}
        return {name: one for name, one in found.items() if one is not None}
    return value if isinstance(value, bool | int) or (isinstance(value, float) and math.isfinite(value)) else None
