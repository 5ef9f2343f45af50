"""Reaching the memory where no proxy has it."""

from __future__ import annotations

from pathlib import Path

import pytest

from penstock.base import paths
from penstock.base.errors import MemoryDown
from penstock.control.client import MemoryLocked, open_client
from penstock.memory import Memory
from penstock.profiles.profile import Profile, load
from penstock.store.lock import StoreLock, is_taken


@pytest.fixture
def profile(tmp_path: Path) -> Profile:
    """Whose memory needs no model."""
    file = tmp_path / "quick.toml"
    file.write_text('extends = "default"\n[memory]\nembedder = "trigrams-256"\n')
    return load(str(file))


def test_it_is_opened_here_and_let_go_of(tmp_path: Path, profile: Profile) -> None:
    """What one remembered, the next finds; in between anybody may have it."""
    store = tmp_path / "penstock.db"
    with open_client(store, lambda: profile) as memory:
        memory.do("remember", {"text": "The kiln runs at 900 degrees.", "project": "p"})
        assert is_taken(paths.memory_dir(store) / "memory.db")
    assert not is_taken(paths.memory_dir(store) / "memory.db")
    with open_client(store, lambda: profile) as memory:
        assert [item["text"] for item in memory.do("list", {})["items"]] == ["The kiln runs at 900 degrees."]


def test_one_that_somebody_has_who_cannot_be_asked(
    tmp_path: Path, profile: Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is waited for a while, then said; nothing is opened beside it."""
    monkeypatch.setattr("penstock.control.client.BEGIN_S", 0)
    store = tmp_path / "penstock.db"
    with open_client(store, lambda: profile) as memory:
        memory.do("remember", {"text": "The kiln runs at 900 degrees.", "project": "p"})
    lock = StoreLock(paths.memory_dir(store) / "memory.db")
    with pytest.raises(MemoryLocked, match="says nowhere how to reach it"), open_client(store, lambda: profile):
        raise AssertionError("it was opened")
    lock.release()


def test_indexes_that_are_down_are_told(tmp_path: Path, profile: Profile, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where somebody is there to tell; words alone still answer."""

    def down(_memory: Memory) -> int:
        raise MemoryDown("the vectors cannot be read")

    monkeypatch.setattr(Memory, "sync", down)
    told: list[str] = []
    with open_client(tmp_path / "penstock.db", lambda: profile, tell=told.append) as memory:
        assert memory.do("list", {}) == {"items": []}
    assert told == ["the vectors cannot be read"]
    with open_client(tmp_path / "penstock.db", lambda: profile) as memory:
        assert memory.do("list", {}) == {"items": []}
