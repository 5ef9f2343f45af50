"""The inspector and the context map, as a person sees and drives them."""

from __future__ import annotations

import gc
import json
from dataclasses import replace
from pathlib import Path

import pytest
from textual.strip import Strip
from textual.widgets import Input

from penstock.events.event import EventKind as K
from penstock_tui.dialogs.save import SaveScreen
from penstock_tui.exchange.reader import ExchangeReader, Wanted
from penstock_tui.screens.context import ContextScreen, MapView
from penstock_tui.screens.detail import DetailScreen
from penstock_tui.screens.help import HelpScreen
from penstock_tui.screens.log import LogScreen
from penstock_tui.widgets.block_list import BlockList
from tests.tui.logs import Log, life, until
from tests.tui.pilot import Screen, screen_of
from tests.tui.played import play

SIZES = [(80, 24), (160, 48)]


async def opened(screen: Screen, kind: type[object]) -> None:
    """The screen of that kind has all that it shows."""
    await until(
        screen.pilot, lambda: isinstance(screen.app.screen, kind) and getattr(screen.app.screen, "is_complete", True)
    )


async def to_map(screen: Screen) -> None:
    """That of the row under the cursor."""
    await until(screen.pilot, lambda: screen.table.cursor is not None)
    await screen.press("m")


@pytest.mark.parametrize("size", SIZES)
async def test_tokens_as_they_came_and_were_sent(log: Log, size: tuple[int, int]) -> None:
    """At each block that an edit changed, with what became of the edit."""
    play(log, upto=5)
    async with screen_of(log, size) as screen:
        await screen.press("enter", "tab")
        await opened(screen, DetailScreen)
        await screen.sees("▌U result", "→", "❄ replace frozen (turn 1)")


@pytest.mark.parametrize("size", SIZES)
async def test_edits_with_their_fate(log: Log, size: tuple[int, int]) -> None:
    """One key away, and back with the same."""
    play(log)
    async with screen_of(log, size) as screen:
        await screen.press("enter", "x")
        await screen.sees(
            "landed · 1", "compaction · compact", "old turns", "frozen · 2", "in a record", "since turn 2"
        )
        await screen.press("x")
        await screen.sees("Blocks ·", "new in this request")


@pytest.mark.parametrize("size", SIZES)
async def test_what_was_sent_against_what_came(log: Log, size: tuple[int, int]) -> None:
    """Whole texts from the store, past what the log has of them; walking on keeps the view."""
    play(log, upto=5)
    async with screen_of(log, size) as screen:
        await screen.press("enter", "d")
        await screen.sees(
            "Sent against received · 1", "❄ trim replace", "- row 12 of the tide table", "+ [the rest left out]"
        )
        await screen.press("e")
        await until(screen.pilot, lambda: "row 89 of the tide table" in screen.app.screen.query_one("#diff").text)
        await screen.press("j")
        await screen.sees("Sent against received · 1", "✎ trim replace")
        await screen.press("j")
        await screen.sees("Nothing was changed: it was sent as received.")


@pytest.mark.parametrize("size", SIZES)
async def test_escape_goes_one_level_back(log: Log, size: tuple[int, int]) -> None:
    """From the differences or the edits to what was shown before them, then to the log."""
    play(log, upto=5)
    async with screen_of(log, size) as screen:
        await screen.press("enter", "d")
        await screen.sees("Sent against received · 1")
        await screen.press("x")
        await screen.sees("frozen · 1")
        await screen.press("escape")
        await screen.sees("Overview")
        assert isinstance(screen.app.screen, DetailScreen)
        await screen.press("escape")
        await opened(screen, LogScreen)
        await screen.press("d")
        await opened(screen, DetailScreen)
        await screen.press("escape")
        await opened(screen, LogScreen)


async def test_an_edit_of_an_older_log(log: Log) -> None:
    """No handle, no ledger: the log's beginning of it, and a word that it is no more than that."""
    log.exchange()
    async with screen_of(log) as screen:
        await screen.press("enter", "d")
        await screen.sees("! What came is not in the store any more", "- why does it fail?", "+ [cut]")


async def test_the_inspector_follows(log: Log) -> None:
    """Its edits and differences, too, while the exchange runs."""
    id = log.exchange(upto=K.CLASSIFIED)
    async with screen_of(log) as screen:
        await screen.press("enter", "d")
        await screen.sees("Nothing was changed")
        log.write(K.EDIT, id, **dict(life())[K.EDIT])
        await screen.sees("+ [cut]")
        await screen.press("x")
        await screen.sees("landed · 1")


