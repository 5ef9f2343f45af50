"""What the demo says of itself, from events alone."""

from __future__ import annotations

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
    assert report.seen == 4


def test_the_sums_are_those_of_the_events() -> None:
    """Tokens as the provider counted them; what `count_tokens` answers was not sent."""
    report = Report()
    report.take(
        _events(
            ("a", EventKind.CLASSIFIED, {"kind": "main"}),
            ("a", EventKind.REWRITTEN, {"edits": 2, "tokens_in": 500, "tokens_out": 200}),
            ("a", EventKind.FORWARDED, {"ms": 1.5}),
            ("a", EventKind.ANSWERED, {"ms": 1.0, "usage": {"input": 250, "cache_read": 750, "output": 3}}),
            ("b", EventKind.CLASSIFIED, {"kind": "count"}),
            ("b", EventKind.ANSWERED, {"ms": 1.0, "usage": {"input": 9999}}),
        )
    )
    told = "\n".join(report.summary())
    assert "2 exchanges: 1 main, 1 count" in told
    assert "input 1,000 tokens: 75% read" in told
    assert "edits 2, which kept about 300 tokens" in told
    assert "1.5 ms a request" in told
    assert "failed" not in told


def test_a_session_that_never_began_has_a_summary_too() -> None:
    """Nobody divides by nothing."""
    assert next(Report().summary()).startswith("0 exchanges")
