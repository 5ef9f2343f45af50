"""The screens, driven by keys, over real logs."""

from __future__ import annotations

import sqlite3
from typing import Any

import pytest
from textual.app import App
from textual.widgets import Input, Static

from penstock.events.event import EventKind
from penstock_tui.app import PenstockApp
from penstock_tui.screens.detail import DetailScreen
from penstock_tui.screens.help import HelpScreen
from penstock_tui.screens.log import LogScreen
from penstock_tui.widgets.block_list import BlockList
from penstock_tui.widgets.filter_line import FilterLine
from penstock_tui.widgets.fitted_line import FittedLine
from tests.tui.logs import Log, life, paid_life, until
from tests.tui.pilot import Screen, screen_of

K = EventKind


async def test_rows_appear_as_they_are_written(log: Log) -> None:
    """Live: a request shows while it is under way, and its row fills in place."""
    log.started()
    async with screen_of(log) as screen:
        await screen.sees("The proxy listens on 127.0.0.1:8899", "penstock run")
        facts = life("why does it fail?")
        log.exchange(facts, id="x1", upto=K.FORWARDED)
        await screen.sees("why does it fail?", "waiting")
        log.exchange(facts[7:], id="x1")
        await screen.sees("✓ 200", "1.5k    1 -500", "80%", "2.1s")
        assert screen.table.count == 1
        log.exchange(life("and now?"), id="x2")
        await screen.sees("and now?")
        assert [n for n, line in enumerate(screen.lines) if "and now?" in line] < [
            n for n, line in enumerate(screen.lines) if "why does it fail?" in line
        ], "the newest is on top"


async def test_sums_and_health(log: Log) -> None:
    """The lines above and below say what came through and whether the proxy runs."""
    log.started()
    log.exchange()
    log.write(K.FAULT, where="store", error="disk full")
    async with screen_of(log) as screen:
        await screen.sees(
            "1 request ", "1 turn ", "1.5k tokens sent", "500 tokens fewer (25%)", "80% of input from cache"
        )
        await screen.sees("running, pid", "profile default", "1/min", "1 fault", "degraded: store: disk full")
        log.write(K.STOPPED)
        await screen.sees("stopped")


async def test_money_is_shown_above_beside_and_within(log: Log) -> None:
    """In all, for each request, and for its session; an estimate is marked as one."""
    log.exchange(paid_life(0.04, 0.01, session="one"))
    log.exchange(paid_life(0.02, 0.04, "estimated", session="two"))
    async with screen_of(log) as screen:
        await screen.sees("~$0.0100 saved (17%)", "~$0.0500 paid")
        await screen.sees("$0.0300", "~-$0.0200")
        await screen.press("enter")
        await screen.sees("Money", "$0.0200 lost (100%) in 1 request", "(estimated)", "reads saved 4,000")


async def test_a_loss_is_told_in_words_too(log: Log) -> None:
    """Red alone says nothing to who can not see it."""
    log.exchange(paid_life(0.02, 0.03))
    async with screen_of(log) as screen:
        await screen.sees("$0.0100 lost (50%)", "$0.0300 paid")
        await screen.sees("-$0.0100")


async def test_a_proxy_that_was_killed(log: Log) -> None:
    """What was under way then does not turn for ever."""
    log.started(pid=2**22 + 1)  # beyond the highest process id
    log.exchange(upto=K.FORWARDED)
    async with screen_of(log) as screen:
        await screen.sees("is gone", "? lost")


async def test_failed_refused_and_quiet_rows_are_told_apart_by_words(log: Log) -> None:
    """Never by colour alone."""
    log.exchange([*life("one")[:7], (K.FAILED, {"why": "provider", "status": 529, "error": "overloaded", "ms": 9.0})])
    log.exchange([*life("two")[:7], (K.FAILED, {"why": "client left", "status": 200, "error": "", "ms": 9.0})])
    log.exchange([*life("three")[:6], (K.REFUSED, {"status": 429, "message": "budget", "stage": "budget"})])
    log.exchange(life("four", kind="side", retry=True))
    async with screen_of(log) as screen:
        await screen.sees("✗ 529", "✗ closed", "⊘ 429", "side ↺")


async def test_no_log_yet(log: Log) -> None:
    """It says where it looks and how to begin, and goes on by itself."""
    async with screen_of(log, (100, 24)) as screen:
        await screen.sees("Waiting for the event log", "penstock up", log.path.name)
        await screen.press("enter", "f", "y", "n", "j")
        log.exchange(life("here at last"))
        await screen.sees("here at last")


