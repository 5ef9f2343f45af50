"""Memory tests have few passages, and most are about the indexes: here every project is in them. The fixture
`memory` is one in SQLite, then one in PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from penstock.memory import Memory, writer
from penstock.memory.embedders.trigrams import Trigrams
from penstock.memory.search import search


@pytest.fixture(autouse=True)
def small_projects_are_indexed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "EXACT", 0)
    monkeypatch.setattr(writer, "FEW", 0)


@pytest.fixture
def file_memory(tmp_path: Path) -> Iterator[Memory]:
    """Empty, in a folder of its own; real SQLite, real Chroma."""
    memory = Memory(tmp_path / "memory", Trigrams())
    yield memory
    memory.close()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def memory(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Memory]:
    """Empty, with a real database, and for SQLite a real Chroma."""
    url = "" if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    memory = Memory(tmp_path / "memory", Trigrams(), url=url)
    yield memory
    memory.close()
