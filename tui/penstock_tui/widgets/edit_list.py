"""`EditList`: lists the edits of a request by state (`edit_lines`): first sent with this request, sent before and
repeated, waiting for the provider's cache to expire, or rejected; each with its reason."""

from __future__ import annotations

from collections.abc import Iterator

from penstock.base.format import plural
from penstock_tui.exchange.model import Change, EditState, ExchangeDetail
from penstock_tui.format import count
from penstock_tui.widgets.block_lines import wrapped
from penstock_tui.widgets.cell_width import fitted
from penstock_tui.widgets.edit_words import mark_of, size_of, state_of, tone_of_edit
from penstock_tui.widgets.line_view import LineView
from penstock_tui.widgets.wrapped_text import Line

__all__ = ["EditList", "edit_lines"]

LEGEND = "✎ landed  ❄ frozen  … pending  ✗ left out"
_ABOUT = {
    EditState.LANDED: "left with this request for the first time",
    EditState.FROZEN: "landed before, and replayed byte for byte",
    EditState.PENDING: "wait for a cold cache: what was sent is not changed while the provider may have it cached",
    EditState.LEFT_OUT: "were proposed, and do not count",
    None: "of a state that this version does not know",
}


class EditList(LineView):
    """The edits grouped by state."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._detail = ExchangeDetail()

    def show(self, detail: ExchangeDetail) -> None:
        """Show the edits of `detail`."""
        self._detail = detail
        self.border_title = f"Edits · {len(detail.changes)}"
        self.border_subtitle = LEGEND
        self.draw()

    def made(self, width: int) -> list[Line]:
        return edit_lines(self._detail, width, full=self.full)


def edit_lines(detail: ExchangeDetail, width: int, *, full: bool) -> list[Line]:
    """A heading for each group, and below it each edit with its reason; `full`: with its text."""
    lines: list[Line] = []
    for edit_state, about in _ABOUT.items():
        found = [one for one in detail.changes if one.edit_state is edit_state]
        if not found:
            continue
        title = str(edit_state) if edit_state else "other"
        lines += [[(f"{title} · {len(found)}", "head"), (f"  {_sum(found)}", "plain")]]
        lines += [[("  ", "dim"), (part, "dim")] for part in wrapped(about, max(width - 2, 8))]
        for one in sorted(found, key=lambda one: (one.m is None, one.m or 0, one.b or 0)):
            lines += _edit(one, detail, width, full=full)
        lines.append([("", "plain")])
    return lines or [[(_none(detail), "dim")]]


def _none(detail: ExchangeDetail) -> str:
    if detail.replayed:
        return f"{plural(detail.replayed, 'edit')} replayed; the log does not reach back to where they landed."
    return "No edit: it was sent as received."


def _sum(found: list[Change]) -> str:
    freed = sum((one.before or 0) - (one.after or 0) for one in found if not one.is_covered)
    return f"{count(freed)} tokens fewer" if freed > 0 else f"{count(-freed)} tokens more" if freed else ""


def _edit(one: Change, detail: ExchangeDetail, width: int, *, full: bool) -> Iterator[Line]:
    tone = tone_of_edit(one)
    place = "gone" if one.m is None else f"{one.m}.{one.b or 0}"
    block = next((block for block in detail.blocks if (block.m, block.b) == (one.m, one.b)), None)
    what = " ".join(filter(None, (block.kind.replace("_", " "), block.name))) if block is not None else ""
    told = " · ".join(filter(None, (one.stage, one.op, size_of(one), what)))
    yield [
        (fitted(place, 8, right=True), "dim"),
        (f" {mark_of(one)} ", tone),
        (fitted(told, width - 11).rstrip(), tone),
    ]
    said = " · ".join(filter(None, (_state(one), one.reason, f"penstock expand {one.handle}" if one.handle else "")))
    for part in wrapped(said, max(width - 11, 8)):
        yield [(" " * 11, "dim"), (part, "plain")]
    if full:
        for line in one.text.splitlines():
            for part in wrapped(line, max(width - 13, 8)):
                yield [(" " * 11, "dim"), ("┆ ", tone), (part, "dim")]


def _state(one: Change) -> str:
    """The part of an edit's state that the heading does not say."""
    if one.is_covered:
        return state_of(one)
    told = one.turn and not one.here
    return (
        f"told in turn {one.turn}"
        if told and one.edit_state is EditState.PENDING
        else f"since turn {one.turn}"
        if told
        else ""
    )
