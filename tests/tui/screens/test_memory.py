"""The memory view: the bar of the window, and what is remembered."""

from __future__ import annotations

from pathlib import Path

import pytest

from penstock.base import paths
from penstock.events.event import EventKind
from penstock.memory import Item, Memory
from penstock.memory.embedders.trigrams import Trigrams
from penstock.store.lock import StoreLock
from penstock_tui.data.memory import PAGE
from penstock_tui.screens.log import LogScreen
from penstock_tui.screens.memory import MemoryView
from tests.tui.logs import Log, paid_life, until
from tests.tui.pilot import Screen, screen_of
from tests.tui.screens.days import compacting

pytestmark = pytest.mark.slow

KILN, SHOP = "/src/kiln", "/src/shop"


@pytest.fixture
def profile(tmp_path: Path) -> str:
    """One whose memory needs no model."""
    file = tmp_path / "quick.toml"
    file.write_text('extends = "default"\n[memory]\nembedder = "trigrams-256"\n')
    return str(file)


def remember(log: Log, *items: Item) -> None:
    """As a proxy that was up before."""
    memory = Memory(paths.memory_dir(log.path), Trigrams())
    memory.add(list(items))
    memory.close()


def two(log: Log) -> None:
    now = log.clock.now()
    remember(
        log,
        Item(KILN, "The kiln runs at 900 degrees.\nNot above.", session="morning", at=now - 60, tags=("heat", "kiln")),
        Item(SHOP, "Round once, in Money.", session="evening", at=now - 7200, role="assistant", tags=("rounding",)),
    )


def items(log: Log) -> list[Item]:
    memory = Memory(paths.memory_dir(log.path), Trigrams())
    found = [item for name in memory.projects() for item in memory.newest(name)]
    memory.close()
    return found


async def settled(screen: Screen) -> MemoryView:
    room = screen.app.screen
    assert isinstance(room, MemoryView)
    await until(screen.pilot, lambda: room.is_complete, "a memory that was read")
    return room


@pytest.mark.parametrize("size", [(80, 24), (160, 48)])
async def test_what_is_remembered(log: Log, profile: str, size: tuple[int, int]) -> None:
    """The newest on top, of every project, with its age and its text; wide, also tags, tokens and who said it."""
    log.started(profile=profile)
    log.exchange()
    two(log)
    async with screen_of(log, size) as screen:
        await screen.press("8")
        await settled(screen)
        await screen.sees("[8 memory]", "2 memories", "The kiln runs at 900", "Round once", "kiln", "shop", "1m", "2h")
        assert screen.text.index("The kiln runs") < screen.text.index("Round once")
        if size[0] > 100:
            await screen.sees("heat, kiln", "assistant", "in 2 projects")


async def test_names_cannot_steer_the_terminal(log: Log, profile: str) -> None:
    """A project and a session are called what a client says, and are no markup either. Commands know them all the
    same."""
    log.started(profile=profile)
    remember(
        log, Item("/src/\x1b[31mki\x07ln[/]", "The kiln[/] runs.", session="mor\x1b[2Jning[/]", tags=("a\x1b[1m",))
    )
    async with screen_of(log) as screen:
        await screen.press("8")
        await settled(screen)
        for keys, words in (
            ((), "kiln[/]"),
            (("o",), "/src/kiln[/]"),
            (("down", "enter", "slash"), "looked for as recall does, in /src/kiln[/]"),
            (("escape", "enter"), "session morning[/]"),
            (("escape", "e"), "The kiln[/] runs."),
            (("escape", "d"), "Of /src/kiln[/]."),
        ):
            await screen.press(*keys)
            await screen.sees(words)
            assert all(line.isprintable() for line in screen.lines)
        await screen.press("y")
        await screen.sees("1 memory forgotten")


