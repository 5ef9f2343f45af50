"""The sessions view: names of one's own, sizes, and deleting."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from penstock.base import paths
from penstock.events.event import EventKind
from penstock.memory import Item, Memory
from penstock.memory.embedders.trigrams import Trigrams
from penstock_tui.data.sessions import sizes_of
from penstock_tui.screens import sessions
from penstock_tui.screens.log import LogScreen
from penstock_tui.screens.sessions import SessionsView
from tests.tui.logs import Log, paid_life
from tests.tui.pilot import Screen, screen_of
from tests.tui.screens.days import a_day

K = EventKind
SIZES = [(80, 24), (160, 48)]


def two(log: Log) -> None:
    """Two sessions of long ago; nobody has the store open but the test."""
    log.started(pid=0)
    log.exchange(paid_life(0.04, 0.01, session="morning", conversation="talk-1", words="first words"))
    log.exchange(paid_life(0.04, 0.01, session="evening", conversation="talk-2", client="codex", words="last words"))
    log.close()


async def delete_and_forget(screen: Screen) -> None:
    """The session under the cursor, and what is remembered of it."""
    await screen.press("d")
    await screen.sees("Delete session evening?")
    await screen.press("y")
    await screen.sees("forget that, too")
    await screen.press("down", "enter")


async def opened(screen: Screen) -> None:
    await screen.press("5")
    await screen.sees("[5 sessions]", "2 sessions")


@pytest.mark.parametrize("size", SIZES)
async def test_how_large_they_are(log: Log, size: tuple[int, int]) -> None:
    """What came and what left, the part that is, and in a wide window what they take in the log."""
    two(log)
    async with screen_of(log, size) as screen:
        await opened(screen)
        await screen.sees("2.0k → 1.5k", "75%", "codex")
        if size[0] > 100:
            await screen.sees("in log", "kB")


async def test_they_are_not_measured_each_time_one_comes_by(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    """That reads the whole log, and what one presses next would wait for it."""
    looks: list[int] = []

    def counted(path: Path, exchanges: Mapping[str, str]) -> dict[str, int]:
        looks.append(len(exchanges))
        return sizes_of(path, exchanges)

    monkeypatch.setattr(sessions, "sizes_of", counted)
    two(log)
    async with screen_of(log) as screen:
        for _ in range(3):
            await opened(screen)
            await screen.sees("in log", "kB")
            await screen.press("1")
    assert looks == [2]


@pytest.mark.parametrize("size", [(80, 24)])
async def test_a_name_of_ones_own(log: Log, size: tuple[int, int]) -> None:
    """It shows in the view, finds the requests in the log, and can be taken away."""
    two(log)
    async with screen_of(log, size) as screen:
        await opened(screen)
        await screen.press("l")
        await screen.sees("A name of your own for session evening")
        await screen.type("glaze")
        await screen.press("enter")
        await screen.sees("It is called glaze now")
        room = screen.app.screen
        assert isinstance(room, SessionsView)
        await screen.sees("2 glaze ")
        await screen.press("1", "slash")
        await screen.type("session:glaze")
        await screen.press("enter")
        await screen.sees("last words", "1 of 2")
        assert not screen.shows("first words")
        await screen.press("escape", "5", "l", *["backspace"] * 5, "enter")
        await screen.sees("It has no label any more")


async def test_a_label_of_another_hand(log: Log) -> None:
    """Given by a command, while one looks; the label stays when the log is read anew."""
    two(log)
    async with screen_of(log) as screen:
        await opened(screen)
        log.store.set_values("session-label", {"morning": {"label": "the kiln"}})
        await screen.sees("the kiln")
        log.store.set_values("session-label", {"morning": None})
        log.close()
        await screen.sees("2 sessions")


@pytest.mark.parametrize("size", [(80, 24)])
async def test_deleting(log: Log, size: tuple[int, int]) -> None:
    """What goes is said first; then its rows and sums are gone, of this session alone."""
    two(log)
    async with screen_of(log, size) as screen:
        await opened(screen)
        await screen.press("d")
        await screen.sees("Delete session evening?", "1 request with 9 events", "Nothing brings back the")
        await screen.press("y")
        await screen.sees("keep what is remembered of it")
        await screen.press("enter")
        await screen.sees("9 events deleted.", "1 session ·", "claude-code")
        assert not screen.shows("Another log stands")
        assert not screen.shows("codex")
        await screen.press("2")
        await screen.sees("1 request, 1 turn")
        await screen.press("1")
        assert isinstance(screen.app.screen, LogScreen)
        await screen.sees("first words")
        assert not screen.shows("last words")
    log.store.add_events([])
    assert [e.exchange for e in log.store.events_after(kinds={K.CLASSIFIED})] == ["exchange-1"]


@pytest.mark.parametrize("keys", [("n",), ("enter",), ("escape",), ("y", "escape")])
async def test_nothing_is_deleted_without_two_answers(log: Log, keys: tuple[str, ...]) -> None:
    two(log)
    async with screen_of(log) as screen:
        await opened(screen)
        await screen.press("d")
        await screen.sees("Delete session evening?")
        await screen.press(*keys)
        await screen.sees("2 sessions")
    assert len(log.store.events_after(kinds={K.CLASSIFIED})) == 2


async def test_what_is_remembered_goes_when_one_says_so(log: Log) -> None:
    """And only of this session."""
    profile = log.path.parent / "quick.toml"
    profile.write_text('extends = "default"\n[memory]\nembedder = "trigrams-256"\n')
    memory = Memory(paths.memory_dir(log.path), Trigrams())
    memory.add([Item("p", f"A word of the {name}.", session=name) for name in ("morning", "evening")])
    memory.close()
    two(log)
    log.started(pid=0, profile=str(profile))
    log.close()
    async with screen_of(log) as screen:
        await opened(screen)
        await delete_and_forget(screen)
        await screen.sees("9 events deleted. 1 memory forgotten")
    memory = Memory(paths.memory_dir(log.path), Trigrams())
    assert [item.session for item in memory.newest("p")] == ["morning"]
    memory.close()


async def test_another_log_has_another_memory(log: Log, tmp_path: Path) -> None:
    """A replay's log is shown: what is deleted there leaves alone what is remembered of a session of that name."""
    two(log)
    memory = Memory(paths.memory_dir(log.path), Trigrams())
    memory.add([Item("p", "A word of the evening.", session="evening")])
    memory.close()
    (tmp_path / "other").mkdir()
    other = Log(tmp_path / "other" / "penstock.db")
    two(other)
    async with screen_of(log) as screen:
        await opened(screen)
        screen.app.feed.show(other.path)
        await screen.sees("Another log stands")
        await delete_and_forget(screen)
        await screen.sees("9 events deleted. nothing was remembered")
    memory = Memory(paths.memory_dir(log.path), Trigrams())
    assert [item.session for item in memory.newest("p")] == ["evening"]
    memory.close()


