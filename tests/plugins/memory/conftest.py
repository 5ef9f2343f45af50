"""One memory on disk, as the proxy has it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from penstock.memory import Memory
from penstock.memory.embedders.wordllama import WordLlama256
from penstock.memory.service import MemoryService


@pytest.fixture(scope="session")
def embedder() -> WordLlama256:
    """The default one, loaded once."""
    return WordLlama256()


@pytest.fixture
def open_keeper(tmp_path: Path, embedder: WordLlama256) -> Iterator[Callable[[], MemoryService]]:
    """Keepers of the test's folder, one after the other."""
    made: list[MemoryService] = []

    def make() -> MemoryService:
        made.append(MemoryService(lambda: Memory(tmp_path / "memory", embedder), retry_s=0.01))
        return made[-1]

    yield make
    for keeper in made:
        keeper.close()


@pytest.fixture
def keeper(open_keeper: Callable[[], MemoryService]) -> MemoryService:
    """One, open."""
    keeper = open_keeper()
    keeper.open()
    return keeper
