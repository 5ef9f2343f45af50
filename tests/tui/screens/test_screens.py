"""What holds for every view."""

from __future__ import annotations

import sqlite3

import pytest

from penstock.budget.scopes import Scope
from penstock.budget.settings import Limit
from penstock.events.event import EventKind
from penstock_tui.app import VIEWS
from penstock_tui.screens.base import BaseView
from penstock_tui.screens.help import HelpScreen
from penstock_tui.screens.log import LogScreen
from penstock_tui.view_names import ViewName
from tests.tui.logs import Log, until
from tests.tui.pilot import Screen, screen_of
from tests.tui.screens.days import a_day, books

pytestmark = pytest.mark.slow

K = EventKind
BESIDE = [name for name in ViewName if name is not ViewName.LOG]
SAYS = {
    ViewName.OVERVIEW: ("3 requests", "3 turns", "Health"),
    ViewName.TAGS: ("database", "timeouts", "docs"),
    ViewName.COMPACTIONS: ("✓ landed", "8.3k"),
    ViewName.SESSIONS: ("claude-code", "codex"),
    ViewName.PIPELINE: ("envelope", "pruning", "3.0ms"),
    ViewName.BUDGET: ("Budgets", "penstock budget raise"),
    ViewName.MEMORY: ("context", "soft 70%"),
    ViewName.REPLAY: ("A file with one prompt a line", "/ names a file"),
    ViewName.SETTINGS: ("window.hard", "0.85", "to look at only"),
    ViewName.GATEWAY: ("No gateway here", "penstock up --gateway"),
}
NEED_NO_LOG = (ViewName.REPLAY, ViewName.GATEWAY)


def room_of(screen: Screen) -> BaseView:
    found = screen.app.screen
    assert isinstance(found, BaseView)
    return found


def test_every_room_has_a_key_and_a_door() -> None:
    """Those named are those there are."""
    assert set(VIEWS) == set(BESIDE) == set(SAYS)
    assert [name.key for name in ViewName] == list("1234567890-")


@pytest.mark.parametrize("size", [(80, 24), (160, 48)])
async def test_each_shows_a_day(log: Log, size: tuple[int, int]) -> None:
    """By its key, with the names of all views on top and the one we are in marked by a sign."""
    a_day(log)
    async with screen_of(log, size) as screen:
        await screen.sees("[1 log]", "9 settings", "? Help", "q Quit")
        for name in BESIDE:
            await screen.press(name.key)
            assert room_of(screen).NAME is name
            await screen.sees("? Help", "q Quit")
            await screen.sees(f"[{name.key} {name}]", *SAYS[name])
        await screen.press("1")
        assert isinstance(screen.app.screen, LogScreen)


@pytest.mark.parametrize("size", [(80, 24), (160, 48)])
async def test_an_empty_log_is_told_in_words(log: Log, size: tuple[int, int]) -> None:
    """No room is blank or fails where nothing has come by."""
    log.started()
    async with screen_of(log, size) as screen:
        for name in BESIDE:
            await screen.press(name.key)
            if name not in (ViewName.OVERVIEW, ViewName.BUDGET, ViewName.MEMORY, ViewName.SETTINGS, *NEED_NO_LOG):
                await screen.sees("The proxy listens on 127.0.0.1:8899", "Nothing has come through yet.")
        await screen.press(ViewName.OVERVIEW.key)
        await screen.sees("0 requests, 0 turns", "● running", "nothing booked yet")


async def test_no_log_yet(log: Log) -> None:
    """They wait for it, and fill by themselves."""
    async with screen_of(log, (100, 30)) as screen:
        for name in BESIDE:
            await screen.press(name.key)
            if name not in NEED_NO_LOG:
                await screen.sees("Waiting for the event log")
        await screen.press(ViewName.SESSIONS.key)
        a_day(log)
        await screen.sees("claude-code", "codex")


async def test_requests_without_what_a_room_shows(log: Log) -> None:
    """It says how one comes by it."""
    log.started()
    log.exchange([(K.RECEIVED, {"method": "GET", "host": "api.test", "path": "/v1/models"})])
    async with screen_of(log, (100, 30)) as screen:
        for name, words in (
            (ViewName.TAGS, "No tags yet"),
            (ViewName.COMPACTIONS, "Nothing was compacted yet"),
            (ViewName.SESSIONS, "No session yet"),
            (ViewName.PIPELINE, "No stage has run yet"),
        ):
            await screen.press(name.key)
            await screen.sees(words)