async def test_another_log_has_another_memory(log: Log, profile: str, tmp_path: Path) -> None:
    """That of the log which is shown, however it came to be."""
    log.started(profile=profile)
    two(log)
    (tmp_path / "other").mkdir()
    other = Log(tmp_path / "other" / "penstock.db")
    other.started(profile=profile)
    remember(other, Item(SHOP, "Prices come with their tax.", at=other.clock.now()))
    async with screen_of(log) as screen:
        await screen.press("8")
        await screen.sees("2 memories")
        screen.app.feed.show(other.path)
        await screen.sees("Another log stands")
        await screen.press("1", "8")
        await settled(screen)
        await screen.sees("1 memory", "Prices come with their tax.")
    other.close()


async def test_enter_shows_it_whole(log: Log, profile: str) -> None:
    """Every line of the text, the tags, and the turn that it comes from; from there on to the requests."""
    log.started(profile=profile)
    log.exchange(paid_life(0.04, 0.01, words="how hot?", session="morning", turn=7), id="asked")
    log.clock.advance(100)
    two(log)
    async with screen_of(log) as screen:
        await screen.press("8")
        await settled(screen)
        await screen.press("enter")
        await screen.sees("Not above.", "heat, kiln", "session morning, message 0, turn 7, exchange asked", "a person")
        await screen.press("o")
        assert isinstance(screen.app.screen, LogScreen)
        await screen.sees('session:"morning"', "1 of 1")


async def test_a_search_has_scores(log: Log, profile: str) -> None:
    """The best first, of one project or all; Esc goes back to the newest, and then to the log."""
    log.started(profile=profile)
    two(log)
    async with screen_of(log) as screen:
        await screen.press("8")
        await settled(screen)
        await screen.press("slash")
        await screen.type("money rounding")
        await screen.press("enter")
        await screen.sees("“money rounding”", "found, Esc ends the search")
        room = await settled(screen)
        assert room.page is not None
        assert room.page.items[0].project == SHOP
        assert room.page.items[0].sure is not None
        assert f"{room.page.items[0].sure:+.2f}" in screen.text
        await screen.press("escape")
        await settled(screen)
        await screen.sees("2 memories")
        assert not screen.shows("“money rounding”")
        await screen.press("escape")
        assert isinstance(screen.app.screen, LogScreen)


async def test_one_project(log: Log, profile: str) -> None:
    """`o` chooses one, with how much is remembered of each."""
    log.started(profile=profile)
    two(log)
    async with screen_of(log, (80, 24)) as screen:
        await screen.press("8")
        await settled(screen)
        await screen.press("o")
        await screen.sees("2  every project", f"1  {SHOP}")
        await screen.press("down", "down", "enter")
        await screen.sees("of shop", "1 memory", "Round once")
        assert not screen.shows("900 degrees")


async def test_pin_edit_forget(log: Log, profile: str) -> None:
    """Each is in the memory when the notice says so; nothing is forgotten without a `y`."""
    log.started(profile=profile)
    two(log)
    async with screen_of(log) as screen:
        await screen.press("8")
        await settled(screen)
        await screen.press("p")
        await screen.sees("kept for good", "⚑")
        await settled(screen)
        await screen.press("e")
        await screen.press("ctrl+home")
        await screen.type("Sure ")
        await screen.press("ctrl+s")
        await screen.sees("Its text is another now", "Sure The kiln runs")
        await settled(screen)
        await screen.press("d")
        await screen.sees("Forget", "“Sure The kiln runs", "Nothing brings it back")
        await screen.press("enter")
        await screen.sees("2 memories")
        await screen.press("d", "y")
        await screen.sees("1 memory forgotten", "1 memory ·")
    assert [item.text for item in items(log)] == ["Round once, in Money."]


async def test_many_are_read_a_page_at_a_time(log: Log, profile: str) -> None:
    """`n` and `b` turn the page; at the ends they do nothing."""
    log.started(profile=profile)
    now = log.clock.now()
    remember(log, *(Item(KILN, f"Brick number {i:04} is red.", at=now - i) for i in range(PAGE + 5)))
    async with screen_of(log) as screen:
        await screen.press("8")
        room = await settled(screen)
        await screen.sees(f"{PAGE + 5} memories", f"1 to {PAGE}", "number 0000")
        assert room.page is not None
        assert len(room.page.items) == PAGE
        await screen.press("n")
        await screen.sees(f"{PAGE + 1} to {PAGE + 5}", f"number {PAGE:04}")
        await screen.press("n")
        await settled(screen)
        await screen.press("b")
        await screen.sees(f"1 to {PAGE}", "number 0000")
        await screen.press("b")
        await settled(screen)
        await screen.sees(f"1 to {PAGE}")


