"""Parts that ask nobody: for a replay, which sends nothing and costs nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace

from penstock.base.errors import PenstockError
from penstock.plugins.services import Services
from penstock.plugins.summariser import Segment, Summariser, Summary

__all__ = ["offline"]


@dataclass
class _NotAsked:
    """Stands for a summariser that may ask somebody."""

    name: str

    def __call__(self, segment: Segment) -> Summary:
        raise PenstockError(f"{self.name} is not asked in a replay")


def offline(parts: Services) -> Services:
    """`parts` with no summariser but those that are marked `is_offline`; the record stands in the stead of others."""
    return replace(parts, summarisers={name: _offline(one) for name, one in parts.summarisers.items()})


def _offline(summariser: Summariser) -> Summariser:
    return summariser if getattr(summariser, "is_offline", False) else _NotAsked(summariser.name)
