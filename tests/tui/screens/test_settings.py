"""The settings view, and the commands a person gives the proxy."""

from __future__ import annotations

import pytest
from textual.widgets import Static

from penstock.events.event import EventKind
from penstock.profiles import profile
from penstock_tui.dialogs.confirm import ConfirmScreen
from penstock_tui.screens.settings import SettingsView
from tests.tui.logs import Log, until
from tests.tui.pilot import Screen, screen_of
from tests.tui.screens.proxies import Up, up

pytestmark = pytest.mark.slow

__all__ = ["up"]

SIZES = [(80, 24), (160, 48)]


async def enter(screen: Screen, key: str = "window.hard") -> SettingsView:
    """Go to the view, and to a setting."""
    await screen.press("9")
    room = screen.app.screen
    assert isinstance(room, SettingsView)
    await until(screen.pilot, lambda: room.snapshot is not None and room.table.chosen != "", "the settings")
    room.table.choose(key)
    await screen.pilot.pause()
    return room


async def put(screen: Screen, text: str) -> None:
    """Type a value in the place of the one that is there."""
    await screen.press("enter", "ctrl+u", "end", "ctrl+u")
    await screen.type(text)


def value(up: Up, key: str) -> object:
    return next(row["value"] for row in up.suite.settings.do("show", {})["settings"] if row["key"] == key)


@pytest.mark.parametrize("size", SIZES)
async def test_all_that_may_change_with_help(log: Log, up: Up, size: tuple[int, int]) -> None:
    """What it is, where that comes from, and what it is for, while the cursor is on it."""
    log.started()
    async with screen_of(log, size, up) as screen:
        await enter(screen)
        await screen.sees("profile claude-code", "as the profile says", "window.hard", "0.85", "default")
        await screen.sees("From here on a flush does not wait for a cold cache.", "above 0 to 1")
        await screen.press("up")
        await screen.sees("From here on the screen shows the window as filling")


async def test_the_help_goes_with_the_cursor(log: Log, up: Up) -> None:
    """At once, not when the view is drawn next."""
    log.started()
    async with screen_of(log, (80, 24), up) as screen:
        room = await enter(screen)
        for move in ("up", "down", "home"):
            before = room.table.chosen
            await screen.press(move)
            assert room.table.chosen != before
            assert str(room.query_one("#help", Static).content).startswith(room.table.chosen)


@pytest.mark.parametrize("size", [(80, 24)])
async def test_changed_in_place(log: Log, up: Up, size: tuple[int, int]) -> None:
    """Enter, a value, Enter: in force, marked by a sign and a word, and told."""
    log.started()
    async with screen_of(log, size, up) as screen:
        await enter(screen)
        await put(screen, "0.8")
        await screen.press("enter")
        await screen.sees("window.hard: 0.85 → 0.8", "● changed", "● 1 changed in this run: S saves")
        await screen.sees("the profile says 0.85")
        assert value(up, "window.hard") == 0.8
        await screen.press("r")
        await screen.sees("window.hard: 0.8 → 0.85", "as the profile says")
        assert value(up, "window.hard") == 0.85


@pytest.mark.parametrize(
    ("key", "typed", "said"),
    [
        ("window.hard", "high", "✗ a number was expected"),
        ("window.hard", "1.5", "✗ it should be less than or equal to 1"),
        ("window.hard", "0.5", "✗ soft = 0.7 is above hard = 0.5"),
        ("budget.reduced", "0.95", "✗ reduced = 0.95 is above minimal = 0.9"),
    ],
)
@pytest.mark.parametrize("size", [(80, 24)])
async def test_what_is_wrong_is_said_at_the_field(
    log: Log, up: Up, size: tuple[int, int], key: str, typed: str, said: str
) -> None:
    """While it is typed, before anything is applied; Enter does nothing then, Esc leaves it as it is."""
    log.started()
    async with screen_of(log, size, up) as screen:
        await enter(screen, key)
        await put(screen, typed)
        await screen.sees(said)
        await screen.press("enter")
        assert not up.asked
        await screen.press("escape")
        assert not screen.shows("✗")
        await screen.press("9")
        assert isinstance(screen.app.screen, SettingsView)


async def test_what_only_the_proxy_knows_is_said_there_too(log: Log, up: Up) -> None:
    """A stage's bounds, a name that no plugin has."""
    log.started()
    async with screen_of(log, (100, 30), up) as screen:
        for key, typed, said in (
            ("stage.pruning.age", "0", "✗ it should be greater than or equal to 1"),
            ("memory.tagger", "nobody", "✗ memory.tagger = 'nobody': there are embedding"),
        ):
            await enter(screen, key)
            await put(screen, typed)
            await screen.press("enter")
            await screen.sees(said)
            await screen.press("escape")


async def test_choices_by_arrows(log: Log, up: Up) -> None:
    """Nobody has to know the words."""
    log.started()
    async with screen_of(log, (100, 30), up) as screen:
        await enter(screen, "aggressiveness")
        await screen.press("enter", "down", "down", "enter")
        await screen.sees("aggressiveness: safe → bold")
        await enter(screen, "memory.recall")
        await screen.press("enter", "up", "enter")
        await screen.sees("memory.recall: on → off")


