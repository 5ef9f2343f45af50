"""What is worth a look."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from penstock.events.request_events import LoggedTool
from penstock_tui.exchange.context.chart import chart
from penstock_tui.exchange.context.findings import Finding, findings
from penstock_tui.exchange.model import Block, ExchangeDetail
from tests.tui.exchange.context.stories import WINDOW, block, detail, edit, whole


def found(*stories: ExchangeDetail) -> list[Finding]:
    own, earlier = whole(*stories)
    return findings(own, earlier, chart(own, WINDOW))


def about(word: str, *stories: ExchangeDetail) -> list[str]:
    return [one.text for one in found(*stories) if one.about == word]


def called(m: int, text: str, tokens: int = 300, *, name: str = "Read") -> list[Block]:
    """A call and its result."""
    use = block(m, "tool_use", 20, role="assistant", name=name, id=f"t{m}", text=text)
    return [use, block(m + 1, "tool_result", tokens, name="", id=f"t{m}")]


def test_large_results_are_named_and_can_be_gone_to() -> None:
    """By what they take of the window now; the call says what it is."""
    first = detail(
        *called(0, '{"file_path":"src/tide.py"}', 900), *called(2, '{"command":"make all"}', 800, name="Bash")
    )
    first.changes = [edit(1, 900, 250)]
    own = [one for one in found(first, detail(block(4), turn=2)) if one.about == "large"]
    assert [one.text for one in own] == [
        "800 tokens: Bash make all, message 3, turn 1",
        "250 of 900 tokens: Read src/tide.py, message 1, turn 1",
    ]
    assert [one.place for one in own] == [(3, 0), (1, 0)]


def test_small_results_are_not_large() -> None:
    assert about("large", detail(*called(0, "{}", 100))) == []


def test_a_file_read_again_is_told() -> None:
    """Whatever else was asked for of it; other calls only where they are the same."""
    one = detail(
        *called(0, '{"file_path":"a.py"}'),
        *called(2, '{"file_path":"a.py","offset":9}'),
        *called(4, '{"command":"ls","path":"a"}', name="Bash"),
        *called(6, '{"path":"a","command":"ls"}', name="Bash"),
        *called(8, '{"command":"pwd","path":"a"}', name="Bash"),
    )
    assert about("repeated", one) == ["2 times: Read a.py, 600 tokens as sent", "2 times: Bash a, 600 tokens as sent"]


def test_calls_the_log_has_cut_are_not_compared() -> None:
    """They may differ further on."""
    assert about("repeated", detail(*called(0, '{"command":"x…'), *called(2, '{"command":"x…'))) == []


def test_tools_nobody_calls_are_told() -> None:
    """With what they take, as shares of what tools take; an answer's calls count before their results come."""
    tools = (LoggedTool("Read", 100), LoggedTool("Bash", 100), LoggedTool("Task", 100))
    first = detail(*called(0, "{}"), toolset=tools, tools=("Read",))
    assert about("unused", first, detail(block(2), tools=("Bash",))) == [
        "1 of 3 tools never called, 200 tokens: Task 200"
    ]
    assert about("unused", detail(*called(0, "{}"))) == [], "an older log does not name them"


def sized(turn: int, total: int, **more: Any) -> ExchangeDetail:
    given = {"turn": turn, "tokens": {"system": 0, "tools": 0, "messages": total, "total": total}}
    return detail(block(turn, tokens=total), **(given | more))


def test_the_pace_tells_when_the_window_is_full() -> None:
    """By the last turns; a turn is as large as its last request."""
    turns = [sized(1, 500), sized(1, 1000), sized(2, 2000), sized(3, 3000)]
    assert about("overflow", *turns) == [
        "Full in about 7 turns at 1.0k a turn, the pace of the last 2 turns; past the hard threshold in 6."
    ]


def test_a_history_that_shrank_begins_a_pace_anew() -> None:
    """What was before the client's compaction says nothing of what comes."""
    turns = [sized(1, 1000), sized(2, 9000), sized(3, 2000, epoch=1), sized(4, 4000, epoch=1)]
    [text] = about("overflow", *turns)
    assert text.startswith("Full in about 3 turns at 2.0k a turn, the pace of the last turn;")


def test_one_turn_is_measured_by_its_requests() -> None:
    """A long tool loop."""
    [text] = about("overflow", sized(1, 1000), sized(1, 4000))
    assert text.startswith("Full in about 2 requests at 3.0k a request")


def test_past_the_hard_threshold_is_told_at_once() -> None:
    """In the first request that the log has, too."""
    assert about("overflow", sized(1, 9000)) == ["The window is 90% full: above the hard threshold."]


def test_a_history_that_outgrows_what_is_sent_is_told() -> None:
    """The client does not see it: it plans by what the provider counts."""
    limits = replace(WINDOW, received=9_000)
    for came, tone in ((7_000, None), (7_500, "warn"), (9_100, "bad")):
        own, earlier = whole(detail(block(0), tokens_in=came, tokens_out=3_000))
        told = [one for one in findings(own, earlier, chart(own, limits)) if one.about == "received"]
        assert [one.tone for one in told] == ([tone] if tone else [])
    assert told[0].text.startswith("The history as received is 91% of the window, 30% was sent: from 90% on")


def test_a_window_that_does_not_fill_is_no_finding() -> None:
    assert about("overflow", sized(1, 3000), sized(2, 3000), sized(3, 2900)) == []


def test_what_waits_is_told() -> None:
    """With what it would free."""
    waits = detail(*called(0, "{}", 800), changes=[edit(1, 800, 100, state="pending")])
    assert about("pending", waits) == ["1 edit would free 700 tokens, and wait for a cold cache."]


def test_what_waits_frees_what_is_sent_now() -> None:
    """Its block may be short already: of 10,000 tokens that came 2,000 are sent, and that is what there is to free."""
    landed = edit(1, 10_000, 2000)
    waits = detail(*called(0, "{}", 10_000), changes=[landed, edit(1, 10_000, 100, state="pending", place="again")])
    assert about("pending", waits) == ["1 edit would free 1.9k tokens, and wait for a cold cache."]


def test_nothing_is_found_in_nothing() -> None:
    """A log that does not say what was sent."""
    assert found(ExchangeDetail()) == []
