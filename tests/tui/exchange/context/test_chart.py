"""How a request fills the window."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from penstock.events.request_events import TokenShares
from penstock_tui.exchange.context.chart import Chart, changes, chart
from penstock_tui.exchange.context.parts import PartName
from penstock_tui.exchange.history import complete, gather
from penstock_tui.exchange.model import Block, Change, ExchangeDetail
from tests.tui.exchange.context.stories import WINDOW, block, detail, edit, whole

SAID = [block(0, tokens=100), block(1, "tool_use", 50, role="assistant"), block(2, "tool_result", 850)]


def sizes(found: Chart) -> dict[str, tuple[int, int]]:
    return {part.name: (part.came, part.sent) for part in found.parts}


def test_what_the_log_counted_is_shared_out() -> None:
    """The head by its own figures, the messages by their blocks' estimates."""
    found = chart(detail(*SAID, tokens={"system": 400, "tools": 600, "messages": 2000, "total": 3000}), WINDOW)
    assert sizes(found) == {
        PartName.SYSTEM: (400, 400),
        PartName.TOOLS: (600, 600),
        PartName.USER: (200, 200),
        PartName.CALLS: (100, 100),
        PartName.RESULTS: (1700, 1700),
    }
    assert (found.came, found.sent, found.free) == (3000, 3000, 7000)


def test_results_are_told_by_tool() -> None:
    """The largest first."""
    more = block(3, "tool_result", 900, name="Bash")
    [results] = [part for part in chart(detail(*SAID, more), WINDOW).parts if part.name is PartName.RESULTS]
    assert [(one.label, one.came) for one in results.of] == [("Bash", 900), ("Read", 850)]


def test_an_edit_takes_from_its_part_alone() -> None:
    """What was not edited is as large as it came."""
    own = complete(detail(*SAID, changes=[edit(2, 850, 250)], tokens_in=2000, tokens_out=1400), gather([], 0, 10))
    assert sizes(chart(own, WINDOW)) == {
        PartName.SYSTEM: (400, 400),
        PartName.TOOLS: (600, 600),
        PartName.USER: (100, 100),
        PartName.CALLS: (50, 50),
        PartName.RESULTS: (850, 250),
    }


def test_notes_and_records_are_ours() -> None:
    """A record stands for its messages; an edit of one of those is not sent, and not counted."""
    edits = [edit(0, 900, 80, "compact"), edit(2, 850, 250), edit(3, 0, 20, "note")]
    own = detail(*SAID, block(3, tokens=100), changes=edits, tokens_in=2100, tokens_out=1200)
    found = chart(complete(own, gather([], 0, 10), lambda _: 3), WINDOW)
    assert sizes(found) == {
        PartName.SYSTEM: (400, 400),
        PartName.TOOLS: (600, 600),
        PartName.USER: (200, 100),
        PartName.CALLS: (50, 0),
        PartName.RESULTS: (850, 0),
        PartName.NOTES: (0, 20),
        PartName.RECORD: (0, 80),
    }


def test_what_the_log_does_not_list_is_a_part() -> None:
    """It takes room all the same."""
    found = chart(detail(block(8), tokens={"system": 0, "tools": 0, "messages": 1000, "total": 1000}), WINDOW)
    assert sizes(found) == {PartName.USER: (100, 100), PartName.UNSEEN: (900, 900)}


def test_before_it_is_enriched_it_is_as_it_came() -> None:
    """Nothing is known of edits yet."""
    assert chart(detail(*SAID), WINDOW).sent == 2000


def test_an_empty_story_has_no_parts() -> None:
    """A request that was not read."""
    assert chart(ExchangeDetail(), WINDOW).parts == ()


def test_a_change_is_of_blocks() -> None:
    """A calibration that moved is none: what was not added to has not grown."""
    first = detail(*SAID, tokens={"system": 400, "tools": 600, "messages": 1000, "total": 2000})
    second = detail(block(3, tokens=500), tokens={"system": 410, "tools": 610, "messages": 1650, "total": 2670})
    now, [before] = whole(first, second)
    assert changes(chart(now, WINDOW), chart(before, WINDOW)) == {PartName.USER: 550}


def test_tools_that_were_added_are_a_change() -> None:
    first, second = detail(*SAID), detail(block(3))
    second.shares = TokenShares(400, 1600, 1100, 3100)
    now, [before] = whole(first, second)
    assert changes(chart(now, WINDOW), chart(before, WINDOW)) == {PartName.USER: 100, PartName.TOOLS: 1000}


numbers = st.integers(-5, 5000)
blocks = st.builds(
    block,
    st.integers(0, 12),
    st.sampled_from(["text", "thinking", "tool_use", "tool_result", "media", "other", "new"]),
    numbers.filter(lambda n: n >= 0),
    role=st.sampled_from(["user", "assistant", "system", "tool", ""]),
    name=st.sampled_from(["", "Read", "Bash"]),
)
edits = st.builds(
    edit,
    st.integers(0, 12),
    st.integers(0, 3000),
    st.integers(0, 3000),
    st.sampled_from(["replace", "note", "compact", "other"]),
    st.sampled_from(["landed", "pending", "left out", "odd"]),
)


@given(
    st.lists(blocks, max_size=12),
    st.lists(edits, max_size=6),
    st.dictionaries(st.sampled_from(["system", "tools", "messages", "total"]), numbers),
    st.none() | numbers,
    st.none() | numbers,
    st.integers(0, 5),
)
def test_parts_add_up(
    listed: list[Block],
    told: list[Change],
    tokens: dict[str, int],
    came: int | None,
    sent: int | None,
    covers: int,
) -> None:
    """To the whole, as it came and as it was sent, whatever a log says; none is below nothing."""
    own = ExchangeDetail(
        blocks=listed, changes=told, shares=TokenShares(**tokens), tokens_in=came, tokens_out=sent, messages=9
    )
    found = chart(complete(own, gather([], 0, 10), lambda _: covers), WINDOW)
    assert sum(part.came for part in found.parts) == found.came
    assert sum(part.sent for part in found.parts) == found.sent
    assert all(part.came >= 0 and part.sent >= 0 for part in found.parts)
    for part in found.parts:
        if part.of:
            assert (part.came, part.sent) == (sum(one.came for one in part.of), sum(one.sent for one in part.of))
