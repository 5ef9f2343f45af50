"""`Services`: the compressors, summarisers, taggers, sources of recall, prices and memory of a profile, which its
stages may call."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from penstock.cost.prices import Prices
from penstock.plugins.compressor import Compressor
from penstock.plugins.recall_source import RecallSources
from penstock.plugins.summariser import Summariser
from penstock.plugins.tagger import IngestedHistory, Tagger, Tags

if TYPE_CHECKING:
    from penstock.memory.service import MemoryService

__all__ = ["Services"]


def _unheard(_exchange: str, _of: str, _tags: Tags) -> None:
    """Writes no log."""


def _unheard_history(_exchange: str, _history: IngestedHistory) -> None:
    """Writes no log."""


@dataclass(frozen=True, slots=True)
class Services:
    """The parts of one profile that its stages may call."""

    compressors: tuple[Compressor, ...] = ()
    """The compressors; the first that returns a result is used. Those of plugins come before the bundled ones."""
    summarisers: Mapping[str, Summariser] = field(default_factory=dict)
    """The summarisers by name."""
    prices: Prices = field(default_factory=Prices)
    taggers: Mapping[str, Tagger] = field(default_factory=dict)
    """The taggers by name."""
    tagged: Callable[[str, str, Tags], None] = _unheard
    """Writes to the event log what an exchange was about: its id, `request` or `turn`, and the tags."""
    recall_sources: RecallSources = field(default_factory=RecallSources)
    """What recalls from elsewhere than memory."""
    ingested: Callable[[str, IngestedHistory], None] = _unheard_history
    """Writes to the event log what the history is about that an exchange's request brought: its id, and the turns."""
    memory: MemoryService | None = None
    """The memory service of this process. None: this profile has no memory."""
