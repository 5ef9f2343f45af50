"""The request log, driven by keys: its columns, their order, tags, history, and what is copied."""

from __future__ import annotations

from typing import Any

import pytest
from textual.app import App

from penstock.events.event import EventKind
from penstock_tui.data.chosen_columns import columns_file
from penstock_tui.screens.log import LogScreen
from penstock_tui.widgets.request_table import RequestTable
from tests.tui.logs import Facts, Log, life, paid_life, until
from tests.tui.pilot import Screen, screen_of

K = EventKind


def took(ms: float, words: str, **more: Any) -> Facts:
    """A life whose answer took so long."""
    facts = life(words, **more)
    return [(kind, data | {"ms": ms}) if kind is K.ANSWERED else (kind, data) for kind, data in facts]


def tagged(of: str, *tags: str, **more: Any) -> tuple[EventKind, dict[str, Any]]:
    return K.TAGGED, {"of": of, "tags": [*tags], "primary": tags[0], "broad": False, "temporal": False} | more


def order(screen: Screen) -> list[str]:
    """The words of the rows from the top."""
    table = screen.table
    return [table._view.at(line).prompt for line in range(table.count)]


def cell(screen: Screen, words: str, text: str) -> Any:
    """The style of a piece of text in the row with these words."""
    strips = screen.app.screen._compositor.render_strips()
    strip = next(one for one in strips if words in one.text)
    return next(segment.style for segment in strip if text in segment.text)


async def test_columns_go_by_rank(log: Log) -> None:
    """At 80 columns what matters most is there, what was edited and saved included; the rest on wider screens."""
    log.exchange(paid_life(0.04, 0.03))
    async with screen_of(log, (80, 24)) as screen:
        await screen.sees("time")
        assert screen.titles.split() == ["time", "kind", "prompt", "sent", "edits", "saved", "status"]
        await screen.sees("1 -500", "$0.0100")
        await screen.pilot.resize_terminal(160, 48)
        titles = "kind session client request tags prompt sent edits cache saved total status"
        await until(screen.pilot, lambda: screen.titles.split() == ["time", *titles.split()])
        await screen.pilot.resize_terminal(300, 48)
        await until(screen.pilot, lambda: {"agent", "model", "replayed", "first"} < set(screen.titles.split()))


async def test_arrows_show_the_other_columns(log: Log) -> None:
    """Page by page, beside what says which row it is; past the ends nothing happens."""
    log.exchange(life("why?"))
    async with screen_of(log, (80, 24)) as screen:
        first, seen = screen.titles, set(screen.titles.split())
        for _ in range(6):
            await screen.press("right")
            assert {"time", "prompt"} <= set(screen.titles.split())
            assert screen.shows("why?")
            seen |= set(screen.titles.split())
        assert {"request", "answer", "tags", "baseline", "injected", "removed", "provider", "model", "replayed"} <= seen
        await screen.press(*["left"] * 8)
        assert screen.titles == first


async def test_tags_of_both_ways(log: Log) -> None:
    """What came in and what was answered have tags of their own; the most telling is bold, badges say what is asked."""
    told = life("why?")
    log.exchange([*told[:2], tagged("request", "auth", "token", temporal=True), *told[2:], tagged("turn", "database")])
    async with screen_of(log, (240, 48)) as screen:
        await screen.sees("TEMPORAL auth…", "database")
        log.exchange(life("newer"))  # on the cursor's row all is bold
        await screen.sees("newer")
        assert cell(screen, "why?", "TEMPORAL").reverse
        assert cell(screen, "why?", "database").bold
        assert not cell(screen, "why?", "why?").bold
        await screen.press("slash")
        await screen.type("answer:database")
        assert screen.table.count == 1
        await screen.press("escape", "slash")
        await screen.type("answer:auth")
        assert screen.table.count == 0


