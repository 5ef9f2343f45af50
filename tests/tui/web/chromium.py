"""`Page`: a tab of a headless Chromium, driven by its debugging protocol, for tests of the screen in a browser."""

from __future__ import annotations

import asyncio
import base64
import itertools
import shutil
from asyncio.subprocess import DEVNULL
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import aiohttp

__all__ = ["Page", "Refused", "chromium", "open_page"]

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
FLAGS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking")


def chromium() -> str | None:
    """The path of an installed Chromium. None: there is none."""
    return next(filter(None, map(shutil.which, NAMES)), None)


class Refused(Exception):
    """The browser refused a command: between two pages there is none to ask."""


class Page:
    """One tab: sends it commands, and keeps all that it reports."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._numbers = itertools.count(1)
        self.said: list[dict[str, Any]] = []

    async def call(self, method: str, **arguments: Any) -> dict[str, Any]:
        """Send one command, and return its result. Raises `Refused`."""
        number = next(self._numbers)
        await self._socket.send_json({"id": number, "method": method, "params": arguments})
        while True:
            message = await self._socket.receive_json()
            if message.get("id") == number:
                if "error" in message:
                    raise Refused(message["error"])
                return dict(message["result"])
            self.said.append(message)

    async def ask(self, script: str) -> Any:
        """The value of an expression in the page."""
        found = await self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    async def visit(self, address: str, *, size: tuple[int, int] = (1280, 720)) -> None:
        for domain in ("Page", "Runtime", "Log", "Network"):
            await self.call(f"{domain}.enable")
        await self.resize(size)
        await self.call("Page.navigate", url=address)

    async def resize(self, size: tuple[int, int]) -> None:
        width, height = size
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        await self.call("Emulation.setDeviceMetricsOverride", **metrics)

    async def until(self, script: str, seconds: float = 30) -> None:
        """Wait until an expression is true."""
        async with asyncio.timeout(seconds):
            while True:
                with suppress(Refused):
                    if await self.ask(script):
                        return
                    await self.ask("new Promise(requestAnimationFrame)")

    async def type(self, text: str) -> None:
        await self.call("Input.insertText", text=text)

    async def picture(self) -> bytes:
        """The tab as a PNG."""
        shot = await self.call("Page.captureScreenshot", format="png")
        return base64.b64decode(shot["data"])

    @property
    def errors(self) -> list[str]:
        """Errors in the console, uncaught ones, and what could not be loaded."""
        return [str(one["params"]) for one in self.said if _is_error(one)]

    @property
    def addresses(self) -> list[str]:
        """All addresses that the page has requested."""
        asked = [one["params"] for one in self.said if one["method"] == "Network.requestWillBeSent"]
        return [one["request"]["url"] for one in asked]


def _is_error(message: dict[str, Any]) -> bool:
    said = message.get("params", {})
    match message.get("method"):
        case "Runtime.exceptionThrown" | "Network.loadingFailed":
            return True
        case "Runtime.consoleAPICalled":
            return bool(said["type"] in ("error", "warning", "assert"))
        case "Log.entryAdded":
            return bool(said["entry"]["level"] == "error")
    return False


@asynccontextmanager
async def open_page(folder: Path) -> AsyncIterator[Page]:
    """An empty tab of a browser whose profile is in `folder`."""
    command = [str(chromium()), *FLAGS, f"--user-data-dir={folder}", "--remote-debugging-port=0", "about:blank"]
    process = await asyncio.create_subprocess_exec(*command, stdout=DEVNULL, stderr=asyncio.subprocess.PIPE)
    try:
        assert process.stderr is not None
        async with asyncio.timeout(60):
            while b"listening on ws://" not in (line := await process.stderr.readline()):
                assert line, "the browser ended"
        port = line.decode().split("127.0.0.1:")[1].split("/")[0]
        async with aiohttp.ClientSession() as session:
            async with session.get(f"http://127.0.0.1:{port}/json") as answer:
                tab = next(one for one in await answer.json() if one["type"] == "page")
            async with session.ws_connect(tab["webSocketDebuggerUrl"], max_msg_size=0) as socket:
                yield Page(socket)
    finally:
        process.terminate()
        await process.communicate()
