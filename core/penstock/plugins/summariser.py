"""`Summariser`: the interface of summarisers, which turn old turns (`Segment`) into one shorter text (`Summary`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from penstock.cost.prices import Prices

__all__ = ["Segment", "Summariser", "Summary"]


@dataclass(frozen=True)
class Segment:
    """Several old turns that are to become one text."""

    parts: Sequence[tuple[str, str]]
    """In order: who (`user`, `agent`, `call`, `input`, `result`), and the words. A call is one line; an input and a
    result are those of its lines that will probably be needed. The words of the person and the agent are whole."""
    tokens: int
    """The summary may have so many, about."""
    prices: Prices = field(default_factory=Prices, compare=False, repr=False)
    """What models cost, with the changes of the profile."""


@dataclass(frozen=True)
class Summary:
    """The result of a summariser."""

    text: str
    """The summary. Empty: the summariser failed, and the record is used."""
    dollars: float = 0.0
    """What the summary cost."""


class Summariser(Protocol):
    """Makes a segment shorter. Called in the background, from several threads at once, once for each segment; may
    raise: then the record is used as it is."""

    name: str
    """What `[stage.compaction] summariser` calls it."""

    def __call__(self, segment: Segment) -> Summary:
        """The segment in about `segment.tokens` tokens. Words of the person that are not in it whole are put in
        front of it."""
        ...
