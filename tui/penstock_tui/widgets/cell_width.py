"""Cuts and pads text to an exact width in terminal cells: `fitted` a text, `cut` a line of coloured parts, `strip_of` a
line of styled parts to draw; `width_of` measures."""

from __future__ import annotations

from collections.abc import Iterable

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

__all__ = ["cut", "fitted", "strip_of", "width_of"]


def width_of(text: str) -> int:
    """The width of `text` in terminal cells."""
    return len(text) if text.isascii() else cell_len(text)


def fitted(text: str, width: int, right: bool = False) -> str:
    """`text` in exactly `width` cells, with an ellipsis where it is cut."""
    size = width_of(text)
    if size > width:
        return set_cell_size(text, width - 1) + "…" if width > 0 else ""
    pad = " " * (width - size)
    return pad + text if right else text + pad


def cut(parts: Iterable[tuple[str, str]], width: int) -> list[tuple[str, str]]:
    """`parts`, pairs of text and tone, in exactly `width` cells together, with an ellipsis where they are cut."""
    out: list[tuple[str, str]] = []
    left, tone = width, ""
    rest = list(parts)
    while rest and left > 0:
        text, tone = rest.pop(0)
        more = any(one for one, _ in rest)
        size = width_of(text)
        if size > left or (size == left and more):  # what follows is cut off altogether
            text = f"{set_cell_size(text, left - 1)}…"
            size = left
        out.append((text, tone))
        left -= size
    return [*out, (" " * left, "")] if left else out


def strip_of(parts: Iterable[tuple[str, Style]], width: int, fill: Style) -> Strip:
    """`parts` as one line, cut or padded to `width` cells."""
    return Strip([Segment(text, style) for text, style in parts]).adjust_cell_length(max(width, 0), fill)
