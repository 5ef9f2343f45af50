"""`Screen`: runs the application over a log, and lets a test press keys, use the mouse, and read the screen as text."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from textual.events import MouseDown, MouseMove, MouseUp, Paste
from textual.pilot import Pilot
from textual.widget import Widget

from penstock_tui.app import PenstockApp
from penstock_tui.data.settings import ProxyClient
from penstock_tui.widgets.request_table import RequestTable
from tests.tui.logs import Log, until

__all__ = ["Screen", "screen_of"]

FRAMES = str.maketrans(dict.fromkeys("▌▐│", " "))


class Screen:
    """What a person sees and does."""

    def __init__(self, app: PenstockApp, pilot: Pilot[None]) -> None:
        self.app = app
        self.pilot = pilot

    @property
    def table(self) -> RequestTable:
        return self.app.log_screen.query_one(RequestTable)

    @property
    def lines(self) -> list[str]:
        """The whole screen as text."""
        width, height = self.app.size
        strips = self.app.screen._compositor.render_strips()
        return ["".join(segment.text for segment in strip)[:width] for strip in strips[:height]]

    @property
    def titles(self) -> str:
        """The line with the titles of the log's columns."""
        return self.lines[self.table.region.y]

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    def shows(self, *words: str) -> bool:
        """On a line, or broken over two: how long the folder of a test is called must not matter."""
        text = self.text
        flat = " ".join(text.translate(FRAMES).split())
        return all(word in text or word in flat for word in words)

    async def sees(self, *words: str) -> None:
        await until(self.pilot, lambda: self.shows(*words), lambda: f"{words} in\n{self.text}")

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def drag(self, over: type[Widget] | str, start: tuple[int, int], end: tuple[int, int]) -> None:
        """The mouse, with its button held, from one cell of a widget to another."""
        await self.pilot.mouse_down(over, offset=start)
        await self.pilot.hover(over, offset=end)
        await self.pilot.mouse_up(over, offset=end)
        await self.pilot.pause()

    async def rub(self, start: tuple[int, int], end: tuple[int, int]) -> None:
        """The same from one cell of the screen to another, by a mouse that was there already."""
        for kind, (x, y), button in ((MouseDown, start, 1), (MouseMove, end, 1), (MouseUp, end, 1)):
            at = {"x": x, "y": y, "screen_x": x, "screen_y": y, "delta_x": 0, "delta_y": 0}
            self.app.post_message(kind(None, button=button, shift=False, meta=False, ctrl=False, **at))
            await self.pilot.pause()

    async def type(self, text: str) -> None:
        named = {" ": "space", ":": "colon", "-": "minus", '"': "quotation_mark", ">": "greater_than_sign"}
        await self.press(*(named.get(letter, letter) for letter in text))

    async def paste(self, text: str) -> None:
        """As a terminal hands on what is pasted: at once, where typing waits after each letter."""
        self.app.post_message(Paste(text))
        await self.pilot.pause()


@asynccontextmanager
async def screen_of(
    log: Log, size: tuple[int, int] = (160, 48), proxy: ProxyClient | None = None
) -> AsyncIterator[Screen]:
    """The application over a log, until the block ends. `proxy`: whom commands go to."""
    app = PenstockApp(log.path, log.clock, proxy=proxy)
    async with app.run_test(size=size, notifications=True) as pilot:
        await until(pilot, lambda: app.feed.loaded, "a loaded log")
        yield Screen(app, pilot)
