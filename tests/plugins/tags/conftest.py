"""The fixture `server` of the summariser's tests, a model on loopback, for the tests of taggers."""

from __future__ import annotations

from tests.plugins.compaction.test_llm import server

__all__ = ["server"]
