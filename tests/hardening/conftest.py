"""Fixtures: the road's provider and proxies."""

from __future__ import annotations

from tests.road.conftest import provider, start

__all__ = ["provider", "start"]
