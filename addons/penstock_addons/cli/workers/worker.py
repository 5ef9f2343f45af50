"""One worker process, when run as a module: it reads its order from stdin, and runs mitmproxy with Penstock's addons
until it is told to end, or until its stdin ends with who started it. `share_ports`: it listens where others do."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

import msgspec
from mitmproxy import ctx
from mitmproxy.proxy.mode_servers import AsyncioServerInstance
from mitmproxy.proxy.mode_specs import DnsMode

from penstock.base.child_process import receive
from penstock.control.discovery import file_beside
from penstock_addons.cli.announcer import Announcer
from penstock_addons.cli.master import run_proxy
from penstock_addons.cli.tether import Tether
from penstock_addons.cli.workers.order import Order
from penstock_addons.control.worker_commands import do_again

__all__ = ["share_ports"]


class ChangedSettings:
    """The addon that changes the settings as they were changed in this run, before requests are answered."""

    def __init__(self, store: Path) -> None:
        self._store = store

    def running(self) -> None:
        suite = ctx.master.addons.get("modelrequests").suite
        if suite is not None:
            do_again(suite, self._store)


def share_ports() -> None:
    """From now on, what mitmproxy listens on in this process is shared with other workers: the system gives each new
    connection to one of them. A port that the system chooses (0) stays this process's own, as do ports of UDP, by which
    no reverse port is reached (no HTTP/3)."""
    alone = AsyncioServerInstance.listen

    async def listen(self: AsyncioServerInstance[Any], host: str, port: int) -> list[Any]:
        if not port or self.mode.transport_protocol == "udp" or isinstance(self.mode, DnsMode):
            return await alone(self, host, port)
        return [await asyncio.start_server(self.handle_stream, host, port, reuse_port=True)]

    AsyncioServerInstance.listen = listen  # type: ignore[method-assign]


def main() -> None:
    """Be a worker."""
    order = msgspec.json.decode(receive(sys.stdin.buffer), type=Order)
    store = Path(order.store)
    share_ports()
    announcer = Announcer(file_beside(store, os.getpid()), Path(order.ca), order.reverse)
    run_proxy(order.arguments, [ChangedSettings(store), announcer, Tether()])


if __name__ == "__main__":
    main()
