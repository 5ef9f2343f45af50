"""The contract of summarisers: old turns in, the words that stand in their stead out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

__all__ = ["Segment", "Summariser"]


@dataclass(frozen=True)
class Segment:
    """Several old turns that become one text."""

    parts: Sequence[tuple[str, str]]
    """In order: who (`user`, `agent`, `call`, `result`), and the words; a call is one line, a result its telling lines.
    The words of the person and the agent are whole."""
    tokens: int
    """The summary may have so many, about."""


class Summariser(Protocol):
    """Makes a segment shorter. Called off the road, in the background; may raise, then the record is used as it is."""

    name: str
    """What `[stage.compaction] summariser` calls it."""

    def __call__(self, segment: Segment) -> str:
        """The segment in about `segment.tokens` tokens. The words of the person must be in it whole."""
        ...