async def test_a_log_deleted_and_begun_anew(log: Log) -> None:
    """Its rows go with it; those of the next take their place."""
    log.exchange(life("before"))
    async with screen_of(log) as screen:
        await screen.sees("before")
        await screen.press("enter")
        assert isinstance(screen.app.screen, DetailScreen)
        await screen.press("question_mark")
        log.remove()
        await screen.sees("Waiting for the event log")
        assert isinstance(screen.app.screen, LogScreen), "an exchange that is gone is not shown any more"
        log.exchange(life("after"))
        await screen.sees("after", "1 request ")


async def test_a_file_that_is_no_log(log: Log) -> None:
    log.path.write_text("a letter, and no database " * 100)
    async with screen_of(log) as screen:
        await screen.sees("The event log cannot be read", "no store of Penstock", "--store")


async def test_a_log_of_another_version(log: Log) -> None:
    """Kinds nobody knows and payloads with nothing in them: rows with gaps, no traceback."""
    log.started()
    rows = [
        (100.0 + i, f"old-{i}", kind, payload) for i, kind in enumerate([*K, "telepathy"]) for payload in ("{}", "[]")
    ]
    with sqlite3.connect(log.path) as db:
        db.executemany("insert into events (at, exchange, kind, payload) values (?, ?, ?, ?)", rows)
    db.close()
    async with screen_of(log) as screen:
        await until(
            screen.pilot, lambda: screen.table.count == len(K) - 2
        )  # two kinds are lines beside a request that is not there
        await screen.press("enter", "e")
        for _ in range(len(K) - 2):
            await until(screen.pilot, lambda: isinstance(detail := screen.app.screen, DetailScreen) and detail.loaded)
            await screen.press("j")
        await screen.sees("That was the oldest.")


async def test_the_cursor_stays_on_its_row(log: Log) -> None:
    """Who reads a row is not carried away by newer ones; `f` goes to the newest and stays there."""
    for i in range(60):
        log.exchange(life(f"number {i}"))
    async with screen_of(log, (100, 24)) as screen:
        await screen.press(*["down"] * 30)
        assert screen.table.cursor is not None
        chosen, lines = screen.table.cursor.id, [line[:-1] for line in screen.lines[screen.table.region.y : -2]]
        log.exchange(life("a newer one"))
        await until(screen.pilot, lambda: screen.table.count == 61)
        assert screen.table.cursor.id == chosen
        assert [line[:-1] for line in screen.lines[screen.table.region.y : -2]] == lines, (
            "nothing moved under the reader's eyes"
        )
        await screen.sees("31 newer, f follows")
        await screen.press("f")
        await screen.sees("a newer one")
        log.exchange(life("the newest"), id="newest")
        await until(screen.pilot, lambda: screen.table.cursor is not None and screen.table.cursor.id == "newest")


async def test_moving_by_keys(log: Log) -> None:
    for i in range(100):
        log.exchange(id=f"x{i}")
    async with screen_of(log, (100, 24)) as screen:

        def at() -> str:
            assert screen.table.cursor is not None
            return screen.table.cursor.id

        await screen.press("j", "j", "k")
        assert at() == "x98"
        await screen.press("G")
        assert at() == "x0"
        await screen.press("pageup")
        assert at() != "x0"
        await screen.press("g")
        assert at() == "x99"
        await screen.press("up")
        assert at() == "x99"


async def test_filter(log: Log) -> None:
    """Rows that do not match go as the words are typed; new ones that match come in; Esc brings all back."""
    log.exchange(life("fix the parser"))
    log.exchange(life("a title", kind="side"))
    log.exchange(life("fix the lexer", client="codex"))
    async with screen_of(log, (120, 24)) as screen:
        await screen.press("slash")
        await screen.type("fix -client:codex")
        assert screen.table.count == 1
        await screen.sees("1 of 3")
        await screen.press("enter")
        log.exchange(life("fix the linker"))
        log.exchange(life("something else"))
        await screen.sees("fix the linker")
        await until(screen.pilot, lambda: len(screen.app.feed.model.rows) == 5)
        assert screen.table.count == 2
        await screen.press("escape")
        assert screen.table.count == 5
        assert not screen.app.log_screen.query_one(FilterLine).display