async def test_each_follows_the_log(log: Log) -> None:
    """What comes while one looks is shown, without a key."""
    log.started()
    async with screen_of(log, (100, 30)) as screen:
        for at, name in enumerate(BESIDE):
            await screen.press(name.key)
            if at == 0:
                a_day(log)
            await screen.sees(*SAYS[name])
        await screen.press(ViewName.BUDGET.key)
        log.write(K.BUDGET, budget="day", before="NORMAL", level="BLOCKED", why="day: 100% used")
        await screen.sees("NORMAL → ⊘ BLOCKED", "day: 100% used")


async def test_a_proxy_that_is_gone(log: Log) -> None:
    """What was counted stays, and every view says that nothing comes any more."""
    a_day(log)
    log.write(K.STOPPED)
    async with screen_of(log, (100, 30)) as screen:
        for name in BESIDE:
            await screen.press(name.key)
            await screen.sees("■ stopped", *SAYS[name])


async def test_a_log_of_another_version(log: Log) -> None:
    """Kinds nobody knows, and payloads with nothing in them: gaps, no traceback."""
    log.started()
    rows = [(100.0, f"old-{i}", kind, load) for i, kind in enumerate([*K, "telepathy"]) for load in ("{}", "[]")]
    with sqlite3.connect(log.path) as db:
        db.executemany("insert into events (at, exchange, kind, payload) values (?, ?, ?, ?)", rows)
    db.close()
    async with screen_of(log, (120, 40)) as screen:
        for name in BESIDE:
            await screen.press(name.key, "down", "y", "end")
            await screen.sees(f"[{name.key} {name}]")
        await screen.press(ViewName.OVERVIEW.key)
        # A keep-alive request, or a turn of a history, of a request that is not known is none.
        await screen.sees(f"{len(K) - 2} requests")


async def test_a_log_begun_anew(log: Log) -> None:
    """A view is not left, and shows what the new one holds."""
    a_day(log)
    async with screen_of(log, (120, 40)) as screen:
        await screen.press(ViewName.SESSIONS.key)
        await screen.sees("2 sessions")
        log.remove()
        await screen.sees("Waiting for the event log", "Another log stands in the place")
        log.started()
        log.exchange()
        await screen.sees("1 session ")
        assert room_of(screen).NAME is ViewName.SESSIONS


@pytest.mark.parametrize("name", BESIDE)
async def test_any_size(log: Log, name: ViewName) -> None:
    """Every view stands every window, and comes back whole from a tiny one."""
    a_day(log)
    async with screen_of(log, (80, 24)) as screen:
        await screen.press(name.key)
        for size in ((160, 48), (20, 6), (1, 1), (80, 24), (300, 10), (160, 48)):
            await screen.pilot.resize_terminal(*size)
            await screen.pilot.pause()
        await screen.sees(*SAYS[name])


async def test_ways_in_and_out(log: Log) -> None:
    """From room to room, from an exchange, from the palette; Esc goes to the log, and help comes back to the view."""
    a_day(log)
    async with screen_of(log, (100, 30)) as screen:
        await screen.press("enter", ViewName.TAGS.key, ViewName.TAGS.key)
        assert room_of(screen).NAME is ViewName.TAGS
        await screen.press("question_mark")
        assert isinstance(screen.app.screen, HelpScreen)
        await screen.sees("overview: sums, requests per minute")
        await screen.press("escape", ViewName.PIPELINE.key, ViewName.TAGS.key)
        assert room_of(screen).NAME is ViewName.TAGS
        assert len(screen.app.screen_stack) == 2, "no pile of views"
        await screen.press("escape")
        assert isinstance(screen.app.screen, LogScreen)
        commands = {command.title: command for command in screen.app.get_system_commands(screen.app.screen)}
        commands["View: budget"].callback()
        await screen.sees("[7 budget]")