async def test_nobody_is_asked_elsewhere(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who has left the view before the question came types other things; who pressed twice is asked once."""
    two(log)
    async with screen_of(log) as screen:
        await opened(screen)
        room = screen.app.screen
        assert isinstance(room, SessionsView)
        asked: list[Callable[[], object]] = []
        monkeypatch.setattr(room, "in_background", lambda what, do, then, **_: asked.append(lambda: then(do())))
        await screen.press("d", "d", "1")
        assert len(asked) == 2
        asked[0]()
        assert isinstance(screen.app.screen, LogScreen)
        await screen.press("5")
        for one in asked:
            one()
        await screen.sees("Delete session evening?")
        await screen.press("escape")
        assert screen.app.screen is room


async def test_a_store_that_somebody_has_is_told(log: Log) -> None:
    """A process that holds it and does not answer: a notice, and all is as it was."""
    two(log)
    log.store.add_events([])  # opened, and held, by the test itself
    async with screen_of(log) as screen:
        await opened(screen)
        await screen.press("d")
        await screen.sees("Delete session evening?")
        await screen.press("y", "enter")
        await screen.sees("Could not delete it", "belongs to another proxy that is up")
        await screen.sees("2 sessions")


async def test_one_just_in_use_is_warned_about(log: Log) -> None:
    """With what going on without it costs."""
    log.clock.advance(time.time() - log.clock.now() - 300)
    a_day(log)
    log.close()
    async with screen_of(log) as screen:
        await opened(screen)
        await screen.press("d")
        await screen.sees("! session evening was in use", "again")


async def test_no_session_under_the_cursor(log: Log) -> None:
    """The keys do nothing."""
    log.started()
    async with screen_of(log) as screen:
        await screen.press("5", "d", "l", "enter")
        await screen.sees("[5 sessions]")
