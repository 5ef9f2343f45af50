"""Lines of text in tones, as one content that can be selected and scrolled."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from textual.content import Content

from penstock_tui.widgets.segments import fitted
from penstock_tui.widgets.tones import TONE_STYLES

__all__ = ["Line", "content_of", "labelled", "section"]

Line = Sequence[tuple[str, str]]
"""Texts, each with its tone."""
LABEL = 14


def content_of(lines: Iterable[Line]) -> Content:
    """`lines`, one below the other."""
    return Content("\n").join(Content.assemble(*((text, TONE_STYLES[tone]) for text, tone in line)) for line in lines)


def labelled(label: str, *parts: tuple[str, str]) -> Line:
    """A line that begins with what it is about."""
    return ((fitted(label, LABEL), "dim"), *parts)


def section(title: str, lines: Sequence[Line]) -> list[Line]:
    """A heading, its lines, and an empty one. Nothing where there are no lines."""
    return [((title, "head"),), *lines, (("", "plain"),)] if lines else []
