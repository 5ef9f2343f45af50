"""A uvicorn server that says that it is about to end, so that streams end with it."""

from __future__ import annotations

import socket
import threading

import uvicorn

__all__ = ["ClosingServer"]


class ClosingServer(uvicorn.Server):
    """Sets `closing` before it waits for the calls under way."""

    def __init__(self, config: uvicorn.Config, closing: threading.Event) -> None:
        super().__init__(config)
        self._closing = closing

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._closing.set()
        await super().shutdown(sockets)
