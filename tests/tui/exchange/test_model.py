"""The details of one exchange, from its own events and those of its conversation."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from penstock.events.event import Event, EventKind
from penstock.events.request_events import TokenShares
from penstock_tui.exchange.fold import build_detail
from penstock_tui.exchange.history import complete, gather
from penstock_tui.exchange.model import ExchangeDetail
from penstock_tui.exchange.reader import ExchangeReader, Wanted
from penstock_tui.log.log_model import LogModel
from penstock_tui.widgets.block_lines import lines_of
from tests.tui.logs import Facts, Log, life

K = EventKind


def told(facts: Facts) -> ExchangeDetail:
    return build_detail(Event(i, float(i), "x1", kind, payload) for i, (kind, payload) in enumerate(facts))


def block(m: int, text: str, role: str = "user") -> dict[str, Any]:
    return {"m": m, "role": role, "kind": "text", "tokens": 3, "name": "", "id": "", "text": text}


def sent(first: int, *texts: str, messages: int | None = None) -> ExchangeDetail:
    """An exchange in which the messages from `first` on were new."""
    blocks = [block(first + i, text) for i, text in enumerate(texts)]
    return told(life(first=first, blocks=blocks, messages=messages or first + len(texts)))


def texts(detail: ExchangeDetail) -> list[str]:
    return [one.text for one in detail.blocks]


def shown(*earlier: ExchangeDetail, limit: int = 100) -> ExchangeDetail:
    """The last of `earlier` with the others before it."""
    *before, own = earlier
    return complete(own, gather(reversed(before), own.first, limit))


def test_all_of_a_life_is_told() -> None:
    detail = told(life())
    assert [step.name for step in detail.steps] == [
        "received",
        "classified",
        "rewritten",
        "forwarded",
        "answered",
        "processed",
    ]
    assert [(one.stage, one.outcome) for one in detail.verdicts] == [("envelope", "nothing"), ("pruning", "edited")]
    [change] = detail.changes
    assert (change.stage, change.before, change.after, change.reason) == ("pruning", 700, 200, "a long listing")
    assert detail.shares == TokenShares(300, 1000, 700, 2000, "calibrated")
    assert (detail.bytes_in, detail.bytes_out, detail.changed) == (9000, 7000, True)
    assert (detail.stop, detail.text) == ("tool_use", "It fails because the tree is empty.")


def test_what_was_kept_is_told_with_its_handle() -> None:
    """A client's own compaction: how to see what it threw away."""
    kept = (
        K.HISTORY_ARCHIVED,
        {"handle": "1a2b3c4d", "why": "the client compacted its history", "messages": 9, "tokens": 99},
    )
    [*_, step] = told([*life(), kept]).steps
    assert (step.name, step.note) == ("history_archived", "the client compacted its history: expand 1a2b3c4d")


def test_blocks_gather_over_a_conversation() -> None:
    """Each exchange lists what was new in it; together they are what was sent."""
    detail = shown(sent(0, "a"), sent(1, "b", "c"), sent(3, "d"))
    assert texts(detail) == ["a", "b", "c", "d"]
    assert [one.new for one in detail.blocks] == [False, False, False, True]
    assert detail.known_from == 0


def test_a_rewind_replaces_what_came_after() -> None:
    """The client went back two messages and on from there: what it left is not shown."""
    detail = shown(sent(0, "a", "b"), sent(2, "left", "left too"), sent(2, "c"), sent(3, "d"))
    assert texts(detail) == ["a", "b", "c", "d"]


def test_a_compaction_begins_anew() -> None:
    """After the client compacted, its history is the new one only."""
    detail = shown(sent(0, "old", "old too"), sent(0, "summary"), sent(1, "next"))
    assert texts(detail) == ["summary", "next"]


def test_what_the_log_does_not_hold_is_said() -> None:
    """Messages sent before the log begins are counted, not invented."""
    detail = shown(sent(5, "f"), sent(6, "g"))
    assert texts(detail) == ["f", "g"]
    assert detail.known_from == 5


def test_long_conversations_are_bounded() -> None:
    detail = shown(*(sent(i, f"message {i}") for i in range(50)), limit=10)
    assert len(detail.blocks) <= 12
    assert texts(detail)[-1] == "message 49"
    assert detail.known_from > 0


def test_edits_stand_at_their_blocks() -> None:
    """Those of earlier exchanges too, as they are replayed; what was only proposed then is not."""
    earlier = sent(0, "a", "b")
    pending = (K.EDIT, {"stage": "s", "op": "replace", "state": "pending", "reason": "later", "m": 1, "b": 0})
    detail = shown(earlier, told([*life(first=2, blocks=[block(2, "c")])[:2], pending]))
    by_text = {one.text: one.changes for one in detail.blocks}
    assert [(change.reason, change.here) for change in by_text["a"]] == [("a long listing", False)]
    assert [(change.reason, change.here) for change in by_text["b"]] == [("later", True)]
    assert by_text["c"] == ()


