"""Text selected with the mouse where lines are drawn one by one."""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.segment import Segment
from rich.style import Style
from textual.app import App
from textual.geometry import Offset
from textual.selection import Selection
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Static

from penstock.events.event import EventKind as K
from penstock_tui.screens.detail import DetailScreen, Pane
from penstock_tui.screens.log import LogScreen
from penstock_tui.screens.sessions import SessionsView
from penstock_tui.widgets.drawn_lines import MOST, highlighted, text_in
from penstock_tui.widgets.keyed_table import KeyedTable
from penstock_tui.widgets.request_table import RequestTable
from penstock_tui.widgets.text_lines import TextLines
from tests.tui.logs import Log, life, paid_life, until
from tests.tui.pilot import screen_of
from tests.tui.played import play


@pytest.fixture
def copied(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    out: list[str] = []
    monkeypatch.setattr(App, "copy_to_clipboard", lambda _app, text: out.append(text))
    return out


async def test_rows_of_a_room(log: Log, copied: list[str]) -> None:
    """They stand still while text in them is selected, and no row is chosen by that."""
    log.exchange(paid_life(0.04, 0.01, session="morning", conversation="talk-1"))
    log.exchange(paid_life(0.04, 0.01, session="evening", conversation="talk-2"))
    async with screen_of(log) as screen:
        await screen.press("5")
        await screen.sees("[5 sessions]", "2 sessions", "evening")
        line = next(y for y, text in enumerate(screen.lines) if "morning" in text)
        table = screen.app.screen.query_one(KeyedTable)
        y, x = line - table.region.y, screen.lines[line].index("morning")
        await screen.drag(KeyedTable, (x, y), (x + 6, y))
        await screen.press("ctrl+c")
        assert copied == ["morning"]
        assert isinstance(screen.app.screen, SessionsView)
        assert table.cursor_line == 0
        log.exchange(paid_life(0.04, 0.01, session="night", conversation="talk-3"))
        await screen.sees("3 sessions")
        assert not screen.shows("night")
        await screen.press("escape")
        await screen.sees("night")


async def test_from_where_the_mouse_rested(log: Log, copied: list[str]) -> None:
    """A view that was entered by its key is selected in like any other, before the mouse has moved there."""
    log.exchange(paid_life(0.04, 0.01, session="morning", conversation="talk-1"))
    async with screen_of(log) as screen:
        await screen.pilot.hover(offset=(60, 30))
        await screen.press("5")
        await screen.sees("[5 sessions]", "morning")
        line = next(y for y, text in enumerate(screen.lines) if "morning" in text)
        x = screen.lines[line].index("morning")
        await screen.pilot.hover(offset=(x, line))
        await screen.press("1", "5")
        await screen.sees("[5 sessions]", "morning")
        await screen.rub((x, line), (x + 6, line))
        await screen.press("ctrl+c")
    assert copied == ["morning"]


async def test_a_second_click_selects_nothing(log: Log) -> None:
    """It opens; rows that stood still then would be found so later, for no reason one sees."""
    log.exchange(paid_life(0.04, 0.01, session="morning", conversation="talk-1"))
    async with screen_of(log) as screen:
        await screen.press("5")
        await screen.sees("[5 sessions]", "morning")
        room = screen.app.screen
        await screen.pilot.click(KeyedTable, offset=(5, 1), times=2)
        await until(screen.pilot, lambda: isinstance(screen.app.screen, LogScreen))
        assert not room.selections
        await screen.pilot.click(RequestTable, offset=(5, 1), times=2)
        await until(screen.pilot, lambda: isinstance(screen.app.screen, DetailScreen))
        assert not screen.app.log_screen.selections


async def test_any_key_lets_rows_go_on(log: Log) -> None:
    """What it asks for is done to rows that move; with another log, rows of the one before do not stay."""
    log.exchange(paid_life(0.04, 0.01, session="morning", conversation="talk-1"))
    async with screen_of(log) as screen:
        await screen.press("5")
        await screen.sees("[5 sessions]", "morning")
        for goes_on in (lambda: screen.press("1", "5"), lambda: screen.press("down"), log.remove):
            await screen.drag(KeyedTable, (2, 1), (9, 1))
            await screen.sees("text is selected: rows wait")
            done = goes_on()
            if done is not None:
                await done
            await until(screen.pilot, lambda: not screen.app.screen.selections)
            await until(screen.pilot, lambda: not screen.shows("rows wait"))
        assert not screen.shows("morning")


@pytest.mark.parametrize(("opens", "over"), [("enter", TextLines), ("2", Static)])
async def test_esc_leads_back_only_where_nothing_is_selected(log: Log, opens: str, over: type[Widget]) -> None:
    """In text that Textual draws as in lines that we do."""
    log.exchange(life("why does the kiln fail?"))
    async with screen_of(log) as screen:
        await until(screen.pilot, lambda: screen.table.cursor is not None)
        await screen.press(opens)
        await until(screen.pilot, lambda: not isinstance(screen.app.screen, LogScreen))
        there = screen.app.screen
        await until(screen.pilot, lambda: any(one.region.height > 1 for one in there.query(over)))
        text = next(one for one in there.query(over) if one.region.height > 1)
        y = next(y for y, line in enumerate(screen.lines) if y >= text.region.y and line[text.region.x :].strip())
        await screen.rub((text.region.x + 1, y), (text.region.x + 9, y))
        assert there.selections
        await screen.press("escape")
        assert screen.app.screen is there
        assert not there.selections
        await screen.press("escape")
        assert isinstance(screen.app.screen, LogScreen)


async def test_the_titles_of_a_room_are_no_text(log: Log, copied: list[str]) -> None:
    """What is selected from there on begins with the first row."""
    log.exchange(paid_life(0.04, 0.01, session="morning", conversation="talk-1"))
    async with screen_of(log) as screen:
        await screen.press("5")
        await screen.sees("[5 sessions]", "morning")
        await screen.drag(KeyedTable, (0, 1), (100, 1))
        await screen.press("ctrl+c")
        (text,) = copied
        assert "morning" in text
        assert "client" not in text


async def test_what_was_sent_in_place_of_what_came(log: Log, copied: list[str], tmp_path: Path) -> None:
    """Several lines of the difference, scrolled down or not."""
    play(log, upto=5)
    async with screen_of(log) as screen:
        await until(screen.pilot, lambda: screen.table.cursor is not None)
        await screen.press("enter", "d")
        await until(screen.pilot, lambda: isinstance(one := screen.app.screen, DetailScreen) and one.is_complete)
        await screen.sees("Sent against received")
        pane = screen.app.screen.query_one(f"#{Pane.DIFF}")
        shown = [text[pane.content_region.x : pane.content_region.right].rstrip() for text in screen.lines]
        top = pane.content_region.y
        await screen.drag(f"#{Pane.DIFF}", (1, 1), (pane.content_region.width - 3, 3))
        await screen.press("ctrl+c")
        (text,) = copied
        assert text.splitlines()[0] == shown[top]
        assert text.splitlines()[2].strip() == shown[top + 2][: len(text.splitlines()[2])].strip()


async def test_what_is_told_of_an_exchange(log: Log, copied: list[str]) -> None:
    """Its id, say, or the words."""
    log.exchange(life("why does the kiln fail?"))
    async with screen_of(log) as screen:
        await until(screen.pilot, lambda: screen.table.cursor is not None)
        await screen.press("enter")
        await screen.sees("why does the kiln fail?")
        told = screen.app.screen.query_one(TextLines)
        line = next(y for y, text in enumerate(screen.lines) if text.startswith("│ why does the kiln"))
        await screen.drag(TextLines, (4, line - told.region.y), (7, line - told.region.y))
        await screen.press("ctrl+c")
    assert copied == ["does"]


async def test_what_is_told_stands_still_too(log: Log, copied: list[str]) -> None:
    """Trouble is told on top; what is selected below it stays what it was, and goes on when it is let go."""
    log.exchange(life(), id="kiln-7", upto=K.CLASSIFIED)
    async with screen_of(log) as screen:
        await until(screen.pilot, lambda: screen.table.cursor is not None)
        await screen.press("enter")
        await screen.sees("under way", "kiln-7")
        told = screen.app.screen.query_one(TextLines)
        line = next(y for y, text in enumerate(screen.lines) if "kiln-7" in text)
        x = screen.lines[line].index("kiln-7")
        await screen.rub((x, line), (x + 5, line))
        log.exchange([(K.FAILED, {"why": "provider", "status": 529})], id="kiln-7")
        await until(screen.pilot, lambda: screen.app.feed.model.rows[-1].failed and screen.shows("✗ 529"))
        await until(screen.pilot, lambda: len(told._lines) and "Failed" in told._lines[0][0][0])
        await screen.press("ctrl+c")
        assert copied == ["kiln-7"]
        assert not screen.shows("✗ Failed")
        await screen.press("escape")
        await screen.sees("✗ Failed")


LINES = ["one  ", "zwei ü翻訳 more", "three"]
MARKED = Style(reverse=True)


def selection(*ends: tuple[int, int] | None) -> Selection:
    start, end = (None if one is None else Offset(*one) for one in ends)
    return Selection(start, end)


@pytest.mark.parametrize(
    ("selected", "text"),
    [
        (selection((0, 0), (3, 0)), "one"),
        (selection((5, 1), (8, 1)), "ü翻訳"),
        (selection((9, 1), (2, 2)), "more\nth"),
        (selection((1, 0), (3, 2)), "ne\nzwei ü翻訳 more\nthr"),
        (selection(None, None), "zwei ü翻訳 more\nthree"),  # of what is shown
        (selection((0, 2), (5, 9)), "three"),  # rows went meanwhile
    ],
)
def test_what_is_selected(selected: Selection, text: str) -> None:
    """Without the blanks that fill a line."""
    assert text_in(selected, range(1, 3), len(LINES), LINES.__getitem__) == text


def test_no_more_is_copied_than_is_bearable() -> None:
    """A terminal gets it in one piece."""
    found = text_in(selection((0, 0), (1, 10**6)), range(3), 10**6, lambda _line: "x")
    assert found.count("x") == MOST


@pytest.mark.parametrize(
    ("selected", "marked"),
    [
        (selection((5, 1), (7, 1)), "ü翻"),
        (selection((5, 1), None), "ü翻訳 more"),
        (selection(None, None), LINES[1]),
        (selection((2, 0), (4, 2)), LINES[1]),
        (selection((0, 0), (4, 0)), ""),
        (selection((3, 1), (3, 1)), ""),
    ],
)
def test_what_is_selected_is_marked(selected: Selection, marked: str) -> None:
    """And only that; characters that are two cells wide included."""
    strip = Strip([Segment(LINES[1][:7], Style(bold=True)), Segment(LINES[1][7:], Style())])
    found = highlighted(strip, selected, 1, MARKED)
    assert "".join(one.text for one in found if one.style is not None and one.style.reverse) == marked
    assert found.text == strip.text
    assert found.cell_length == strip.cell_length
