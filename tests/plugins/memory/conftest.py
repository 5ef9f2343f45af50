"""Fixtures: the default embedder, and a memory service on disk as the proxy has it."""

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
def open_memory_service(tmp_path: Path, embedder: WordLlama256) -> Iterator[Callable[[], MemoryService]]:
    """Memory services of the test's folder, one after the other."""
    made: list[MemoryService] = []

    def make() -> MemoryService:
        made.append(MemoryService(lambda: Memory(tmp_path / "memory", embedder), retry_s=0.01))
        return made[-1]

    yield make
    for memory_service in made:
        memory_service.close()


@pytest.fixture
def memory_service(open_memory_service: Callable[[], MemoryService]) -> MemoryService:
    """One, open."""
    memory_service = open_memory_service()
    memory_service.open()
    return memory_service
