"""A model on loopback, as the summariser's tests have it."""

from __future__ import annotations

from tests.plugins.compaction.test_llm import server

__all__ = ["server"]
