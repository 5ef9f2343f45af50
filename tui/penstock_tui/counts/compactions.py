"""Compactions and flushes: what was taken out of conversations, when, and why then."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from penstock.events import Event, EventKind
from penstock_tui.payload import Payload
from penstock_tui.rows import Row

__all__ = ["Compaction", "Compactions"]

KEPT = 2000
LANDED = "landed"


@dataclass(slots=True, eq=False)
class Compaction:
    """One edit that compacts, or one flush with all that landed in it."""

    key: str
    at: float
    exchange: str
    state: str
    """`landed`, `pending`, `left out`, or what another version says."""
    stage: str = ""
    """Empty: it is a flush."""
    client: str = ""
    turn: int = 0
    before: int = 0
    """Tokens, estimated."""
    after: int = 0
    why: str = ""
    """Why now, where a flush says so; else why at all."""
    edits: int = 1

    @property
    def is_flush(self) -> bool:
        return not self.stage

    @property
    def freed(self) -> int:
        """Tokens; 0 as long as nothing landed."""
        return self.before - self.after if self.state == LANDED else 0


class Compactions:
    """The newest of them, oldest first, and sums over all."""

    KINDS = (EventKind.EDIT, EventKind.FLUSH)

    def __init__(self, limit: int = KEPT) -> None:
        self._limit = limit
        self._rows: OrderedDict[str, Compaction] = OrderedDict()
        self.landed = 0
        """Compactions that landed, those included that are not kept."""
        self.freed = 0
        """Tokens they took away, estimated."""
        self.flushes = 0

    @property
    def rows(self) -> Sequence[Compaction]:
        """Oldest first."""
        return tuple(self._rows.values())

    def get(self, key: str) -> Compaction | None:
        """The row of that key, while it is kept."""
        return self._rows.get(key)

    @property
    def waiting(self) -> int:
        """Compactions that wait for their time."""
        return sum(row.state == "pending" for row in self._rows.values())

    def fold(self, event: Event, row: Row | None) -> None:
        """Take an `edit` or a `flush` event in."""
        data = Payload(event.payload)
        if event.kind is EventKind.FLUSH:
            self._flush(event, row, data)
            return
        before, after = data.whole("before") or 0, data.whole("after") or 0
        flush = self._rows.get(_flush_key(event.exchange))
        is_landed = data.line("state") == LANDED
        if flush is not None and is_landed:
            flush.before += before
            flush.after += after
        if data.line("op") == "compact":
            self._compact(event, row, data, flush.why if flush is not None and is_landed else "")

    def _flush(self, event: Event, row: Row | None, data: Payload) -> None:
        self.flushes += 1
        flush = Compaction(_flush_key(event.exchange), event.at, event.exchange, LANDED)
        flush.why, flush.edits = data.line("why"), data.whole("edits") or 0
        self._keep(flush, row)

    def _compact(self, event: Event, row: Row | None, data: Payload, why_now: str) -> None:
        # One that waits is said again when it lands, at the same place of its conversation: it stays one row.
        talk = row.conversation if row is not None else ""
        key = f"{talk or event.exchange}|{data.line('stage')}|{data.line('place') or event.seq}"
        one = Compaction(key, event.at, event.exchange, data.line("state") or "?", data.line("stage") or "?")
        one.before, one.after = data.whole("before") or 0, data.whole("after") or 0
        one.why = why_now or data.line("reason")
        self._keep(one, row)
        if one.state == LANDED:
            self.landed += 1
            self.freed += one.freed

    def _keep(self, one: Compaction, row: Row | None) -> None:
        if row is not None:
            one.client, one.turn = row.client, row.turn
        self._rows.pop(one.key, None)
        self._rows[one.key] = one
        while len(self._rows) > self._limit:
            self._rows.popitem(last=False)


def _flush_key(exchange: str) -> str:
    return f"flush|{exchange}"
