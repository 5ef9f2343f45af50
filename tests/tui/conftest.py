"""Fixture `log`: an empty event log for the screen to read. Also shortens Textual's waits in tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from textual import _wait

from tests.tui.logs import Log


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """After each key Textual looks twice or more whether the process is idle: for 10 ms each time, not for 20."""
    monkeypatch.setattr(_wait, "SLEEP_GRANULARITY", 0.01)
    monkeypatch.setattr(_wait, "SLEEP_IDLE", 0.0005)


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    """A log that is not there yet."""
    log = Log(tmp_path / "penstock.db")
    yield log
    log.close()
