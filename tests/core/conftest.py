"""Fixture `memory`: an empty memory on disk, with the embedder `Trigrams`, which needs no model."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from penstock.memory import Memory
from penstock.memory.embedders.trigrams import Trigrams


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Memory]:
    """Empty, in a folder of its own; real SQLite, real Chroma."""
    memory = Memory(tmp_path / "memory", Trigrams())
    yield memory
    memory.close()
