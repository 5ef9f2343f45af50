"""Lines of text of an exact width, for the widgets that draw line by line."""

from __future__ import annotations

from collections.abc import Iterable

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

__all__ = ["fitted", "strip_of", "width_of"]


def width_of(text: str) -> int:
    """Cells `text` takes on a terminal."""
    return len(text) if text.isascii() else cell_len(text)


def fitted(text: str, width: int, right: bool = False) -> str:
    """`text` in exactly `width` cells, with an ellipsis where it is cut."""
    size = width_of(text)
    if size > width:
        return set_cell_size(text, width - 1) + "…" if width > 0 else ""
    pad = " " * (width - size)
    return pad + text if right else text + pad


def strip_of(parts: Iterable[tuple[str, Style]], width: int, fill: Style) -> Strip:
    """`parts` as one line, cut or filled up to `width` cells."""
    return Strip([Segment(text, style) for text, style in parts]).adjust_cell_length(max(width, 0), fill)