async def test_nothing_is_remembered(log: Log, profile: str) -> None:
    """It is said where it would be, and looking begins no memory."""
    log.started(profile=profile)
    log.exchange()
    async with screen_of(log, (80, 24)) as screen:
        await screen.press("8")
        await settled(screen)
        await screen.sees("Nothing is remembered yet", "[memory] enabled")
        await screen.press("enter", "e", "p", "d", "n", "b", "y", "o", "escape", "left_square_bracket")
        await screen.sees("Nothing is remembered yet")
    assert not paths.memory_dir(log.path).exists()


async def test_a_memory_that_another_process_has(log: Log, profile: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that says nowhere how it is reached: that is told with what to do, and it is read again when one asks."""
    monkeypatch.setattr("penstock.control.client.BEGIN_S", 0)
    log.started(profile=profile)
    two(log)
    lock = StoreLock(paths.memory_dir(log.path) / "memory.db")
    async with screen_of(log, (80, 24)) as screen:
        await screen.press("8")
        await settled(screen)
        await screen.sees("! the memory in", "try again when it has ended", "r reads it again")
        lock.release()
        await screen.press("r")
        await screen.sees("2 memories")


async def test_what_cannot_be_done_is_told(log: Log, profile: str) -> None:
    """An item that somebody else has deleted meanwhile: a notice, and no traceback."""
    log.started(profile=profile)
    two(log)
    async with screen_of(log) as screen:
        await screen.press("8")
        await settled(screen)
        memory = Memory(paths.memory_dir(log.path), Trigrams())
        memory.forget_project(KILN)
        memory.close()
        await screen.press("enter")
        await screen.sees("Could not read it", "there is no memory with the id")
        await screen.press("d", "y")
        await screen.sees("Could not forget it")


@pytest.mark.parametrize(
    ("tokens", "said"), [(100_000, "✓ ok"), (150_000, "! compacts at the next flush"), (180_000, "✗ full: compacts")]
)
async def test_how_full_the_window_is(log: Log, tokens: int, said: str) -> None:
    """In words, a bar and a part, with the thresholds of the profile."""
    log.started()
    facts = paid_life(0.04, 0.01)
    usage = {"usage": {"input": tokens, "output": 5, "cache_read": 0, "cache_write": 0}}
    log.exchange([(kind, data | usage) if kind == "answered" else (kind, data) for kind, data in facts])
    async with screen_of(log, (80, 24)) as screen:
        await screen.press("8")
        await screen.sees(said, f"{tokens // 1000}k of 200k", f"{tokens // 2000}%", "┊ soft 70%", "┃ hard 85%", "█")
        await screen.sees("◆ never compacted")


async def test_thresholds_that_were_changed_in_the_run(log: Log) -> None:
    """Those that are in force, as soon as the log tells of them."""
    log.started(profile="claude-code")
    log.exchange()
    async with screen_of(log, (80, 24)) as screen:
        await screen.press("8")
        await screen.sees("┊ soft 70%", "┃ hard 85%")
        log.write(EventKind.SETTINGS, profile="claude-code", changed={"window.soft": [0.7, 0.3]})
        await screen.sees("┊ soft 30%", "┃ hard 85%")
        log.write(EventKind.SETTINGS, paused=True)
        await screen.sees("editing is paused")


async def test_where_it_was_compacted_last(log: Log) -> None:
    """The watermark: what would have left without the compaction; and another session is a key away."""
    log.started()
    log.exchange(compacting(session="morning"))
    log.exchange(paid_life(0.04, 0.01, client="codex", session="evening"))
    async with screen_of(log) as screen:
        await screen.press("8")
        await screen.sees("codex evening", "never compacted")
        await screen.press("left_square_bracket")
        await screen.sees("claude-code morning", "◆ watermark 5%")
        await screen.press("right_square_bracket", "right_square_bracket")
        await screen.sees("codex evening")
