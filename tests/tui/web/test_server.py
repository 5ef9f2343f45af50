"""The screen in a browser, asked as a browser asks: real sockets, real processes of the screen."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from aiohttp import ClientSession, CookieJar, WSMsgType, web

from penstock_tui.web import server
from penstock_tui.web.server import HOST, PortTaken, WebScreen, listen
from tests.tui.logs import Log, life
from tests.tui.web.processes import children, needs_proc, wait_until_gone

pytestmark = [pytest.mark.slow, needs_proc]


class Served:
    """A running server, and what a browser knows of it."""

    def __init__(self, screen: WebScreen, port: int, session: ClientSession) -> None:
        self.screen = screen
        self.home = f"http://{HOST}:{port}"
        self.session = session
        self.origin = {"Origin": self.home}
        self._others = frozenset(children(os.getpid()))
        """Of tests before this one, which nobody has collected."""

    def screens(self) -> list[int]:
        """Its processes."""
        return [child for child in children(os.getpid()) if child not in self._others]

    async def status(self, path: str, **headers: str) -> int:
        async with self.session.get(self.home + path, headers=headers) as answer:
            return answer.status

    async def enter(self) -> None:
        """Open the printed address."""
        async with self.session.get(self.screen.address) as page:
            assert page.status == 200

    def tab(self, size: str = "width=100&height=30", **headers: str) -> aiohttp.client._WSRequestContextManager:
        return self.session.ws_connect(f"{self.home}/ws?{size}", headers=self.origin | headers)


@asynccontextmanager
async def serve(store: Path) -> AsyncIterator[Served]:
    listener = listen(0)
    screen = WebScreen(store, listener)
    runner = web.AppRunner(screen.application(), access_log=None, shutdown_timeout=10)
    await runner.setup()
    await web.SockSite(runner, listener).start()
    try:
        async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as session:  # unsafe: it keeps those of addresses
            yield Served(screen, listener.getsockname()[1], session)
    finally:
        await runner.cleanup()


@pytest.fixture
async def served(log: Log) -> AsyncIterator[Served]:
    log.exchange(life("a question in a browser"))
    async with serve(log.path) as found:
        yield found


async def drawn(tab: aiohttp.ClientWebSocketResponse, words: str) -> None:
    """Until the screen has drawn `words`."""
    said = b""
    async with asyncio.timeout(60):
        while words.encode() not in said:
            message = await tab.receive()
            assert message.type is WSMsgType.BINARY, message
            said += message.data


PATHS = ["/", "/ws", "/page/page.js", "/static/js/textual.js", "/static/css/xterm.css", "/download/x", "/nothing"]


@pytest.mark.parametrize("path", PATHS)
async def test_nothing_without_the_token(served: Served, path: str) -> None:
    """No page, no script, no socket: not even whether it is there."""
    assert await served.status(path) == 403
    assert await served.status(f"{path}?token=guessed") == 403
    assert await served.status(path, Cookie=f"{served.screen.auth.cookie}=guessed", **served.origin) == 403
    assert not served.screens()


async def test_the_token_is_exchanged_for_a_cookie(served: Served) -> None:
    """Which no script reads and no other site sends; the token is then needed no more."""
    async with served.session.get(served.screen.address) as page:
        cookie = page.cookies[served.screen.auth.cookie]
        assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Strict", "/")
        assert page.headers["Referrer-Policy"] == "no-referrer"
        assert served.screen.auth.token not in await page.text() + cookie.value
    assert await served.status("/") == 200
    assert await served.status("/page/page.js") == 200


async def test_other_names_and_pages_are_refused(served: Served) -> None:
    """With the cookie too."""
    await served.enter()
    assert await served.status("/", Host="evil.test") == 403
    assert await served.status("/", Origin="http://evil.test") == 403
    for headers in ({"Origin": "http://evil.test"}, {"Origin": f"http://{HOST}:1"}, {"Host": "evil.test"}):
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await served.tab(**headers)
        assert refused.value.status == 403
    assert not served.screens()


async def test_everything_comes_from_here(served: Served) -> None:
    """A machine without a network shows the screen: nothing need be loaded from elsewhere, or may be."""
    await served.enter()
    async with served.session.get(served.home) as page:
        assert page.headers["Content-Security-Policy"].startswith("default-src 'none'")
        html = await page.text()
    assert "https://" not in html
    for path in [*PATHS[2:5], "/page/page.css", "/static/fonts/RobotoMono-VariableFont_wght.ttf"]:
        assert await served.status(path) == 200, path


async def test_a_tab_shows_the_log_and_takes_keys(served: Served) -> None:
    """The first frame holds the requests; a key leads to a view; a resize is drawn."""
    await served.enter()
    async with served.tab() as tab:
        await drawn(tab, "a question in a browser")
        await tab.send_json(["stdin", "5"])
        await drawn(tab, "[5 sessions]")
        await tab.send_json(["resize", {"width": 60, "height": 12}])
        await drawn(tab, "[5 sessions]")


async def test_what_is_no_message_is_passed_over(served: Served) -> None:
    """The tab goes on."""
    await served.enter()
    async with served.tab() as tab:
        for text in ("no json", "{}", "[]", '["resize", {"width": "wide", "height": null}]', '["stdin", 7]', '"x"'):
            await tab.send_str(text)
        await tab.send_bytes(b"\x00")
        await tab.send_json(["ping", "1"])
        async with asyncio.timeout(60):
            while (message := await tab.receive()).type is not WSMsgType.TEXT:
                assert message.type is WSMsgType.BINARY
        assert message.json() == ["pong", "1"]


async def test_each_tab_has_a_process_that_ends_with_it(served: Served) -> None:
    """Two tabs, two places in the log; closed, nothing is left."""
    await served.enter()
    async with served.tab() as one, served.tab() as other:
        await drawn(one, "a question")
        await drawn(other, "a question")
        assert len(served.screens()) == 2
        both = served.screens()
    await asyncio.to_thread(wait_until_gone, both)


async def test_a_screen_that_ends_closes_its_tab(served: Served) -> None:
    """By `q`, or killed: the page can say so."""
    await served.enter()
    async with served.tab() as tab:
        await drawn(tab, "a question")
        await tab.send_json(["stdin", "q"])
        await closed(tab)
    async with served.tab() as tab:
        await drawn(tab, "a question")
        os.kill(served.screens()[-1], 9)
        await closed(tab)


async def closed(tab: aiohttp.ClientWebSocketResponse) -> None:
    async with asyncio.timeout(30):
        while (await tab.receive()).type is not WSMsgType.CLOSED:
            pass


async def test_tabs_are_bounded(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """One too many is told so, and the others go on."""
    monkeypatch.setattr(server, "TABS", 1)
    await served.enter()
    async with served.tab() as tab:
        await drawn(tab, "a question")
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await served.tab()
        assert refused.value.status == 503
        await tab.send_json(["stdin", "2"])
        await drawn(tab, "[2 overview]")


async def test_the_server_takes_its_screens_along(log: Log) -> None:
    """When it ends, open tabs or not."""
    log.started()
    async with serve(log.path) as served:
        await served.enter()
        tab = await served.tab()
        await drawn(tab, "Penstock")
        assert served.screens()
    assert not served.screens()


def test_a_port_that_is_taken() -> None:
    """Asked for: an error that names the way out. The usual one: another is taken."""
    with listen(0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PortTaken, match=rf"Port {port} .* is taken.*--port 0"):
            listen(port)
    with listen(None) as one, listen(None) as other:
        assert one.getsockname()[0] == other.getsockname()[0] == "127.0.0.1"
