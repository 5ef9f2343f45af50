"""Fixture `log`: an empty event log for the screen to read. Textual's pilot waits for what it does, not for time."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sized
from pathlib import Path

import pytest
from textual import _wait
from textual._context import active_app

from tests.tui.logs import Log

_ROUNDS = 100_000


@pytest.fixture(autouse=True)
def _waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """After each key Textual waits until its process uses no CPU, as one does that a busy machine gives no time. Here
    it also waits until no task can go on and all is drawn; and 10 ms at a time, not 20."""
    monkeypatch.setattr(_wait, "SLEEP_GRANULARITY", 0.01)
    monkeypatch.setattr(_wait, "SLEEP_IDLE", 0.0005)
    monkeypatch.setattr("textual.pilot.wait_for_idle", _idle)
    monkeypatch.setattr("textual.app.wait_for_idle", _idle)


async def _idle(*seconds: float) -> None:
    await _wait.wait_for_idle(*seconds)
    ready: Sized = asyncio.get_running_loop()._ready  # type: ignore[attr-defined]
    for _ in range(_ROUNDS):
        await asyncio.sleep(0)
        if ready:
            continue
        screen = active_app.get().screen
        if not (
            screen._layout_required or screen._scroll_required or screen._repaint_required or screen._dirty_widgets
        ):
            return
        screen._on_timer_update()
    raise AssertionError("the screen is never at rest")


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    """A log that is not there yet."""
    log = Log(tmp_path / "penstock.db")
    yield log
    log.close()