async def test_a_click_on_a_name_leads_there(log: Log) -> None:
    a_day(log)
    async with screen_of(log, (100, 30)) as screen:
        await screen.sees("[1 log]")
        await screen.pilot.click(offset=(screen.lines[0].index("3 tags") + 2, 0))
        await screen.sees("[3 tags]")


async def test_a_room_keeps_its_place(log: Log) -> None:
    """While one is elsewhere, and while rows come above the cursor."""
    for i in range(40):
        log.exchange(id=f"x{i}")
        log.write(K.TAGGED, f"x{i}", of="turn", tags=[f"tag{i:02}"], primary="")
    async with screen_of(log, (80, 24)) as screen:
        await screen.press(ViewName.TAGS.key)
        await screen.sees("tag39")
        await screen.press(*["down"] * 25)
        table = screen.app.screen.query_one("KeyedTable")
        chosen, top = table.chosen, table.scroll_y  # type: ignore[attr-defined]
        await screen.press(ViewName.OVERVIEW.key, ViewName.TAGS.key)
        assert (table.chosen, table.scroll_y) == (chosen, top)  # type: ignore[attr-defined]
        log.write(K.TAGGED, "x0", of="turn", tags=["newest"], primary="newest")
        await screen.sees("41 tags")
        assert (table.chosen, table.scroll_y) == (chosen, top + 1)  # type: ignore[attr-defined]


async def test_a_room_out_of_sight_draws_nothing(log: Log) -> None:
    """Who reads the log does not pay for seven views."""
    a_day(log)
    async with screen_of(log, (100, 30)) as screen:
        await screen.press(ViewName.SESSIONS.key)
        await screen.sees("2 sessions")
        room = room_of(screen)
        await screen.press("escape")
        drawn: list[float] = []
        room.draw = drawn.append  # type: ignore[method-assign]
        log.exchange(id="another")
        await screen.sees("4 requests")
        for _ in range(8):
            room._tick()
        assert drawn == []


def colours(screen: Screen) -> set[object]:
    strips = screen.app.screen._compositor.render_strips()
    return {segment.style.color for strip in strips for segment in strip if segment.style and segment.text.strip()}


async def test_dark_and_light(log: Log) -> None:
    """`t` turns the theme of a view, down to the last letter."""
    a_day(log)
    async with screen_of(log, (120, 40)) as screen:
        for name in BESIDE:
            await screen.press(name.key)
            await screen.sees(*SAYS[name])
            before = colours(screen)
            await screen.press("t")
            await until(screen.pilot, lambda before=before: not colours(screen) & before, f"other colours in {name}")
            await screen.sees(*SAYS[name])


@pytest.mark.parametrize("name", [ViewName.MEMORY, ViewName.SESSIONS, ViewName.BUDGET, ViewName.COMPACTIONS])
async def test_the_palette_offers_what_a_room_can_do(log: Log, name: ViewName) -> None:
    """Each is an action of it, and only while it is on top."""
    a_day(log)
    async with screen_of(log, (100, 30)) as screen:
        await screen.press(name.key)
        room = room_of(screen)
        offered = {command.title: command for command in screen.app.get_system_commands(room)}
        assert room.OFFERS
        for title, _, action in room.OFFERS:
            assert offered[title].callback == getattr(room, f"action_{action}")
        elsewhere = {command.title for command in screen.app.get_system_commands(screen.app.log_screen)}
        assert not elsewhere & {title for title, _, _ in room.OFFERS}


@pytest.mark.parametrize(("room", "key"), [("5", "d"), ("5", "l"), ("7", "r"), ("7", "s"), ("7", "x"), ("4", "enter")])
async def test_a_question_stands_every_window(log: Log, room: str, key: str) -> None:
    """It is asked in a tiny one as well, and Esc leads back."""
    a_day(log)
    books(log, (Scope.DAY, Limit(dollars=4)))
    async with screen_of(log, (80, 24)) as screen:
        await screen.press(room)
        await until(screen.pilot, lambda: room_of(screen).is_complete, "a view that is told")
        await screen.press(key)
        await until(screen.pilot, lambda: not isinstance(screen.app.screen, BaseView), "a question")
        for size in ((20, 6), (1, 1), (160, 48)):
            await screen.pilot.resize_terminal(*size)
            await screen.pilot.pause()
        await screen.press("escape")
        await screen.sees(f"[{room} ")
