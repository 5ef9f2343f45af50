"""`write`: writes exchanges and sessions of a log as one JSON document, in a versioned format; its fields are in
docs/how-to/export.md. `exchange_payload` gives one exchange, `clean` redacts what an older version has logged."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping
from typing import Any, TextIO

from penstock.base.errors import ProfileError
from penstock.base.version import VERSION
from penstock.events.event import Event, EventKind
from penstock.profiles import profile as profiles
from penstock.redaction.redact_settings import redact_settings
from penstock.redaction.redaction import redact
from penstock.stats.exchange import ExchangeRecord
from penstock.stats.selection import Selection
from penstock.stats.totals import Totals
from penstock.store.base import Store

__all__ = ["FORMAT", "FORMAT_VERSION", "clean", "exchange_payload", "settings_in_use", "write"]

FORMAT, FORMAT_VERSION = "penstock-session", 1
"""The number goes up when a field changes its meaning or goes; one more field does not change it."""
_ENDS = (EventKind.REFUSED, EventKind.ANSWERED, EventKind.FAILED)
_ABOUT = ("kind", "client", "provider", "model", "conversation", "session", "agent", "epoch", "turn", "retry")


def write(out: TextIO, log: Store, choice: Selection, ids: Iterable[str]) -> None:
    """Write the exchanges of `choice` to `out`, one by one, since a log may be larger than memory. `ids`: the ids of
    `choice`, possibly from an iterator that draws a progress bar."""
    head = {
        "format": FORMAT,
        "version": FORMAT_VERSION,
        "penstock": VERSION,
        "exported_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "only": choice.only,
        "settings": settings_in_use(choice.profiles),
        "proxy": [] if choice.only else [_event(e) for e in log.events_of("")],
    }
    books = Totals()
    out.write(json.dumps(head)[:-1] + ', "exchanges": [')
    for i, id in enumerate(ids):
        out.write(("," if i else "") + "\n" + json.dumps(exchange_payload(id, log.events_of(id), books)))
    _list(out, "turns", (turn.payload() for turn in books.turns.values()))
    _list(out, "compactions", (one.payload() for one in books.compactions))
    _list(out, "sessions", (session.payload() for session in books.sessions.values()))
    out.write('\n],\n"totals": ' + json.dumps(books.totals.payload()) + "\n}\n")


def _list(out: TextIO, name: str, payloads: Iterable[dict[str, Any]]) -> None:
    out.write(f'\n],\n"{name}": [')
    for i, payload in enumerate(payloads):
        out.write(("," if i else "") + "\n" + json.dumps(clean(payload)))


def exchange_payload(id: str, events: list[Event], books: Totals) -> dict[str, Any]:
    """One exchange as JSON data; it is added to `books`."""
    record = ExchangeRecord.of(id, events)
    books.add(record)
    said = next((_fields(e) for e in events if e.kind is EventKind.CLASSIFIED), {})
    end = next((e for e in events if e.kind in _ENDS), None)
    return {
        "id": id,
        "at": events[0].at if events else None,
        **{name: clean(said[name]) for name in _ABOUT if name in said},
        "outcome": end.kind if end is not None else "open",
        "usage": clean(_fields(end).get("usage", {})) if end is not None else {},
        "tags": clean(list(record.tags)),
        "metrics": record.payload(),
        "events": [_event(e) for e in events],
    }


def _event(event: Event) -> dict[str, Any]:
    return {"seq": event.seq, "at": event.at, "kind": event.kind, "payload": clean(_fields(event))}


def _fields(event: Event) -> dict[str, Any]:
    """The payload of an event; empty if it is damaged."""
    said: object = event.payload
    return dict(said) if isinstance(said, Mapping) else {}


def clean(value: Any) -> Any:
    """`value` redacted again, since an older version with fewer patterns may have written the log."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, list):
        return [clean(v) for v in value]
    if isinstance(value, dict):
        return {k: clean(v) for k, v in value.items()}
    return value


def settings_in_use(names: Iterable[str]) -> list[dict[str, Any]]:
    """The profiles of these names as they are on this machine now, since a log has only their names. For a missing or
    unreadable one, the error."""
    return [_settings(name) for name in dict.fromkeys(filter(None, names))]


def _settings(name: str) -> dict[str, Any]:
    try:
        profile = profiles.load(name)
    except ProfileError as e:
        return {"profile": redact(name), "error": redact(str(e))}
    return {"profile": redact(name), "settings": redact_settings(profile.model_dump(mode="json"))}
