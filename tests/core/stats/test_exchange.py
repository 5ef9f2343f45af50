"""What an exchange came to."""

from __future__ import annotations

from typing import Any

import pytest

from penstock.events.event import Event, EventKind
from penstock.stats.exchange import ExchangeRecord

K = EventKind
EDIT = {"stage": "trim", "op": "replace", "state": "landed", "reason": "long", "before": 900, "after": 200}
NOTE = {"stage": "memory", "op": "note", "state": "landed", "reason": "2 of memory", "before": 0, "after": 60}
COMPACT = {"stage": "compaction", "op": "compact", "state": "pending", "reason": "old", "before": 5000, "after": 500}
ANSWERED = {
    "status": 200,
    "ms": 900.0,
    "first_ms": 200.0,
    "model": "m-1",
    "usage": {"input": 10, "output": 5, "cache_read": 80, "cache_write": 10},
    "money": {"baseline": 0.04, "paid": 0.01, "own": 0.005, "naive": 0.05, "how": "exact"},
}


def measured(*facts: tuple[EventKind, dict[str, Any]]) -> ExchangeRecord:
    return ExchangeRecord.of(
        "aa", [Event(i, 100.0 + i, "aa", kind, payload) for i, (kind, payload) in enumerate(facts, 1)]
    )


def test_all_of_a_life() -> None:
    """Who, what was edited, what it cost, how long it took."""
    found = measured(
        (K.RECEIVED, {"client": "codex"}),
        (K.CLASSIFIED, {"kind": "main", "session": "s", "turn": 3, "epoch": 1, "tokens": {"total": 1500, "system": 7}}),
        (K.EDIT, EDIT),
        (K.EDIT, NOTE),
        (K.EDIT, COMPACT),
        (K.FLUSH, {"why": "the cache is cold", "edits": 1}),
        (K.REWRITTEN, {"tokens_in": 1600, "tokens_out": 960, "pending": 1, "how": "calibrated", "ms": 4.0}),
        (K.FORWARDED, {"ms": 25.0, "queued_ms": 20}),
        (K.ANSWERED, ANSWERED),
    )
    assert (found.at, found.client, found.session, found.turn, found.outcome) == (101.0, "codex", "s", 3, "answered")
    assert (found.tokens_in, found.tokens_out, found.shares.system) == (1600, 960, 7)
    assert (found.injected_now, found.freed_now, found.pending, found.flush) == (60, 700, 1, "the cache is cold")
    assert [found.landed(op) for op in ("replace", "note", "compact")] == [1, 1, 0]
    assert (found.usage.prompt, found.cache_share, found.saved) == (100, 0.8, pytest.approx(0.025))
    assert (found.suite_ms, found.first_ms, found.ms, found.model) == (5.0, 200.0, 900.0, "m-1")


def test_the_turns_tags_count_for_more_than_the_requests() -> None:
    """Whichever is told first."""
    request, turn = {"of": "request", "tags": ["a"]}, {"of": "turn", "tags": ["b", "b", " ", "c"]}
    assert measured((K.TAGGED, request)).tags == ("a",)
    assert measured((K.TAGGED, request), (K.TAGGED, turn)).tags == ("b", "c")
    assert measured((K.TAGGED, turn), (K.TAGGED, request)).tags == ("b", "c")


def test_what_a_provider_does_not_count_the_bill_tells() -> None:
    """And it says that it is an estimate."""
    money = {"baseline": 0.02, "paid": 0.02, "how": "estimated", "sent": {"plain": 25, "read": 75, "write": 0}}
    found = measured((K.ANSWERED, {"usage": {"output": 4}, "money": money}))
    assert found.money is not None
    assert (found.usage.prompt, found.cache_share, found.money.is_estimated) == (None, 0.75, True)


@pytest.mark.parametrize(
    ("kind", "payload", "outcome", "why"),
    [
        (K.FAILED, {"why": "provider", "error": "Overloaded", "ms": 5.0}, "failed", "provider: Overloaded"),
        (K.REFUSED, {"message": "the budget is used up"}, "refused", "the budget is used up"),
        (K.BYPASSED, {"why": "asked for"}, "open", "asked for"),
    ],
)
def test_other_ends(kind: EventKind, payload: dict[str, Any], outcome: str, why: str) -> None:
    """Each with its reason."""
    found = measured((kind, payload))
    assert (found.outcome, found.reason) == (outcome, why)


@pytest.mark.parametrize("payload", [{}, {"tokens": 5, "usage": [], "money": "x", "tags": 3, "before": "many"}])
def test_a_log_of_another_version(payload: dict[str, Any]) -> None:
    """A field that is missing, or of another type, is as good as empty."""
    found = measured(*((kind, payload) for kind in K))
    assert found.payload()["injected"] == 0
    assert found.saved is None


def test_a_payload_leaves_out_what_nobody_said() -> None:
    """A reader need not tell 0 from not known."""
    found = measured((K.RECEIVED, {})).payload()
    assert found["tokens"] == found["latency_ms"] == {}
    assert "money" not in found


def test_what_was_sent_once_more_counts_with_its_request() -> None:
    """Each keep-alive request, and what all of them cost."""
    read = {"conversation": "c", "read": 9_000, "write": 0, "usd": 0.002, "stopped": ""}
    found = measured((K.ANSWERED, ANSWERED), (K.KEPT_ALIVE, read), (K.KEPT_ALIVE, read | {"usd": None}))
    assert (found.reads, found.reads_cost) == (2, 0.002)


def test_counting_tokens_reads_no_cache() -> None:
    """Nothing is known of one, whatever the bill has."""
    found = measured((K.CLASSIFIED, {"kind": "count"}), (K.ANSWERED, ANSWERED))
    assert (found.cached, found.cache_share) == ((0, 0), None)