def edit(state: str, reason: str, **more: Any) -> tuple[EventKind, dict[str, Any]]:
    place = {"m": 0, "b": 0, "place": "key.0"} | more
    return K.EDIT, {"stage": "s", "op": "replace", "state": state, "reason": reason, **place}


def fates(*told_of_it: tuple[str, str]) -> list[tuple[str, str]]:
    """What stands in the last of so many exchanges, each of which tells one thing of the same edit."""
    stories = [
        told([*life(first=i, blocks=[block(i, f"{i}")])[:2], *([edit(*one)] if one[0] else [])])
        for i, one in enumerate(told_of_it)
    ]
    return [(str(change.edit_state), change.reason) for change in shown(*stories).changes]


def test_what_was_told_last_of_an_edit_counts() -> None:
    """It waits until it lands or is left out; what landed stays, whatever is proposed after."""
    nothing = ("", "")
    assert fates(("pending", "a"), nothing) == [("pending", "a")]
    assert fates(("pending", "a"), ("pending", "b"), nothing) == [("pending", "b")]
    assert fates(("pending", "a"), ("landed", "b"), nothing) == [("frozen", "b")]
    assert fates(("pending", "a"), ("landed", "b")) == [("landed", "b")]
    assert fates(("pending", "a"), ("left out", "b"), nothing) == []
    assert fates(("landed", "a"), ("landed", "b"), nothing) == [("frozen", "b")]
    assert fates(("landed", "a"), ("left out", "b"), nothing) == [("frozen", "a")]
    assert fates(("landed", "a"), ("pending", "b"), nothing) == [("frozen", "a"), ("pending", "b")]
    assert fates(("landed", "a"), ("pending", "b")) == [("frozen", "a"), ("pending", "b")]


def test_an_edit_goes_with_its_message() -> None:
    """The client went back, and another message stands there now."""
    trimmed = told([*life(first=1, blocks=[block(1, "long")])[:2], edit("landed", "r", m=1)])
    assert "r" in [one.reason for one in shown(sent(0, "a"), trimmed, sent(2, "b")).changes]
    rewound = shown(sent(0, "a"), trimmed, sent(1, "other"), sent(2, "b"))
    assert texts(rewound) == ["a", "other", "b"]
    assert "r" not in [one.reason for one in rewound.changes]


def test_several_blocks_of_a_message_are_numbered() -> None:
    detail = told(life(first=4, blocks=[block(4, "a"), block(4, "b"), block(5, "c")]))
    assert [(one.m, one.b) for one in detail.blocks] == [(4, 0), (4, 1), (5, 0)]


def test_a_result_is_named_by_its_call() -> None:
    """Even when the call was sent in an earlier request."""
    call = {"m": 0, "role": "assistant", "kind": "tool_use", "name": "Grep", "id": "t1", "text": "{}"}
    result = {"m": 1, "role": "user", "kind": "tool_result", "name": "", "id": "t1", "text": "found"}
    detail = shown(told(life(first=0, blocks=[call])), told(life(first=1, blocks=[result])))
    assert [one.name for one in detail.blocks] == ["Grep", "Grep"]


def test_gaps_are_shown() -> None:
    """A log lists so many blocks of a request and no more: what it leaves out is counted where it would stand."""
    detail = shown(sent(0, "a"), told(life(first=1, blocks=[block(40, "x"), block(41, "y")])))
    text = ["".join(part for part, _ in line) for line in lines_of(detail, 80, full=False)[0]]
    assert [line for line in text if "⋯" in line] == [
        "   ⋯ 39 messages not shown: empty, or more at once than the log lists"
    ]


def test_an_edit_whose_block_is_gone_has_no_place() -> None:
    detail = told([(K.EDIT, {"stage": "s", "op": "replace", "state": "left out", "m": -1, "b": -1})])
    assert (detail.changes[0].m, detail.changes[0].b) == (None, None)


def test_reads_from_the_log(log: Log) -> None:
    """The reader finds the conversation's earlier exchanges in the file."""
    for i in range(3):
        log.exchange(life(f"words {i}", first=i, messages=i + 1, blocks=[block(i, f"words {i}")]))
    model = LogModel()
    model.apply(log.store.events_after())
    row = model.rows[-1]
    detail = ExchangeReader(log.path).read(Wanted.of(row, model.earlier(row)))
    assert texts(detail) == ["words 0", "words 1", "words 2"]


values = (
    st.none() | st.integers() | st.floats() | st.text(max_size=5) | st.lists(st.dictionaries(st.text(), st.integers()))
)
names = sorted({name for _, payload in life() for name in payload})


@given(st.lists(st.tuples(st.sampled_from(K), st.dictionaries(st.sampled_from(names), values, max_size=6)), max_size=8))
def test_any_payload_is_told(facts: Facts) -> None:
    """Missing fields and other types leave gaps, nothing more."""
    detail = told(facts)
    complete(detail, gather([detail, detail], detail.first, 10))
