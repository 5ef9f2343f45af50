"""`WebSession`: one browser tab, connected to a screen process of its own by a pipe. When the tab closes, that process
is given a few seconds to end, and then killed."""

from __future__ import annotations

import asyncio
from asyncio.subprocess import PIPE, Process
from collections.abc import Sequence
from contextlib import suppress

from aiohttp import web
from textual_serve.app_service import AppService
from textual_serve.download_manager import DownloadManager

__all__ = ["WebSession"]

PATIENCE = 3.0
"""Seconds that the screen's process has to end by itself."""


class WebSession(AppService):
    """Runs `command` for one WebSocket. When one of the two ends, the other is ended."""

    def __init__(self, command: Sequence[str], websocket: web.WebSocketResponse, downloads: DownloadManager) -> None:
        super().__init__(
            "",
            write_bytes=websocket.send_bytes,
            write_str=websocket.send_str,
            close=self.close,
            download_manager=downloads,
        )
        self._arguments = command
        self._websocket = websocket
        self._watching: asyncio.Task[None] | None = None

    async def start(self, width: int, height: int) -> None:
        await super().start(width, height)
        self._watching = asyncio.create_task(self._watch())

    async def close(self) -> None:
        """Close the WebSocket, which ends the process."""
        await self._websocket.close()

    async def stop(self) -> None:
        """End the process; it is gone when this returns."""
        process = self._process
        with suppress(TimeoutError):
            await asyncio.wait_for(super().stop(), PATIENCE)
        if process is not None:
            try:
                await asyncio.wait_for(process.wait(), PATIENCE)
            except TimeoutError:
                process.kill()
                await process.wait()
        if self._watching is not None:
            await self._watching

    async def _open_app_process(self, width: int = 80, height: int = 24) -> Process:
        """As in the parent, with no shell in between, and a driver that ends when we are gone."""
        environment = self._build_environment(width, height) | {"TEXTUAL_DRIVER": "penstock_tui.web.driver:TabDriver"}
        self._process = process = await asyncio.create_subprocess_exec(
            *self._arguments, stdin=PIPE, stdout=PIPE, stderr=PIPE, env=environment
        )
        self._stdin = process.stdin
        return process

    async def _watch(self) -> None:
        """A screen that crashed says no goodbye."""
        assert self._process is not None
        await self._process.wait()
        if not self._websocket.closed:
            await self.close()