async def test_sums_say_that_they_are_of_all_while_a_filter_hides_some(log: Log) -> None:
    log.exchange(life("one"))
    log.exchange(life("two"))
    async with screen_of(log, (120, 40)) as screen:
        await screen.sees("Penstock · 2 requests")
        await screen.press("slash")
        await screen.type("one")
        await screen.sees("1 of 2", "Penstock · of all, not only those shown: 2 requests")


async def test_history_is_dim_and_marked(log: Log) -> None:
    """What came before the proxy started last is told from what came since, by more than its tone."""
    log.started()
    log.exchange(life("before"))
    async with screen_of(log) as screen:
        await screen.sees("before")
        assert not screen.shows("┊")
        log.started()
        log.exchange(life("since"))
        await screen.sees("since", "┊")
        marked = [line for line in screen.lines if "┊" in line]
        assert [("before" in line, "since" in line) for line in marked] == [(True, False)]
        assert cell(screen, "before", "before").color != cell(screen, "since", "since").color
        await screen.press("slash")
        await screen.type("is:live")
        assert order(screen) == ["since"]
        await screen.press("enter")
        log.started()
        await until(screen.pilot, lambda: screen.table.count == 0)
        await screen.press("escape", "slash")
        await screen.type("is:history")
        assert order(screen) == ["since", "before"]


async def test_sorts_by_the_columns_in_turn(log: Log) -> None:
    """`s` goes on to the next, `S` turns it around, and after the last, and with Esc, the newest is on top again."""
    for ms, words in ((300.0, "one"), (900.0, "two"), (600.0, "three")):
        log.exchange(took(ms, words))
    async with screen_of(log, (80, 24)) as screen:
        assert order(screen) == ["three", "two", "one"]
        titles = [column.title for column, _ in screen.table.columns if column.title != "time"]
        for title in titles:
            await screen.press("s")
            assert screen.table.order is not None
            assert screen.table.order.title == title
            assert screen.titles.count("▼") + screen.titles.count("▲") == 1
            if title == "total":
                assert order(screen) == ["two", "three", "one"]
                assert "total▼" in screen.titles
                await screen.press("S")
                assert order(screen) == ["one", "three", "two"]
                assert "total▲" in screen.titles
        await screen.press("s")
        assert screen.table.order is None
        assert order(screen) == ["three", "two", "one"]
        await screen.press("s", "escape")
        assert screen.table.order is None
        await screen.press("S")
        assert order(screen) == ["one", "two", "three"], "the oldest on top"


async def test_a_click_on_a_title_sorts(log: Log) -> None:
    """By it, then the other way, then not at all."""
    for ms, words in ((300.0, "one"), (900.0, "two")):
        log.exchange(took(ms, words))
    async with screen_of(log, (120, 24)) as screen:
        await screen.sees("total")
        at = (screen.titles.index("total"), 0)
        await screen.pilot.click(RequestTable, offset=at)
        assert order(screen) == ["two", "one"]
        await screen.pilot.click(RequestTable, offset=at)
        assert order(screen) == ["one", "two"]
        await screen.pilot.click(RequestTable, offset=at)
        await until(screen.pilot, lambda: screen.table.order is None)


