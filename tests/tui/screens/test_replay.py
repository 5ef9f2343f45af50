"""The replay view."""

from __future__ import annotations

from pathlib import Path

import pytest

from penstock_tui.screens.replay import ReplayView
from penstock_tui.view_names import ViewName
from tests.tui.logs import Log, until
from tests.tui.pilot import Screen, screen_of
from tests.tui.screens.days import a_day


@pytest.fixture
def prompts(tmp_path: Path) -> Path:
    """Three prompts; the last one is about what was said before the history was cleared."""
    file = tmp_path / "prompts.txt"
    said = (
        "# a session",
        "The database listens on port 5544 of host skerry, and times out after 30 seconds.",
        "Write a function that reads the tide table.",
        "/clear",
        "On which port does the database listen?",
    )
    file.write_text("\n".join(said), encoding="utf-8")
    return file


def room_of(screen: Screen) -> ReplayView:
    found = screen.app.screen
    assert isinstance(found, ReplayView)
    return found


async def replayed(screen: Screen, file: Path) -> ReplayView:
    await screen.press("0", "slash")
    await screen.paste(str(file))
    await screen.press("enter")
    room = room_of(screen)
    await until(screen.pilot, lambda: room.run is not None and room.run.is_over, "the end of the replay")
    await screen.sees("✓ done")
    return room


@pytest.mark.parametrize("size", [(80, 24)])
async def test_a_file_goes_through(log: Log, prompts: Path, size: tuple[int, int]) -> None:
    """A bar, sums, and a row for each prompt; what was said before is recalled once the history is gone."""
    async with screen_of(log, size) as screen:
        room = await replayed(screen, prompts)
        await screen.sees("✓ done", "3 of 3 prompts", "On which port does", "prompts.txt", "recalled")
        assert room.run is not None
        assert [one.passed.sums.injected > 0 for one in room.run.played] == [False, False, True]


async def test_its_log_is_shown_and_left_again(log: Log, prompts: Path) -> None:
    """A row leads to its exchange; `o` to the whole log, and back to the one there was."""
    a_day(log)
    async with screen_of(log) as screen:
        room = await replayed(screen, prompts)
        await screen.press("enter")
        await screen.sees("[1 log]", "On which port", "■ stopped")
        assert "why is it slow?" not in screen.text
        await screen.press("escape", "0", "o")
        await until(screen.pilot, lambda: screen.app.feed.path == log.path, "the log there was")
        await screen.sees("[1 log]", "why is it slow?")
        assert room.run is not None
        assert room.run.log.exists()
    assert not room.run.log.exists()


async def test_what_cannot_be_read_is_said(log: Log, tmp_path: Path) -> None:
    """And another file may be named."""
    async with screen_of(log) as screen:
        await screen.press("0", "slash")
        await screen.paste(str(tmp_path / "none.txt"))
        await screen.press("enter")
        await screen.sees("■ ended early", "none.txt cannot be read")


async def test_the_keys_of_rooms_work_until_one_types(log: Log) -> None:
    """Esc leaves the line first, then the view."""
    a_day(log)
    async with screen_of(log) as screen:
        await screen.press("0", "s", "o")
        await screen.sees("Nothing is being replayed", "There is no log of a replay yet")
        await screen.press("slash", "5", "escape")
        assert room_of(screen).NAME is ViewName.REPLAY
        await screen.press("5")
        await screen.sees("[5 sessions]")


@pytest.mark.slow
async def test_it_can_be_stopped(log: Log, tmp_path: Path) -> None:
    """After the prompt under way; what was done stays."""
    file = tmp_path / "many.txt"
    file.write_text("\n".join(f"say {n}" for n in range(500)), encoding="utf-8")
    async with screen_of(log) as screen:
        await screen.press("0", "slash")
        await screen.paste(str(file))
        await screen.press("enter")
        room = room_of(screen)
        await until(screen.pilot, lambda: room.run is not None and room.run.played, "the first prompt")
        await screen.press("s")
        assert room.run is not None
        await until(screen.pilot, lambda: room.run is not None and room.run.is_over, "the end")
        await screen.sees("■ ended early")
        assert 0 < len(room.run.played) < 500
    assert not room.run.log.exists()
