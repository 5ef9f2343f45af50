"""What `penstock doctor` says of a memory that a proxy has open."""

from __future__ import annotations

from contextlib import nullcontext
from types import SimpleNamespace

import pytest

from penstock.base import paths
from penstock.profiles import profile as profiles
from penstock_addons.cli import memory_checks


@pytest.mark.parametrize(
    ("degraded", "fix"),
    [([], "The proxy makes them while it has time."), (["the index is damaged"], "`penstock memory reindex`, or")],
    ids=["well", "degraded"],
)
def test_passages_that_the_proxy_has_not_indexed_yet(
    penstock_home: object, monkeypatch: pytest.MonkeyPatch, degraded: list[str], fix: str
) -> None:
    """It does so by itself after a burst. The advice was to make all vectors again."""
    paths.memory_dir().mkdir(parents=True)
    (paths.memory_dir() / "memory.db").touch()
    status = {"items": 300, "unindexed": 256, "degraded": degraded, "stale": [], "embedder": "trigrams-256"}
    monkeypatch.setattr(memory_checks, "is_taken", lambda file: True)
    monkeypatch.setattr(
        memory_checks, "open_memory", lambda store: nullcontext(SimpleNamespace(do=lambda *asked: status))
    )
    found = memory_checks.memory(paths.store_path(), profiles.load("default"))
    assert found.said.endswith("256 passages without a vector")
    assert found.fix.startswith(fix)