async def test_rows_come_to_their_place_while_sorted(log: Log) -> None:
    """Live, filtered or not; the cursor stays on its row, and the window does not move under who reads."""
    for i in range(60):
        log.exchange(took(1000.0 + i, f"number {i}", client="codex" if i % 2 else "aider"))
    async with screen_of(log, (100, 24)) as screen:
        commands = {command.title: command for command in screen.app.get_system_commands(screen.app.screen)}
        commands["Sort by total"].callback()
        await screen.pilot.pause()
        assert order(screen)[0] == "number 59"
        await screen.press(*["down"] * 30)
        assert screen.table.cursor is not None
        chosen, lines = screen.table.cursor.id, [line[:-1] for line in screen.lines[3:-2]]
        log.exchange(took(9000.0, "the slowest"))
        log.exchange(took(1.0, "the fastest"))
        running = log.exchange(took(5000.0, "in between")[:7], id="running")
        await until(screen.pilot, lambda: screen.table.count == 63)
        log.exchange(took(5000.0, "in between")[7:], id=running)
        await until(screen.pilot, lambda: order(screen)[1] == "in between")
        assert (order(screen)[0], order(screen)[-1]) == ("the slowest", "the fastest")
        assert screen.table.cursor.id == chosen
        assert [line[:-1] for line in screen.lines[3:-2]] == lines, "nothing moved under the reader's eyes"
        await screen.press("slash")
        await screen.type("client:aider")
        assert order(screen) == [f"number {i}" for i in range(58, -1, -2)]
        await screen.press("escape")
        assert screen.table.order is not None, "the first Esc clears the filter, the next one the order"
        await screen.press("escape")
        assert order(screen)[0] == "in between"


async def test_following_goes_on_after_a_sort(log: Log) -> None:
    """Who followed the newest does so again, and `f` does both at once."""
    log.exchange(took(900.0, "one"))
    log.exchange(took(300.0, "two"))
    async with screen_of(log, (100, 24)) as screen:
        await screen.press("S", "escape")
        assert screen.table.following
        await screen.press("down", "S", "escape")
        assert not screen.table.following
        await screen.press("S", "f")
        assert screen.table.following
        assert screen.table.order is None
        log.exchange(life("three"))
        await until(screen.pilot, lambda: screen.table.cursor is not None and screen.table.cursor.prompt == "three")


async def test_a_sorted_log_begun_anew(log: Log) -> None:
    """The order is kept for the log that takes the place of the one before."""
    log.exchange(took(300.0, "before"))
    async with screen_of(log, (100, 24)) as screen:
        await screen.press("s")
        log.remove()
        log.exchange(took(300.0, "one"))
        log.exchange(took(300.0, "two"))
        await until(screen.pilot, lambda: screen.table.count == 2 and "before" not in order(screen))
        assert screen.table.order is not None


