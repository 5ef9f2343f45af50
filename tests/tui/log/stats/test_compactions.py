"""Compactions and flushes, from `edit` and `flush` events."""

from __future__ import annotations

from typing import Any

from penstock.events.event import Event, EventKind
from penstock_tui.log.row import Row
from penstock_tui.log.stats.compactions import Compactions

K = EventKind
ROW = Row("x", 1.0, number=0, client="codex", turn=7, conversation="talk")


def edit(state: str, at: float = 1.0, exchange: str = "x", **more: Any) -> Event:
    fields = {"stage": "compaction", "op": "compact", "state": state, "before": 900, "after": 100, "place": "p.0"}
    return Event(int(at), at, exchange, K.EDIT, fields | {"reason": "old turns"} | more)


def test_a_flush_says_why_now() -> None:
    """It comes before its edits, sums up all that landed in it, and gives a compaction its reason."""
    known = Compactions()
    known.fold(Event(1, 1.0, "x", K.FLUSH, {"why": "the cache is cold", "edits": 2}), ROW)
    known.fold(edit("landed"), ROW)
    known.fold(edit("landed", op="replace", before=50, after=10), ROW)
    flush, one = known.rows
    assert (flush.is_flush, flush.edits, flush.freed, flush.why) == (True, 2, 840, "the cache is cold")
    assert (one.stage, one.freed, one.why, one.client, one.turn) == (
        "compaction",
        800,
        "the cache is cold",
        "codex",
        7,
    )
    assert (known.landed, known.freed, known.flushes) == (1, 800, 1), "compactions alone, and each once"


def test_what_waits_frees_nothing_until_it_lands() -> None:
    """And is the same row then: the newest, in the exchange it landed in."""
    known = Compactions()
    known.fold(edit("pending"), ROW)
    assert (known.waiting, known.freed, known.rows[0].freed) == (1, 0, 0)
    known.fold(edit("landed", 5.0, "y"), Row("y", 5.0, number=1, conversation="talk"))
    [one] = known.rows
    assert (one.exchange, one.state, one.freed) == ("y", "landed", 800)
    assert (known.waiting, known.landed) == (0, 1)


def test_the_same_place_in_another_conversation_is_another() -> None:
    known = Compactions()
    known.fold(edit("pending"), ROW)
    known.fold(edit("pending"), Row("y", 1.0, number=1, conversation="another"))
    assert known.waiting == 2


def test_memory_is_bounded_and_sums_are_whole() -> None:
    known = Compactions(limit=5)
    for i in range(20):
        known.fold(edit("landed", place=f"{i}.0"), ROW)
    assert len(known.rows) == 5
    assert (known.landed, known.freed) == (20, 16_000)


def test_an_older_log() -> None:
    """Edits without a place are rows of their own; what is missing is empty."""
    known = Compactions()
    for seq in (1, 2):
        known.fold(Event(seq, 1.0, "x", K.EDIT, {"op": "compact"}), None)
    known.fold(Event(3, 1.0, "x", K.FLUSH, {}), None)
    assert [(one.state, one.freed) for one in known.rows] == [("?", 0), ("?", 0), ("landed", 0)]


def test_the_watermark_is_what_would_have_left() -> None:
    """What left and what all that landed with it took away, of the model's window; the newest of a session counts."""
    known = Compactions()
    row = Row("x", 1.0, number=0, session="s", conversation="talk", provider="anthropic", model="claude-sonnet-4-5")
    known.fold(Event(1, 1.0, "x", K.FLUSH, {"why": "the window is full", "edits": 2}), row)
    known.fold(edit("landed", before=40_000, after=10_000, first_turn=1, last_turn=3), row)
    known.fold(edit("landed", op="replace", before=25_000, after=5_000), row)
    assert known.watermark("s") is None, "it has not left yet"
    row.tokens_out = 100_000
    known.fold(Event(2, 2.0, "x", K.REWRITTEN, {}), row)
    flush, one = known.rows
    assert (one.watermark, flush.watermark, known.watermark("s")) == (0.75, 0.75, 0.75)
    assert (one.covers, flush.segments) == ("turns 1-3", 1)
    assert known.watermark("another") is None


def test_what_waits_has_no_watermark() -> None:
    known = Compactions()
    row = Row("x", 1.0, number=0, session="s", provider="anthropic", model="claude-sonnet-4-5", tokens_out=9)
    known.fold(edit("pending"), row)
    known.fold(Event(2, 2.0, "x", K.REWRITTEN, {}), row)
    assert (known.rows[0].watermark, known.watermark("s")) == (None, None)
