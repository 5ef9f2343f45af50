"""What the demo says of itself, from events alone."""

from __future__ import annotations

from penstock.events.cursor import Cursor
from penstock.events.event import Event, EventKind
from penstock_addons.demo.report import Report


def _events(*facts: tuple[str, EventKind, dict[str, object]]) -> list[Event]:
    return [Event(i, 0.0, x, kind, payload) for i, (x, kind, payload) in enumerate(facts, 1)]


def test_a_line_for_each_exchange_that_ends() -> None:
    """With its kind, what was sent and how much of that came from the cache, and what failed with what."""
    usage = {"input": 100, "cache_read": 900, "output": 42}
    report = Report()
    lines = report.take(
        _events(
            ("a", EventKind.CLASSIFIED, {"kind": "main"}),
            ("b", EventKind.CLASSIFIED, {"kind": "subagent"}),
            ("b", EventKind.FAILED, {"status": 529, "error": "Overloaded."}),
            ("a", EventKind.ANSWERED, {"status": 200, "ms": 12.0, "usage": usage, "tools": ["Bash", "Read"]}),
        )
    )
    assert [line.split() for line in lines] == [
        ["1", "subagent", "529", "Overloaded."],
        ["2", "main", "1,000", "in", "90%", "cached", "42", "out", "12", "ms", "Bash", "Read"],
    ]
    assert report.seen == Cursor(seq=4)


def test_the_sums_are_those_of_the_events() -> None:
    """Tokens as the provider counted them; what `count_tokens` answers was not sent."""
    usage = {"input": 250, "cache_read": 750, "output": 3}
    came, sent = ({"plain": plain, "read": 750, "write": 0} for plain in (550, 250))
    money = {"came": came, "sent": sent, "reads_saved": 0, "writes_caused": 0, "how": "exact"}
    money |= {"baseline": 2.0, "paid": 1.5}
    report = Report()
    report.take(
        _events(
            ("a", EventKind.CLASSIFIED, {"kind": "main"}),
            ("a", EventKind.REWRITTEN, {"edits": 2, "tokens_in": 500, "tokens_out": 200}),
            ("a", EventKind.FORWARDED, {"ms": 1.5}),
            ("a", EventKind.ANSWERED, {"ms": 1.0, "usage": usage, "money": money}),
            ("b", EventKind.CLASSIFIED, {"kind": "count"}),
            ("b", EventKind.ANSWERED, {"ms": 1.0, "usage": {"input": 9999}}),
        )
    )
    told = "\n".join([*report.summary(), report.last_line()])
    assert "2 exchanges: 1 main, 1 count" in told
    assert "input 1,000 tokens: 75% read" in told
    assert "edits 2, which kept about 300 tokens" in told
    assert "1.5 ms a request" in told
    assert "failed" not in told
    assert told.endswith("saved $0.5000 of $2.00 (25.0%)")


def test_says_what_was_done_with_a_request() -> None:
    """Below its line, a line for each sort of edit; a budget's level at once."""
    edit = {"state": "landed", "reason": "why", "before": 90, "after": 9, "text": ""}
    lines = Report().take(
        _events(
            ("a", EventKind.CLASSIFIED, {"kind": "main"}),
            ("a", EventKind.FLUSH, {"why": "the cache is cold", "edits": 2}),
            ("a", EventKind.EDIT, {"op": "replace", **edit}),
            ("a", EventKind.EDIT, {"op": "compact", **edit, "messages": 7, "first_turn": 1, "last_turn": 3}),
            ("a", EventKind.EDIT, {"op": "note", **edit, "text": "[Memory]\n- the key\n[end]"}),
            ("a", EventKind.EDIT, {"op": "replace", **edit, "state": "pending"}),
            ("", EventKind.BUDGET, {"budget": "day", "before": "NORMAL", "level": "REDUCED", "why": "70% used"}),
            ("a", EventKind.ANSWERED, {"status": 200, "ms": 1.0}),
        )
    )
    assert [line.strip() for line in lines if line.startswith("      ")] == [
        "budget     NORMAL -> REDUCED: 70% used",
        "flush      the cache is cold: 2 edits to what was sent before",
        "compacted  turns 1-3, 7 messages to a record, 90 -> 9 tokens",
        "trimmed    1 result, 90 -> 9 tokens: why",
        "recalled   - the key",
    ]


def test_a_session_that_never_began_has_a_summary_too() -> None:
    """Nobody divides by nothing."""
    assert next(Report().summary()).startswith("0 exchanges")