async def test_saving(log: Log, up: Up) -> None:
    """Under a name that is asked for; what is there is replaced when that is meant."""
    log.started()
    async with screen_of(log, (120, 40), up) as screen:
        await enter(screen)
        await screen.press("S")
        await screen.sees("Nothing was changed in this run")
        await put(screen, "0.8")
        await screen.press("enter")
        await screen.sees("● 1 changed")
        await screen.press("S")
        await screen.sees("save as:")
        await screen.type("mine")
        await screen.press("enter")
        await screen.sees("Wrote ")
        assert profile.load("mine").window.hard == 0.8
        await screen.press("S")
        await screen.type("mine")
        await screen.press("enter")
        await screen.sees("Replace the profile mine?")
        await screen.press("y")
        await until(screen.pilot, lambda: up.asked[-1][1].get("replace") is True, "it is replaced")


@pytest.mark.parametrize("size", [(80, 24)])
async def test_paused_is_seen_everywhere(log: Log, up: Up, size: tuple[int, int]) -> None:
    """A word in the line below, in every view, from the event."""
    log.started()
    log.exchange()
    async with screen_of(log, size, up) as screen:
        await enter(screen)
        await screen.press("p")
        await screen.sees("Editing is paused.")
        log.write(EventKind.SETTINGS, paused=True)
        await screen.sees("‖ PAUSED: p goes on")
        for key in "12345679":
            await screen.press(key)
            await screen.sees("‖ PAUSED: nothing new is edited")
        await enter(screen)
        await screen.press("p")
        await screen.sees("Editing goes on.")
        log.write(EventKind.SETTINGS, paused=False)
        await until(screen.pilot, lambda: not screen.shows("PAUSED"), "no pause")


async def test_a_change_by_somebody_else_is_shown(log: Log, up: Up) -> None:
    """From the command line, say."""
    log.started()
    async with screen_of(log, (120, 40), up) as screen:
        await enter(screen)
        up.suite.settings.do("set", {"values": {"window.hard": 0.8}})
        log.write(EventKind.SETTINGS, profile="claude-code", changed={"window.hard": [0.85, 0.8]})
        await screen.sees("● changed")


@pytest.mark.parametrize("size", [(80, 24)])
async def test_compacting_asks_first(log: Log, up: Up, size: tuple[int, int]) -> None:
    """All from the view, one session from the log; anything but `y` does nothing."""
    log.started()
    log.exchange()
    async with screen_of(log, size, up) as screen:
        await enter(screen)
        await screen.press("c")
        await screen.sees("Compact every session now?")
        await screen.press("enter")
        assert not up.asked
        await screen.press("1", "C")
        await screen.sees("Compact the session session-1 now?")
        await screen.press("y")
        await screen.sees("2 conversations will be")
        assert up.asked == [("/compact", {"session": "session-1"})]


async def test_shutting_down_from_the_palette(log: Log, up: Up) -> None:
    """With a question before it."""
    log.started()
    async with screen_of(log, (120, 40), up) as screen:
        commands = {one.title: one for one in screen.app.get_system_commands(screen.app.screen)}
        assert {"Pause editing", "Resume editing", "Compact now", "Shut the proxy down"} <= commands.keys()
        commands["Shut the proxy down"].callback()
        await screen.pilot.pause()
        assert isinstance(screen.app.screen, ConfirmScreen)
        await screen.press("n")
        assert not up.asked
        commands["Shut the proxy down"].callback()
        await screen.pilot.pause()
        await screen.press("y")
        await screen.sees("The proxy leaves, when 3 requests")


async def test_no_proxy_is_up(log: Log) -> None:
    """What its profile says is shown, to look at only; a command says what to do."""
    log.started(profile="codex")
    async with screen_of(log, (120, 40)) as screen:
        await enter(screen)
        await screen.sees("to look at only", "`penstock up` starts one", "window.hard", "0.85")
        for key in ("enter", "r", "S", "p"):
            await screen.press(key)
        await screen.sees("Nothing can be changed")
        await screen.press("c", "y")
        await screen.sees("No proxy is up")


async def test_a_proxy_that_does_not_answer(log: Log, up: Up) -> None:
    """It is said, and what its profile says is shown."""
    log.started(profile="codex")
    up.broken = "the proxy at 127.0.0.1:8899 does not answer: timed out"
    async with screen_of(log, (120, 40), up) as screen:
        await enter(screen)
        await screen.sees("does not answer")


async def test_a_profile_that_is_not_here(log: Log) -> None:
    """There is nothing to show, and why."""
    log.started(profile="elsewhere")
    async with screen_of(log, (120, 40)) as screen:
        await screen.press("9")
        await screen.sees("There are no settings to show", "no profile is called 'elsewhere'")


async def test_a_tiny_terminal(log: Log, up: Up) -> None:
    """Nothing breaks; a value can still be typed."""
    log.started()
    async with screen_of(log, (30, 8), up) as screen:
        await enter(screen)
        await put(screen, "0.8")
        await screen.press("enter")
        await until(screen.pilot, lambda: value(up, "window.hard") == 0.8, "it is in force")
