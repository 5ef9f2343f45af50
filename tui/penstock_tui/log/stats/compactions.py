"""`Compactions`: the most recent compactions and flushes (`Compaction`), with what was removed from conversations, when
and why, and sums over all."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from penstock.base.readable import one_line, readable
from penstock.events.event import Event, EventKind
from penstock.events.request_events import EditEvent, FlushEvent
from penstock_tui.log.model_windows import window_of
from penstock_tui.log.row import Row
from penstock_tui.log.stats.sessions import session_of

__all__ = ["Compaction", "Compactions"]

KEPT = 2000
LANDED = "landed"
OPEN = 100
"""The number of exchanges with edits that are kept until the edits are applied."""
WORDS = 400
"""Characters of a summary kept; the whole is read from the ledger."""


@dataclass(slots=True, eq=False)
class Compaction:
    """One compaction, or one flush with all edits that were applied in it."""

    key: str
    at: float
    exchange: str
    state: str
    """`landed`, `pending`, `left out`, or what another version says."""
    stage: str = ""
    """The stage that compacted. Empty: this is a flush."""
    client: str = ""
    turn: int = 0
    before: int = 0
    """Tokens before, estimated."""
    after: int = 0
    why: str = ""
    """Why it was applied now, where a flush says so; else why it was proposed."""
    edits: int = 1
    segments: int = 1
    """For a flush: the number of compactions that were applied in it."""
    conversation: str = ""
    session: str = ""
    """The session under which its request is counted."""
    place: str = ""
    """The ledger's key of the place where it begins."""
    turns: tuple[int, int] = (0, 0)
    """The first and the last turn that it covers. 0: not known."""
    messages: int = 0
    """The number of messages that it covers. 0: not known."""
    handle: str = ""
    """The handle of the original."""
    summary: str = ""
    """The beginning of the text that replaced the turns."""
    sent: int = 0
    """Tokens of its request as forwarded. 0: not known."""
    window: int = 0
    """Tokens of its model's window. 0: not known."""
    spared: int = 0
    """Tokens that all edits applied with it removed."""

    @property
    def is_flush(self) -> bool:
        return not self.stage

    @property
    def freed(self) -> int:
        """Tokens that were removed; 0 until an edit was applied."""
        return self.before - self.after if self.state == LANDED else 0

    @property
    def covers(self) -> str:
        """The turns it replaces, in words. Empty: not known."""
        first, last = self.turns
        if not last:
            return ""
        return f"turns {first}-{last}" if last > first else f"turn {first}"

    @property
    def watermark(self) -> float | None:
        """How full the window would have been without the edits applied then, as a share. None: not known, or not
        applied."""
        if self.state != LANDED or not self.window or not self.sent:
            return None
        return (self.sent + self.spared) / self.window


class Compactions:
    """The most recent ones, oldest first, and sums over all."""

    KINDS = (EventKind.EDIT, EventKind.FLUSH, EventKind.REWRITTEN)

    def __init__(self, limit: int = KEPT) -> None:
        self._limit = limit
        self._rows: OrderedDict[str, Compaction] = OrderedDict()
        self.landed = 0
        """The number of compactions that were applied, including those that are not kept."""
        self.freed = 0
        """Tokens that all compactions removed, estimated."""
        self.flushes = 0
        self._open: OrderedDict[str, list[Compaction]] = OrderedDict()
        """By exchange, what landed in it, until it is known how large it left."""
        self._watermarks: OrderedDict[str, float] = OrderedDict()

    @property
    def rows(self) -> Sequence[Compaction]:
        """The compactions and flushes, the oldest first."""
        return tuple(self._rows.values())

    def get(self, key: str) -> Compaction | None:
        """The row of that key, while it is kept."""
        return self._rows.get(key)

    @property
    def waiting(self) -> int:
        """The number of compactions that are pending."""
        return sum(row.state == "pending" for row in self._rows.values())

    def watermark(self, session: str) -> float | None:
        """How full a session's window was when it was last compacted. None: never, as far as known."""
        return self._watermarks.get(session)

    def fold(self, event: Event, row: Row | None) -> None:
        """Take in an event about edits, a flush, or the size of a forwarded request."""
        said = event.data
        if isinstance(said, FlushEvent):
            self._flush(event, row, said)
        elif not isinstance(said, EditEvent):
            self._measure(event.exchange, row)
        else:
            flush = self._rows.get(_flush_key(event.exchange)) if said.has_landed else None
            if flush is not None:
                flush.before += said.before or 0
                flush.after += said.after or 0
            if said.op == "compact":
                self._compact(event, row, said, flush.why if flush is not None else "")

    def _flush(self, event: Event, row: Row | None, said: FlushEvent) -> None:
        self.flushes += 1
        flush = Compaction(_flush_key(event.exchange), event.at, event.exchange, LANDED)
        flush.why, flush.edits, flush.segments = one_line(said.why), said.edits, 0
        self._keep(flush, row)

    def _compact(self, event: Event, row: Row | None, said: EditEvent, why_now: str) -> None:
        # One that waits is said again when it lands, at the same place of its conversation: it stays one row.
        talk = row.conversation if row is not None else ""
        stage, place = one_line(said.stage), one_line(said.place)
        key = f"{talk or event.exchange}|{stage}|{place or event.seq}"
        one = Compaction(key, event.at, event.exchange, one_line(said.state) or "?", stage or "?")
        one.before, one.after = said.before or 0, said.after or 0
        one.why = why_now or one_line(said.reason)
        one.place, one.handle, one.summary = place, one_line(said.handle), readable(said.text[:WORDS])
        one.turns, one.messages = (said.first_turn or 0, said.last_turn or 0), said.messages or 0
        self._keep(one, row)
        if one.state == LANDED:
            self.landed += 1
            self.freed += one.freed
            flush = self._rows.get(_flush_key(event.exchange))
            if flush is not None:
                flush.segments += 1

    def _measure(self, exchange: str, row: Row | None) -> None:
        landed = [one for one in self._open.pop(exchange, ()) if one.state == LANDED]
        if row is None or not landed:
            return
        flush = next((one for one in landed if one.is_flush), None)
        spared = flush.freed if flush is not None else sum(one.freed for one in landed)
        for one in landed:
            one.sent, one.window, one.spared = row.tokens_out or 0, window_of(row.provider, row.model), spared
            if not one.is_flush and one.watermark is not None:
                self._watermarks[one.session] = one.watermark
                self._watermarks.move_to_end(one.session)
        while len(self._watermarks) > self._limit:
            self._watermarks.popitem(last=False)

    def _keep(self, one: Compaction, row: Row | None) -> None:
        if row is not None:
            one.client, one.turn, one.conversation, one.session = (
                row.client,
                row.turn,
                row.conversation,
                session_of(row),
            )
        self._open.setdefault(one.exchange, []).append(one)
        while len(self._open) > OPEN:
            self._open.popitem(last=False)
        self._rows.pop(one.key, None)
        self._rows[one.key] = one
        while len(self._rows) > self._limit:
            self._rows.popitem(last=False)


def _flush_key(exchange: str) -> str:
    return f"flush|{exchange}"
