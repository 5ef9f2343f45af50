"""Tags, compactions, sessions and stages: what their rows say, and where Enter leads."""

from __future__ import annotations

import pytest
from textual.app import App

from penstock.edits.edit import Edit, Landed, Op, Place
from penstock.events.event import EventKind
from penstock.plugins.compressor import handle_of
from penstock_tui.screens.detail import DetailScreen
from penstock_tui.screens.log import LogScreen
from tests.tui.logs import Log, until
from tests.tui.pilot import screen_of
from tests.tui.screens.days import a_day, compacting, tagged

K = EventKind


async def test_a_tag_opens_its_requests(log: Log) -> None:
    """Exactly those that have it: a tag of which it is a part is another."""
    log.exchange(tagged("test", words="one"))
    log.exchange(tagged("testing", words="another"))
    async with screen_of(log) as screen:
        await screen.press("3")
        await screen.sees("2 tags", "● testing", "● active in the newest conversation")
        await screen.press("down", "enter")
        assert isinstance(screen.app.screen, LogScreen)
        await screen.sees('tag:"test"', "1 of 2", "one")
        await screen.press("escape")
        await screen.sees("another")


async def test_a_compaction_opens_its_exchange(log: Log) -> None:
    """By `o`; and from there `j` goes to the next older one, and Esc back to the view."""
    log.exchange(compacting("pending", conversation="other"), id="older")
    log.exchange(compacting(), id="newer")
    async with screen_of(log) as screen:
        await screen.press("4")
        await screen.sees("1 landed", "1 pending", "flush of 2 edits", "… pending", "9.0k → 700", "the cache is cold")
        await screen.press("o")
        detail = screen.app.screen
        assert isinstance(detail, DetailScreen)
        assert detail.row.id == "newer"
        await screen.press("j")
        await until(screen.pilot, lambda: detail.row.id == "older")
        await screen.press("escape")
        await screen.sees("[4 compactions]")


async def test_a_compaction_whose_exchange_is_gone(log: Log) -> None:
    """It is said, in place of a traceback."""
    log.exchange(compacting(), id="old")
    async with screen_of(log) as screen:
        screen.app.feed.model.limit = 1
        log.exchange(id="new")
        await until(screen.pilot, lambda: screen.app.feed.model.row("old") is None)
        await screen.press("4")
        await screen.sees("1 landed")
        await screen.press("o")
        await screen.sees("too old")


@pytest.mark.parametrize("size", [(80, 24), (160, 48)])
async def test_what_a_compaction_covers(log: Log, size: tuple[int, int]) -> None:
    """Turns, tags, how full the window was, and the text that stands there now: how it begins, and with Enter all."""
    text = "[Record of earlier turns, 1 to 2]\n" + "\n".join(f"User: line {i}" for i in range(60))
    for turn, tag in ((1, "heat"), (2, "glaze"), (3, "later")):
        log.exchange(tagged(tag, turn=turn, words=f"words {turn}"))
    place = Place(b"p" * 16, 0)
    edit = Edit(Op.COMPACT, place, text, "compaction", "old", "all that was said", b"c" * 16, 9)
    log.store.add_edits("talk-1", [Landed(1, edit)], log.clock.now())
    more = {"first_turn": 1, "last_turn": 2, "messages": 9, "text": text[:90], "place": f"{place.key.hex()}.0"}
    handle = handle_of("all that was said")
    facts = [
        (kind, data | more | {"handle": handle}) if data.get("op") == "compact" else (kind, data)
        for kind, data in compacting(turn=4)
    ]
    log.exchange(facts, id="compacted")
    async with screen_of(log, size) as screen:
        await screen.press("4")
        await screen.sees("1 landed", "the cache is cold")
        if size[0] > 100:
            await screen.sees("turns 1-2", "heat, glaze", "~5%", "[Record of earlier", "flush reason", "watermark")
            assert not screen.shows("later")
        await screen.press("enter")
        await screen.sees("What stands there now", "turns 1-2", "heat, glaze", "the cache is cold", "9.0k → 700")
        await screen.sees(f"penstock expand {handle}", "User: line 1")
        await screen.press("end")
        await screen.sees("User: line 59", "The original", "all that was said")
        await screen.press("o")
        assert isinstance(screen.app.screen, DetailScreen)


async def test_a_compaction_whose_ledger_is_gone(log: Log) -> None:
    """What the log has of its text is shown, and said to be but the beginning; a flush opens its exchange."""
    log.exchange(compacting(), id="old")
    async with screen_of(log) as screen:
        await screen.press("4", "enter")
        await screen.sees("How what stands there begins", "the log keeps no texts", "not said", "none known")
        await screen.press("escape", "down", "enter")
        assert isinstance(screen.app.screen, DetailScreen)


async def test_a_session_opens_its_requests(log: Log) -> None:
    """One that the client did not name is found by its conversation."""
    a_day(log)
    log.exchange(tagged("x", words="unnamed", session="", conversation="talk-9"))
    async with screen_of(log) as screen:
        await screen.press("5")
        await screen.sees(
            "3 sessions", "conv talk-9", "-$0.0300", "1 cost more than without Penstock", "kiln", "4.0k → 3.0k"
        )
        await screen.press("enter")
        await screen.sees('conv:"talk-9"', "1 of 4", "unnamed")
        await screen.press("5", "end", "enter")
        await screen.sees('session:"morning"', "2 of 4")


async def test_the_share_of_the_window(log: Log) -> None:
    """What the main agent sent last, of what the model can hold."""
    log.exchange(tagged("x"))
    async with screen_of(log) as screen:
        await screen.press("5")
        await screen.sees("window", "<1%")


async def test_stages_and_their_times(log: Log) -> None:
    """A failure has a number and words; Enter shows them in full."""
    a_day(log)
    log.write(K.STAGE, "x", stage="trim", outcome="failed", remark="ValueError: no such block", ms=2.0, edits=0)
    async with screen_of(log) as screen:
        await screen.press("6")
        await screen.sees("suite p50 6.0ms p95 6.0ms", "first byte p50 420ms", "✗ failed", "ValueError")
        await screen.press("end", "enter")
        await screen.sees("Stage trim")


async def test_names_can_be_copied(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    """The row's name, and of a compaction its exchange."""
    copied: list[str] = []
    monkeypatch.setattr(App, "copy_to_clipboard", lambda _app, text: copied.append(text))
    a_day(log)
    async with screen_of(log) as screen:
        for key in "3456":
            await screen.press(key)
            await screen.sees(f"[{key} ")
            await screen.press("y")
    assert copied == ["docs", "compacted", "evening", "envelope"]
