"""One memory, whole, in lines."""

from __future__ import annotations

from collections.abc import Sequence

from penstock.base.format import plural
from penstock_tui.data.memory import Remembered, Whole
from penstock_tui.format import age, count, full_time
from penstock_tui.widgets.wrapped_text import Line, labelled, section

__all__ = ["whole_lines"]

ROLES = {"user": "a person", "assistant": "the agent", "tool": "done by a tool"}
BEGINNING = 160


def whole_lines(found: Whole, now: float, turn: str) -> list[Line]:
    """All that is known of an item; `turn`: where it was said, in words."""
    item = found.item
    said = "nobody knows when" if item.at is None else f"{full_time(item.at)}, {age(now - item.at)} ago"
    until = "for good" if item.pinned or item.expires_at is None else f"until {full_time(item.expires_at)}"
    marks = [f"+{item.helpful} helpful"] * bool(item.helpful) + [f"-{item.wrong} wrong"] * bool(item.wrong)
    facts: list[Line] = [
        labelled("id", (item.id, "strong")),
        labelled("project", (item.where, "plain")),
        labelled("source turn", (turn, "plain")),
        labelled("said", (f"{said}, by {ROLES.get(item.role, item.role)}", "plain")),
        labelled("tags", (", ".join(item.tags) or "none", "accent" if item.tags else "dim")),
        labelled("kept", (f"{'pinned, ' if item.pinned else ''}{until}", "plain")),
        labelled("marks", (", ".join(marks) or "none", "plain" if marks else "dim")),
        labelled("size", (f"{plural(item.tokens, 'token')}, about; {count(len(item.text))} characters", "plain")),
    ]
    body: list[Line] = [((row.expandtabs(), "plain"),) for row in item.text.split("\n")]
    return [
        *section("Memory", facts),
        *section("Text", body),
        *section("Before it", _brief(found.before)),
        *section("Behind it", _brief(found.behind)),
    ]


def _brief(items: Sequence[Remembered]) -> list[Line]:
    return [((f"{item.role}: ", "dim"), (item.line[:BEGINNING], "plain")) for item in items]