async def test_a_row_enters_the_filter_when_it_changes(log: Log) -> None:
    """A request comes to match once its answer is known, at its place among the others."""
    facts = life("slow")
    log.exchange(facts, id="slow", upto=K.FORWARDED)
    log.exchange([*life("quick")[:7], (K.FAILED, {"why": "provider", "status": 529})])
    async with screen_of(log, (120, 24)) as screen:
        await screen.press("slash")
        await screen.type("is:failed")
        await screen.press("enter")
        assert screen.table.count == 1
        log.exchange([(K.FAILED, {"why": "cut", "ms": 9.0})], id="slow")
        await until(screen.pilot, lambda: screen.table.count == 2)
        await screen.press("end")
        assert screen.table.cursor is not None
        assert screen.table.cursor.id == "slow"


async def test_a_filter_that_means_nothing_is_explained(log: Log) -> None:
    """What was there stays until the words mean something."""
    log.exchange()
    async with screen_of(log, (120, 24)) as screen:
        await screen.press("slash")
        await screen.type("kind:sied")
        await screen.sees("No kind begins with “sied”", "Did you mean “side”?")
        await screen.press("enter")
        assert isinstance(screen.app.focused, Input), "it is not accepted"


async def test_a_filter_nothing_fits(log: Log) -> None:
    log.exchange()
    async with screen_of(log, (120, 24)) as screen:
        await screen.press("slash")
        await screen.type("kind:count")
        await screen.sees("Nothing matches", "Esc clears the filter")
        await screen.press("escape")
        await screen.sees("why does it fail?")


async def test_find(log: Log) -> None:
    """The cursor goes from match to match; nothing is hidden."""
    for i in range(40):
        log.exchange(life("needle" if i % 10 == 0 else "hay"), id=f"x{i}")
    async with screen_of(log, (100, 24)) as screen:
        await screen.press("ctrl+f")
        await screen.type("needle")
        await screen.press("enter")
        assert screen.table.cursor is not None
        found = [screen.table.cursor.id]
        for key in ("n", "n", "n", "n", "N"):
            await screen.press(key)
            found.append(screen.table.cursor.id)
        assert found == ["x30", "x20", "x10", "x0", "x30", "x0"]
        assert screen.table.count == 40


async def test_detail(log: Log) -> None:
    """Everything the log knows of the exchange is on one screen."""
    log.exchange(life("first words"))
    log.exchange(life("second words", first=1, messages=2, blocks=[block(1, "second words")]))
    async with screen_of(log) as screen:
        await screen.press("enter")
        await screen.sees(
            "exchange-2", "talk-1", "session-1", "claude-code · main · main", "turn 1 · 2 messages", "second words"
        )
        await screen.sees("· envelope", "no envelope", "✎ pruning", "700 → 200 tokens: a long listing")
        await screen.sees("2,000 → 1,500 (calibrated), 25% less", "system 300 · tools 1.0k · messages 700")
        await screen.sees("80% read", "10% written", "10% plain", "50 out", "tool_use", "tree is empty")
        await screen.sees("received", "forwarded", "first byte after 420ms", "after 2.1s", "processed")
        blocks = screen.app.screen.query_one(BlockList).text
        assert blocks.index("first words") < blocks.index("new in this request") < blocks.index("second words")
        assert "▌U" in blocks


def block(m: int, text: str) -> dict[str, Any]:
    return {"m": m, "role": "user", "kind": "text", "tokens": 3, "name": "", "id": "", "text": text}


async def test_detail_follows_a_running_exchange(log: Log) -> None:
    """What happens while one looks is shown; and the way it goes on is that of the log."""
    facts = life()
    log.exchange(life("an older one"))
    log.exchange(facts, id="x2", upto=K.CLASSIFIED)
    async with screen_of(log) as screen:
        await screen.press("enter")
        await screen.sees("under way")
        log.exchange(facts[2:], id="x2")
        await screen.sees("tree is empty", "processed")
        await screen.press("j")
        await screen.sees("an older one", "2 of 2")
        await screen.press("k")
        await screen.sees("1 of 2")
        await screen.press("k")
        await screen.sees("That is the newest.")
        await screen.press("escape")
        assert isinstance(screen.app.screen, LogScreen)


async def test_detail_in_a_narrow_window(log: Log) -> None:
    """One half at a time, and Tab goes to the other."""
    log.exchange(life("words to read"))
    async with screen_of(log, (80, 24)) as screen:
        await screen.press("enter")
        await screen.sees("Overview", "exchange-1")
        assert not screen.shows("Blocks")
        await screen.press("tab")
        await screen.sees("Blocks", "words to read")
        assert not screen.shows("Overview ")


async def test_blocks_in_full(log: Log) -> None:
    """`e` shows all lines of the blocks, and what stands in their place."""
    log.exchange(life(blocks=[block(0, "line one\n    line two")]))
    async with screen_of(log) as screen:
        await screen.press("enter")
        await screen.sees("line one line two")
        await screen.press("e")
        await screen.sees("    line two", "┆ [cut]")


