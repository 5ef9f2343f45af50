"""Memory tests have few passages, and most are about the vector index: here every project is in it."""

from __future__ import annotations

import pytest

from penstock.memory.search import search


@pytest.fixture(autouse=True)
def small_projects_are_indexed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "EXACT", 0)
