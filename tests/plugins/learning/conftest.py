"""Fixtures: a memory service with hashed trigrams, which need no model."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from penstock.memory import Memory, MemoryService, chosen


@pytest.fixture
def memory_service(tmp_path: Path) -> Iterator[MemoryService]:
    """One, open."""
    service = MemoryService(lambda: Memory(tmp_path / "memory", chosen("trigrams-256")), retry_s=0.01)
    service.open()
    yield service
    service.close()