async def test_help_names_every_key_and_column(log: Log) -> None:
    """What a footer shows or a table heads is explained; any way out leads back."""
    async with screen_of(log, (120, 60)) as screen:
        await screen.press("question_mark")
        assert isinstance(screen.app.screen, HelpScreen)
        await screen.sees("Request log", "Ctrl+F", "what was sent against what was received", "Context map")
        await screen.press("end")
        await screen.sees("kind:main client:codex", "Columns")
        await screen.press("escape")
        assert isinstance(screen.app.screen, LogScreen)


@pytest.mark.parametrize("keys", [[], ["enter"], ["enter", "tab", "e"], ["question_mark"], ["slash"]])
async def test_any_size(log: Log, keys: list[str]) -> None:
    """Every screen stands every window, and comes back whole from a tiny one."""
    for i in range(30):
        log.exchange(life(f"number {i} ü 翻訳"))
    async with screen_of(log, (80, 24)) as screen:
        await screen.press(*keys)
        for size in ((160, 48), (20, 6), (1, 1), (80, 24), (300, 10), (160, 48)):
            await screen.pilot.resize_terminal(*size)
            await screen.pilot.pause()
        assert screen.text.strip()
        await screen.press("escape")
        await screen.sees("number 29", "status")


async def test_light_and_dark(log: Log) -> None:
    """`t` turns the theme, and rows are drawn anew in its colours."""
    log.exchange()
    async with screen_of(log) as screen:
        before = screen.app.export_screenshot()
        await screen.press("t")
        assert not screen.app.current_theme.dark
        await until(screen.pilot, lambda: screen.app.export_screenshot() != before)
        await screen.press("t")
        assert screen.app.current_theme.dark


async def test_every_theme(log: Log) -> None:
    """Those of a terminal's own colours included."""
    log.exchange([*life()[:7], (K.FAILED, {"why": "provider", "status": 529})])
    async with screen_of(log) as screen:
        for name in screen.app.available_themes:
            screen.app.theme = name
            await screen.pilot.pause()
            assert screen.shows("✗ 529"), name


async def test_copies_the_id(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    copied: list[str] = []
    monkeypatch.setattr(App, "copy_to_clipboard", lambda _app, text: copied.append(text))
    log.exchange(id="x1")
    async with screen_of(log) as screen:
        await screen.press("y")
        await screen.press("enter", "y")
    assert copied == ["x1", "x1"]


async def test_commands_of_the_palette(log: Log) -> None:
    """The palette's filters are filters like typed ones."""
    log.exchange(life("a title", kind="side"))
    log.exchange(life("a message"))
    async with screen_of(log) as screen:
        commands = {command.title: command for command in screen.app.get_system_commands(screen.app.screen)}
        commands["Hide side calls and counts"].callback()
        await screen.sees("1 of 2", "-kind:side")
        assert screen.table.count == 1
        commands["Clear the filter"].callback()
        assert screen.table.count == 2


async def test_a_long_log_is_bounded(log: Log) -> None:
    """The oldest rows make place on the screen as they do in memory."""
    for i in range(30):
        log.exchange(life(f"number {i}"))
    app = PenstockApp(log.path, log.clock)
    app.feed.model.limit = 20
    async with app.run_test(size=(100, 40)) as pilot:
        screen = Screen(app, pilot)
        await until(pilot, lambda: app.feed.loaded and screen.table.count == 20)
        await screen.press("end")
        log.exchange(life("one more"))
        await screen.sees("one more")
        assert screen.table.count == 20
        assert screen.table.cursor is app.feed.model.rows[0]
        assert not screen.shows("number 10 ")


async def test_quits_with_q(log: Log) -> None:
    """And leaves no thread behind that reads."""
    log.exchange()
    app = PenstockApp(log.path, log.clock)
    async with app.run_test() as pilot:
        await until(pilot, lambda: app.feed.loaded)
        await pilot.press("q")
    assert app.return_code == 0
    assert all(worker.is_finished for worker in app.workers)


async def test_the_health_line_fits(log: Log) -> None:
    """In a narrow window the state of the proxy stays, the rest goes."""
    log.started()
    async with screen_of(log, (40, 12)) as screen:
        await until(screen.pilot, lambda: "running" in screen.app.screen.query_one("#health", FittedLine).text)
        assert "stages" not in screen.text
        assert screen.app.screen.query_one("#notice", Static).display
