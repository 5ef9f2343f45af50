"""`running_servers`: a block in which the servers that plugins provide (such as the service with `--serve`) run in the
process of `penstock up`: it gives the addon that starts them when the proxy listens (`ServerStarter`), and stops them
at its end."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from penstock.plugins.server import Server

__all__ = ["ServerStarter", "running_servers"]

logger = logging.getLogger(__name__)


class ServerStarter:
    """The addon that starts `servers` when the proxy listens. One that fails is logged, and the proxy goes on."""

    def __init__(self, servers: Sequence[Server]) -> None:
        self._servers = servers

    def running(self) -> None:
        for server in self._servers:
            try:
                server.start()
            except Exception:
                # No error: while it starts, mitmproxy ends for one.
                logger.warning("%s does not start; the proxy goes on without it", server.name, exc_info=True)


@contextmanager
def running_servers(servers: Sequence[Server]) -> Iterator[ServerStarter]:
    """Give the addon that starts `servers`, and stop them all at the end of the block, in which the proxy runs."""
    try:
        yield ServerStarter(servers)
    finally:
        for server in reversed(servers):
            try:
                server.stop()
            except Exception:
                logger.warning("%s does not end in order", server.name, exc_info=True)
