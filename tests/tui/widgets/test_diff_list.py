"""Differences and edits as lines."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from penstock_tui.exchange.diff import Difference, folded
from penstock_tui.exchange.model import ExchangeDetail
from penstock_tui.widgets.diff_list import RUN, diff_lines
from penstock_tui.widgets.edit_list import edit_lines
from tests.tui.exchange.context.stories import block, detail, edit, whole


def difference(before: str, after: str, *, m: int = 2, **more: Any) -> Difference:
    lines = tuple(folded(before.splitlines(), after.splitlines()))
    change = edit(m, 900, 90, handle="1a2b3c4d")
    return Difference(change, block(m, "tool_result", 900), before, after, lines=lines, **more)


def shown(one: Difference, width: int = 80, *, full: bool = False) -> list[str]:
    return ["".join(text for text, _ in line).rstrip() for line in diff_lines(one, width, full=full)]


NUMBERS = "".join(f"line {n}\n" for n in range(40))


def test_each_has_a_heading_and_its_lines() -> None:
    """With what, where, by whom and why; lines that are the same are folded."""
    text = shown(difference(NUMBERS, NUMBERS.replace("line 20\n", "line twenty\n")))
    assert text[0].startswith("── 2.0 ▌U result ✎ trim replace · Read · landed · 900 → 90 tokens ──")
    assert text[1:] == [
        "   long",
        "   ⋯ 18 lines the same",
        "     line 18",
        "     line 19",
        "   - line 20",
        "   + line twenty",
        "     line 21",
        "     line 22",
        "   ⋯ 17 lines the same",
        "",
    ]


def test_what_came_in_their_stead_stays_in_sight() -> None:
    """However many lines went."""
    text = shown(difference(NUMBERS, "[40 lines left out]"))
    assert f"   - ⋯ {40 - RUN} more lines like it: e shows them" in text
    assert "   + [40 lines left out]" in text
    assert len(shown(difference(NUMBERS, "x"), full=True)) == 2 + 40 + 1 + 1


def test_a_repack_is_told_in_words() -> None:
    """Line after line would say nothing; `e` shows them all the same."""
    one = replace(difference("{\n  1\n}", "{1}"), same="it is the same JSON with other spaces")
    assert shown(one)[2:] == ["   Nothing is lost: it is the same JSON with other spaces. e shows the lines.", ""]
    assert "   + {1}" in shown(one, full=True)


def test_what_is_not_kept_is_said() -> None:
    """In words, above what is compared in its stead."""
    text = "\n".join(shown(difference("a", "b", is_before_whole=False, is_after_whole=False), 120))
    assert "! What came is not in the store any more: the log's beginning of it is compared." in text
    assert "! What was sent is in the log only: its beginning is compared." in text


def test_nothing_steers_the_terminal() -> None:
    """A tool's output is shown, not obeyed."""
    assert "\x1b" not in "".join(shown(difference("a\x1b[2Jb", "c\x1b]52;c;eA==\x07d")))


def test_edits_are_grouped_by_what_became_of_them() -> None:
    """In words and signs, with why."""
    first = detail(block(0), block(1, "tool_result", 900), changes=[edit(1, 900, 90, turn=1, handle="1a2b3c4d")])
    own = detail(
        block(2, "tool_result", 700),
        changes=[
            edit(2, 700, 70, state="pending", reason="aged"),
            edit(0, 10, 9, state="left out", reason="not valid", b=3),
            edit(2, 0, 9, "note", here=True),
        ],
    )
    found, _ = whole(first, own)
    text = "\n".join("".join(part for part, _ in line).rstrip() for line in edit_lines(found, 90, full=False))
    for words in (
        "landed · 1  9 tokens more",
        "frozen · 1  810 tokens fewer",
        "1.0 ❄ trim · replace · 900 → 90 tokens · tool result Read",
        "since turn 1 · long · penstock expand 1a2b3c4d",
        "pending · 1  630 tokens fewer",
        "2.0 … trim",
        "left out · 1",
        "0.3 ✗ trim",
        "not valid",
    ):
        assert words in text


def test_no_edits() -> None:
    """Or none that the log still tells of."""
    assert "No edit" in edit_lines(ExchangeDetail(), 80, full=False)[0][0][0]
    assert "3 edits replayed" in edit_lines(ExchangeDetail(replayed=3), 80, full=False)[0][0][0]
