"""`explained`: builds one exchange as JSON data, with its stages, its edits and the texts before and after them, for
`penstock explain --json` and for the service."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from penstock.edits.edit import Edit
from penstock.events.event import Event
from penstock.events.payload import payload_of
from penstock.events.request_events import EditEvent, FlushEvent, StageEvent
from penstock.events.response_events import KeptAliveEvent
from penstock.stats.exchange import ExchangeRecord
from penstock.stats.export import exchange_payload
from penstock.stats.totals import Totals
from penstock.store.base import Store
from penstock.store.before_after import before_after

__all__ = ["explained"]


def explained(
    log: Store, events: list[Event], replayed: Iterable[tuple[str, EditEvent]], why_little_saved: list[str]
) -> dict[str, Any]:
    """An exchange as an export has it, with the texts of its edits in place of its events. `replayed`: edits that
    landed earlier, each with the exchange it landed in."""
    record = ExchangeRecord.of(events[0].exchange, events)
    ledger = [one.edit for one in log.edits_of(record.conversation)]
    found = exchange_payload(record.id, events, Totals())
    del found["events"]
    return found | {
        "stages": [payload_of(said) for said in record.find_all(StageEvent)],
        "flush": next((payload_of(said) for said in record.find_all(FlushEvent)), None),
        "edits": [payload_of(said) | _texts(log, ledger, said) for said in record.changes],
        "replayed": [{"exchange": id, **payload_of(said)} for id, said in replayed],
        "keep_alive": [payload_of(said) for said in record.find_all(KeptAliveEvent)],
        "why_little_saved": why_little_saved,
    }


def _texts(log: Store, ledger: list[Edit], told: EditEvent) -> dict[str, Any]:
    """The texts before and after an edit, whole if they are stored; only for an edit that landed."""
    if not told.has_landed:
        return {}
    texts = before_after(log, ledger, told)
    return {"original": texts.handle or None, "text_before": texts.before, "text_after": texts.after}