async def test_copies_the_prompt(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    """All that the log has of them, line ends included; a row shows less."""
    copied: list[str] = []
    monkeypatch.setattr(App, "copy_to_clipboard", lambda _app, text: copied.append(text))
    words = "a line\n" * 100
    log.exchange(life(words))
    log.exchange(life("", host="api.test"))
    async with screen_of(log) as screen:
        await screen.press("Y")
        await screen.sees("has no prompt to copy")
        await screen.press("down", "Y")
        await until(screen.pilot, lambda: copied)
        log.remove()
    assert copied == [words]


async def test_text_can_be_selected(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the mouse, and copied. Rows wait meanwhile, so that it does not run from under the mouse, and then come."""
    copied: list[str] = []
    monkeypatch.setattr(App, "copy_to_clipboard", lambda _app, text: copied.append(text))
    log.exchange(life("the older words"))
    log.exchange(life("the newer words"))
    async with screen_of(log) as screen:
        await screen.sees("the newer words")
        column = screen.titles.index("prompt")
        await screen.drag(RequestTable, (column + 4, 1), (column + 8, 1))
        await screen.press("ctrl+c")
        assert copied == ["newer"]
        assert isinstance(screen.app.screen, LogScreen), "nothing was opened"
        log.exchange(life("the newest words"))
        await screen.sees("rows wait")
        await until(screen.pilot, lambda: len(screen.app.feed.model.rows) == 3)
        assert screen.table.count == 2
        await screen.press("escape")
        await screen.sees("the newest words")
        await screen.drag(RequestTable, (column, 2), (column + 14, 3))
        await screen.press("ctrl+c")
        first, last = copied[1].splitlines()
        assert first.startswith("the newer words")
        assert last.endswith("the older words")
        await screen.press("s")
        await until(screen.pilot, lambda: not screen.shows("rows wait"))


async def test_requests_stand_together_by_session(log: Log) -> None:
    """`b`: under a heading each, the session that began last on top; the cursor goes from row to row."""
    for words, session in (("one", "morning"), ("two", "evening"), ("three", "morning")):
        log.exchange(paid_life(0.04, 0.01, words=words, session=session, project="/src/kiln"))
    async with screen_of(log, (120, 24)) as screen:
        assert order(screen) == ["three", "two", "one"]
        await screen.press("b")
        await screen.sees("── 2 evening · claude-code · kiln · 1 request, 1 turn · $0.0300 saved ─")
        await screen.sees("── 1 morning · claude-code · kiln · 2 requests, 2 turns · $0.0600 saved ─")
        seen = [screen.table.cursor and screen.table.cursor.prompt]
        for key in ("down", "down", "down", "up", "up", "up"):
            await screen.press(key)
            seen.append(screen.table.cursor and screen.table.cursor.prompt)
        assert seen == ["two", "three", "one", "one", "three", "two", "two"]
        log.exchange(life("four", session="evening"))
        await screen.sees("2 evening · claude-code · kiln · 2 requests")
        assert screen.table.rows == 4
        await screen.press("b")
        assert order(screen) == ["four", "three", "two", "one"]


async def test_sessions_have_a_colour_and_a_name(log: Log) -> None:
    """By the order in which they appeared, whatever is shown of them; a label takes the place of the id."""
    log.exchange(life("one", session="morning"))
    log.exchange(life("two", session="evening"))
    log.exchange(life("three", session="noon"))
    async with screen_of(log, (120, 24)) as screen:
        first, second = cell(screen, "one", "1 morning"), cell(screen, "two", "2 evening")
        assert first.color != second.color


async def test_columns_are_chosen_and_remembered(log: Log) -> None:
    """`c` and Space; the next screen shows them too; `r` gives it back to the window, and Esc changes nothing."""
    log.exchange()
    async with screen_of(log, (80, 24)) as screen:
        await screen.press("c")
        await screen.sees("what it shows", "[x]", "[ ]")
        await screen.press("space", "escape")
        assert screen.titles.split()[0] == "time"
        await screen.press("c", "space", "down", "space", "down", "space", "enter")  # no time and kind, but the turn
        titles = ["turn", "prompt", "sent", "edits", "saved", "status"]
        await until(screen.pilot, lambda: screen.titles.split() == titles)
        shown = screen.titles
    async with screen_of(log, (80, 24)) as screen:
        assert screen.titles == shown
        await screen.press("right")
        assert "time" in screen.titles, "the others are further pages"
        await screen.press("c", "r")
        await until(screen.pilot, lambda: screen.titles.split()[0] == "time")


async def test_a_broken_choice_is_ignored_and_told(log: Log) -> None:
    """All else works."""
    columns_file().parent.mkdir(parents=True, exist_ok=True)
    columns_file().write_text("{", encoding="utf-8")
    log.exchange()
    async with screen_of(log, (80, 24)) as screen:
        await until(screen.pilot, lambda: "tui-columns.json" in noted(screen, "") and "again" in noted(screen, " "))
        assert "c chooses them again" in noted(screen, " ")
        assert screen.titles.split()[0] == "time"


def noted(screen: Screen, between: str) -> str:
    """What the notification says, whose lines end where the path of the test's folder has them end."""
    return between.join(line.partition("▌")[2].strip() for line in screen.lines)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_what_was_changed_is_a_key_away(log: Log, size: tuple[int, int]) -> None:
    """`d` opens the difference of the request under the cursor."""
    log.exchange(life("one"))
    log.exchange(life("two"))
    async with screen_of(log, size) as screen:
        await screen.press("down", "d")
        await screen.sees("Sent against received", "a long listing")
        await screen.press("escape")
        await until(screen.pilot, lambda: screen.app.screen is screen.app.log_screen)
        assert screen.table.cursor is not None
        assert screen.table.cursor.prompt == "one"
