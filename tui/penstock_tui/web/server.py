"""`WebScreen`: the HTTP and WebSocket server behind `penstock tui --web`, on loopback only, for at most eight tabs.
`listen` opens its port, the usual one or a free one if that is taken; raises `PortTaken` if a port that was asked for
is."""

from __future__ import annotations

import asyncio
import errno
import signal
import socket
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from importlib.resources import files
from pathlib import Path

from aiohttp import WSCloseCode, WSMsgType, web
from textual_serve.server import Server

from penstock_tui.web.token_auth import TokenAuth
from penstock_tui.web.web_session import WebSession

__all__ = ["HOST", "PORT", "PortTaken", "WebScreen", "listen"]

HOST = "127.0.0.1"
PORT = 8780
"""The usual port, to which a bookmark may point. Another one is used when it is taken."""
TABS = 8
"""The largest number of tabs, each of which is a process."""
MESSAGE = 256 * 1024
"""The largest message from a tab, in bytes, such as a pasted text."""
HEADERS = {
    # Nothing is loaded from elsewhere. The terminal's script makes style sheets of its own.
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "font-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class PortTaken(Exception):
    """Another program listens on that port."""


def listen(port: int | None) -> socket.socket:
    """A socket on loopback, at `port` (0: any free one). None: the usual port, or a free one if it is taken.

    Raises `PortTaken`.
    """
    try:
        return socket.create_server((HOST, PORT if port is None else port))
    except OSError as e:
        if e.errno not in (errno.EADDRINUSE, errno.EACCES):
            raise
        if port is None:
            return socket.create_server((HOST, 0))
        why = "is taken" if e.errno == errno.EADDRINUSE else "may not be used by this user"
        raise PortTaken(
            f"Port {port} of {HOST} {why}. Choose another with --port; --port 0 takes one that is free."
        ) from e


class WebScreen:
    """Serves the screen of one log to browsers on this machine."""

    def __init__(self, store: Path, listener: socket.socket) -> None:
        self._listener = listener
        port = listener.getsockname()[1]
        self.auth = TokenAuth(port)
        self.address = f"http://{HOST}:{port}/?token={self.auth.token}"
        """The address that the user opens."""
        # -P: a folder that happens to be the current one lends no modules.
        self._command = (sys.executable, "-P", "-m", "penstock", "tui", "--store", str(store))
        self._textual = Server("", HOST, port)
        self._sockets: set[web.WebSocketResponse] = set()

    def run(self) -> None:
        """Serve until SIGINT, SIGTERM or SIGHUP; then stop all processes that run the screen."""
        asyncio.run(self._until_told())

    def application(self) -> web.Application:
        """The web application with all routes."""
        app = web.Application(middlewares=[self._guard])
        app.router.add_get("/", self._page)
        app.router.add_get("/ws", self._socket)
        app.router.add_get("/download/{key}", self._textual.handle_download)
        app.router.add_static("/page", Path(str(files("penstock_tui.web") / "page")))
        app.router.add_static("/static", self._textual.statics_path)
        app.on_response_prepare.append(_add_headers)
        app.on_shutdown.append(self._close_all)
        return app

    async def _until_told(self) -> None:
        told = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, told.set)
        # No access log: addresses hold the token.
        runner = web.AppRunner(self.application(), access_log=None, shutdown_timeout=10)
        await runner.setup()
        try:
            await web.SockSite(runner, self._listener).start()
            await told.wait()
        finally:
            await runner.cleanup()

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        token = request.query.get("token", "")
        why = self.auth.refusal(
            host=request.headers.get("Host", ""),
            origin=request.headers.get("Origin"),
            token=token,
            key=request.cookies.get(self.auth.cookie, ""),
            is_socket=request.path == "/ws",
        )
        if why:
            return web.Response(status=403, text=why + "\n")
        return await handler(request)

    async def _page(self, request: web.Request) -> web.StreamResponse:
        page = files("penstock_tui.web") / "page" / "page.html"
        response = web.Response(text=page.read_text(encoding="utf-8"), content_type="text/html")
        if self.auth.knows(request.query.get("token", "")):
            # No redirect: from a link on another site, the browser would follow it without the new cookie.
            response.set_cookie(self.auth.cookie, self.auth.key, httponly=True, samesite="Strict", path="/")
        return response

    async def _socket(self, request: web.Request) -> web.StreamResponse:
        if len(self._sockets) >= TABS:
            return web.Response(status=503, text=f"{TABS} tabs show the screen already.\n")
        websocket = web.WebSocketResponse(heartbeat=15, max_msg_size=MESSAGE)
        self._sockets.add(websocket)
        try:
            await websocket.prepare(request)
            tab = WebSession(self._command, websocket, self._textual.download_manager)
            try:
                await tab.start(_cells(request.query.get("width"), 80), _cells(request.query.get("height"), 24))
                await _obey(tab, websocket)
            finally:
                await tab.stop()
        finally:
            self._sockets.discard(websocket)
        return websocket

    async def _close_all(self, _app: web.Application) -> None:
        await asyncio.gather(*(one.close(code=WSCloseCode.GOING_AWAY) for one in self._sockets))


async def _add_headers(_request: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(HEADERS)


async def _obey(tab: WebSession, websocket: web.WebSocketResponse) -> None:
    """Pass on the page's messages until it disconnects. Unknown messages are ignored."""
    async for message in websocket:
        if message.type is not WSMsgType.TEXT:
            continue
        try:
            said = message.json()
        except ValueError:
            continue
        match said:
            case ["stdin", str(keys)]:
                await tab.send_bytes(keys.encode("utf-8", "surrogatepass"))
            case ["resize", {"width": width, "height": height}]:
                await tab.set_terminal_size(_cells(width, 80), _cells(height, 24))
            case ["ping", beat]:
                with suppress(ConnectionResetError):  # it has gone since it asked
                    await websocket.send_json(["pong", beat])
            case ["focus"]:
                await tab.focus()
            case ["blur"]:
                await tab.blur()


def _cells(value: object, default: int) -> int:
    """A number of columns or rows, at most a thousand."""
    try:
        return max(1, min(int(str(value)), 1000))
    except ValueError:
        return default
