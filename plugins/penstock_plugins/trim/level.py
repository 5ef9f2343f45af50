"""The three settings in numbers. Tuned on half of a set of recorded sessions, read on the other half."""

from __future__ import annotations

from dataclasses import dataclass

from penstock.compressor import Setting

__all__ = ["LEVELS", "Level"]


@dataclass(frozen=True)
class Level:
    """How much a line must bring to stay, and what counts for how much. The unit is one new name."""

    price: float
    """Names per token a line must bring."""
    words: float
    """What a line's own words are worth, once; times one plus the three below."""
    hit: float
    """For words of the question in the line."""
    near: float
    """For the block closest to the question."""
    asked: float
    """Factor in a range of lines that the agent asked for."""
    answer: float
    """What a line is worth that the tool was called for."""
    bonus: float
    """What an import is worth beyond its names."""
    hole: float
    """Tokens of a hole between two kept lines that is not worth its mark; thrice that in code."""
    blur: float
    """Share of its neighbours' worth that a line of code gets, so that kept lines come in runs."""
    body: int
    """Lines of a definition's body that stay with it."""
    ranges: bool
    """Whether ranges of lines that the agent asked for may be cut at all."""
    number: int
    """Of the lines of a cut source file, each so many-th keeps its number, as do the first of each run and those that
    tell of an error."""
    least: int
    """Characters below which an output stays whole."""
    logs_only: bool = False
    """Cut logs, test runs and search results alone."""


LEVELS: dict[Setting, Level] = {
    "safe": Level(
        price=0.02,
        words=0.5,
        hit=0.5,
        near=5,
        asked=1,
        answer=1,
        bonus=3,
        hole=6,
        blur=0,
        body=0,
        ranges=False,
        number=5,
        least=4_000,
        logs_only=True,
    ),
    "balanced": Level(
        price=0.046,
        words=0.26,
        hit=0.5,
        near=5,
        asked=1,
        answer=0.5,
        bonus=1,
        hole=4,
        blur=0,
        body=1,
        ranges=False,
        number=5,
        least=1_200,
    ),
    "bold": Level(
        price=0.06,
        words=0.2,
        hit=0.5,
        near=1.5,
        asked=3,
        answer=0,
        bonus=1,
        hole=3,
        blur=0.05,
        body=1,
        ranges=True,
        number=5,
        least=1_200,
    ),
}
