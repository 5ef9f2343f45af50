"""Tags in the cell of a table: badges, then the most telling tag, then as many others as have room."""

from __future__ import annotations

from penstock.stats.tags import Tagged
from penstock_tui.widgets.fitting import Cell
from penstock_tui.widgets.segments import width_of

__all__ = ["tag_parts", "tag_text"]

_BADGES = (("BROAD", "B"), ("TEMPORAL", "T"))
LEAST = 6
"""Cells of the first tag that are worth more than a badge in full."""


def tag_text(tagged: Tagged) -> str:
    """All of it in words."""
    return " ".join(filter(None, (*(long for long, _ in _badges(tagged)), ", ".join(tagged.names))))


def tag_parts(tagged: Tagged, width: int) -> list[Cell]:
    """For a cell of `width`. Badges are a letter each where there is no room for them and the beginning of a tag."""
    badges = _badges(tagged)
    first = min(width_of(tagged.names[0]), LEAST) if tagged.names else -1
    fits = sum(len(long) + 1 for long, _ in badges) + first <= width
    parts: list[Cell] = []
    for long, short in badges:
        parts += [(" ", ""), (long if fits else short, "badge")]
    for i, name in enumerate(tagged.names):
        parts += [(", ", ""), (name, "")] if i else [(" ", ""), (name, "strong" if tagged.has_primary else "")]
    return parts[1:]  # without the blank before the first


def _badges(tagged: Tagged) -> list[tuple[str, str]]:
    return [badge for badge, has in zip(_BADGES, (tagged.broad, tagged.temporal), strict=True) if has]
