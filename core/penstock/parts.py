"""What plugins give each other: the parts that a stage may call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from penstock.compressor import Compressor
from penstock.prices import Prices
from penstock.summariser import Summariser

__all__ = ["Parts"]


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of one profile."""

    compressors: tuple[Compressor, ...] = ()
    """The first that gives something is taken; those of plugins stand before the bundled ones."""
    summarisers: Mapping[str, Summariser] = field(default_factory=dict)
    """By name."""
    prices: Prices = field(default_factory=Prices)