async def test_saving_as_json(log: Log, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It asks where, says where, and writes over nothing."""
    monkeypatch.chdir(tmp_path)
    log.exchange(id="this-one")
    async with screen_of(log) as screen:
        await screen.press("enter")
        await opened(screen, DetailScreen)
        await screen.press("w")
        await screen.sees("Save the exchange as JSON")
        assert screen.app.screen.query_one(Input).value == str(tmp_path / "exchange-this-one.json")
        await screen.press("enter")
        await until(screen.pilot, lambda: isinstance(screen.app.screen, DetailScreen))
        await screen.sees("Saved", "bytes)")
        assert json.loads((tmp_path / "exchange-this-one.json").read_text())["exchange"] == "this-one"
        await screen.press("w")
        await screen.sees("Save the exchange as JSON")
        assert screen.app.screen.query_one(Input).value == str(tmp_path / "exchange-this-one-2.json")
        (tmp_path / "exchange-this-one-2.json").write_text("mine")
        await screen.press("enter")
        await screen.sees("already")
        assert isinstance(screen.app.screen, SaveScreen)
        assert (tmp_path / "exchange-this-one-2.json").read_text() == "mine"
        await screen.press("escape")
        assert isinstance(screen.app.screen, DetailScreen)


async def test_a_folder_that_is_not_there(log: Log, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sentence, and the line stays open."""
    monkeypatch.chdir(tmp_path)
    log.exchange()
    async with screen_of(log) as screen:
        await screen.press("enter")
        await opened(screen, DetailScreen)
        await screen.press("w", "home", "n", "o", "slash", "enter")
        await screen.sees("Nothing was saved")


@pytest.mark.parametrize("size", SIZES)
async def test_what_fills_the_window(log: Log, size: tuple[int, int]) -> None:
    """The bar, the parts, and what is worth a look."""
    play(log)
    async with screen_of(log, size) as screen:
        await to_map(screen)
        await opened(screen, ContextScreen)
        await screen.sees(
            "Context map", "of 200k", "┊ soft 140k", "S system", "T tools", "R tool results", "Findings ·"
        )
        await screen.sees("unused", "1 of 2 tools never called")


async def test_a_finding_leads_to_its_block(log: Log) -> None:
    """Enter goes there; Esc comes back to the map, and then to the log."""
    for i in range(40):
        block = {"m": i, "role": "user", "kind": "text", "tokens": 5, "name": "", "id": "", "text": f"message {i}"}
        if i == 3:
            block |= {"kind": "tool_result", "tokens": 5000, "name": "Bash", "text": "the large one"}
        log.exchange(life(first=i, messages=i + 1, blocks=[block])[:2])
    async with screen_of(log, (80, 24)) as screen:
        await to_map(screen)
        await screen.sees("large", "Bash, message 3")
        while "large" not in screen.app.screen.query_one("#findings").highlighted_option.prompt.plain:
            await screen.press("down")
        await screen.press("enter")
        await opened(screen, DetailScreen)
        await screen.sees("the large one")
        assert screen.app.screen.query_one(BlockList).scroll_y == 3
        await screen.press("escape")
        assert isinstance(screen.app.screen, ContextScreen)
        await screen.press("escape")
        assert isinstance(screen.app.screen, LogScreen)


async def test_a_lost_cache_leads_to_its_request(log: Log) -> None:
    """With the cause; the one before it had it."""
    answers = [{"input": 0, "cache_read": 9000, "cache_write": 900, "output": 5}, {"input": 9, "cache_read": 0}]
    for i, usage in enumerate([*answers, {"input": 9, "cache_read": 9000}]):
        facts = dict(life(first=i, messages=i + 1, model=f"model-{min(i, 1)}"))
        facts[K.ANSWERED] = facts[K.ANSWERED] | {"usage": usage}
        log.exchange(list(facts.items()), id=f"x{i}")
    async with screen_of(log) as screen:
        await to_map(screen)
        await screen.sees("cache lost", "9.9k tokens", "model-1")
        while "cache lost" not in screen.app.screen.query_one("#findings").highlighted_option.prompt.plain:
            await screen.press("down")
        await screen.press("enter")
        await opened(screen, DetailScreen)
        assert screen.app.screen.row.id == "x1"


async def test_the_map_says_which_tokenizer_weighs_its_parts(log: Log) -> None:
    """Beside how the whole was counted."""
    log.exchange(life())
    async with screen_of(log) as screen:
        await to_map(screen)
        found = ExchangeReader(log.path).map(Wanted.of(screen.app.screen.row, ()))
        screen.app.screen.query_one(MapView).show(replace(found, by="o200k_base"))
        await screen.sees("Context window · calibrated · parts by o200k_base")


async def test_a_word_of_the_log_is_no_markup_in_a_title(log: Log) -> None:
    """Neither in the map's, nor in a question's."""
    log.exchange(life(session="morning[/]", tokens={"total": 2000, "how": "guessed[/]"})[:3])
    async with screen_of(log) as screen:
        await screen.press("m")
        await screen.sees("Context window · guessed[/]")
        await screen.press("escape", "C")
        await screen.sees("Compact the session morning[/] now?")


async def test_inspector_and_map_are_not_piled_up(log: Log) -> None:
    """Going to and fro comes back with one Esc each."""
    log.exchange(life("one"))
    log.exchange(life("two"))
    async with screen_of(log) as screen:
        await screen.press("enter")
        for _ in range(3):
            await screen.press("m")
            await opened(screen, ContextScreen)
            await screen.press("i")
            await opened(screen, DetailScreen)
        await screen.press("m", "j", "i")
        await opened(screen, DetailScreen)
        await screen.sees("one")
        assert len(screen.app.screen_stack) == 2
        await screen.press("escape")
        assert isinstance(screen.app.screen, LogScreen)


async def test_the_map_follows(log: Log) -> None:
    """What the suite made of the request, once it has."""
    id = log.exchange(upto=K.CLASSIFIED)
    async with screen_of(log) as screen:
        await to_map(screen)
        await screen.sees("2.0k of 200k")
        log.write(K.REWRITTEN, id, tokens_in=2000, tokens_out=1500)
        await screen.sees("1.5k of 200k")


@pytest.mark.parametrize("keys", ["m", "enter,x", "enter,d", "enter,w", "enter,f", "m,tab"])
async def test_any_size(log: Log, keys: str) -> None:
    """Every view stands every window, comes back whole from a tiny one, and has help."""
    play(log)
    async with screen_of(log, (80, 24)) as screen:
        await until(screen.pilot, lambda: screen.table.cursor is not None)
        for key in keys.split(","):
            await screen.press(key)
            await opened(screen, object)
        kind = type(screen.app.screen)
        before = screen.text
        for width, height in [(1, 1), (20, 5), (40, 8), (300, 80), (80, 24)]:
            await screen.pilot.resize_terminal(width, height)
            await screen.pilot.pause()
        await until(screen.pilot, lambda: screen.text == before)
        if kind is not SaveScreen:
            await screen.press("question_mark")
            assert isinstance(screen.app.screen, HelpScreen)


async def test_an_empty_log_has_no_map(log: Log) -> None:
    """Nothing happens, and nothing breaks."""
    log.started()
    async with screen_of(log) as screen:
        await screen.press("m")
        assert isinstance(screen.app.screen, LogScreen)


async def test_a_request_that_was_not_read_has_an_empty_map(log: Log) -> None:
    """It went through unread."""
    log.exchange([*life()[:1], (K.BYPASSED, {"why": "too large"})])
    async with screen_of(log, (80, 24)) as screen:
        await to_map(screen)
        await screen.sees("The log does not say what this request held.", "Nothing that is worth a look")
        await screen.press("enter", "i", "x")
        await screen.sees("No edit")


async def test_a_log_begun_anew_leaves_the_map(log: Log) -> None:
    """Its exchange is gone."""
    log.exchange()
    async with screen_of(log) as screen:
        await to_map(screen)
        await opened(screen, ContextScreen)
        log.remove()
        await until(screen.pilot, lambda: isinstance(screen.app.screen, LogScreen))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("opens", "kind", "closes"),
    [("enter", DetailScreen, "escape"), ("m", ContextScreen, "escape"), ("question_mark", HelpScreen, "escape")],
)
async def test_what_was_closed_takes_no_memory(log: Log, opens: str, kind: type[object], closes: str) -> None:
    """Neither the screen nor what was drawn of it, however many exchanges one looks at."""

    async def once() -> None:
        await screen.press(opens)
        await opened(screen, kind)
        await screen.press(closes)
        await opened(screen, LogScreen)

    def held() -> tuple[int, int]:
        gc.collect()
        live = gc.get_objects()
        return sum(type(one) is kind for one in live), sum(type(one) is Strip for one in live)

    play(log, upto=5)
    async with screen_of(log) as screen:
        await until(screen.pilot, lambda: screen.table.cursor is not None)
        for _ in range(2):
            await once()
        screens, lines = held()
        for _ in range(3):
            await once()
        more, drawn = held()
        assert more <= max(screens, 1)
        assert drawn - lines < 3 * 24


@pytest.mark.parametrize("keys", [("enter",), ("enter", "d"), ("m",)])
async def test_another_theme_while_it_is_open(log: Log, keys: tuple[str, ...]) -> None:
    """No cell keeps the ground of the one before."""

    def grounds() -> set[str]:
        cells = (cell for strip in screen.app.screen._compositor.render_strips() for cell in strip)
        styles = (cell.style for cell in cells if cell.style is not None and cell.text.strip())
        return {style.bgcolor.get_truecolor().hex for style in styles if style.bgcolor is not None}

    play(log, upto=5)
    async with screen_of(log) as screen:
        await until(screen.pilot, lambda: screen.table.cursor is not None)
        await screen.press(*keys)
        await until(screen.pilot, lambda: getattr(screen.app.screen, "is_complete", False))
        screen.app.theme = "textual-dark"
        await screen.pilot.pause()
        dark = grounds()
        screen.app.theme = "textual-light"
        await until(screen.pilot, lambda: not dark & grounds())
