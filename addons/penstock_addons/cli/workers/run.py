"""`run_workers`: runs the proxy as several worker processes that share its ports and a PostgreSQL store. What
there is one of is in this process: the announcement by which the proxy is found, its store's lock, servers of plugins.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import msgspec

from penstock.base.errors import PenstockError
from penstock.control.discovery import Announcement, announce, file_beside, withdraw
from penstock.control.renewal import Renewal
from penstock.plugins.server import Server
from penstock.store.lock import StoreLock, holder, is_taken
from penstock.store.worker_files import carry_back, lend, worker_files
from penstock_addons.cli.plugin_servers import running_servers
from penstock_addons.cli.reverse_ports import ReversePort
from penstock_addons.cli.workers.order import Order
from penstock_addons.cli.workers.supervisor import Supervisor
from penstock_addons.control.worker_commands import changes_file

__all__ = ["run_workers"]

logger = logging.getLogger(__name__)


def run_workers(
    count: int,
    at: tuple[str, int],
    store: Path,
    arguments: Callable[[Path], list[str]],
    *,
    ca: Path,
    reverse: Mapping[str, ReversePort],
    servers: Sequence[Server],
    announcement: Path,
    say: Callable[[Announcement], None] | None,
) -> None:
    """Return when the workers have ended. `at`: host and port of the proxy; `arguments`: mitmdump's, for a worker's
    file of the store; `reverse`: as `Announcer` has it; `announcement`: the file that says that the proxy is up; `say`
    gets the announcement. Raises `PenstockError`."""
    files = worker_files(store, count)
    if busy := [str(holder(file)) for file in files if is_taken(file)]:
        raise PenstockError(
            f"workers of an earlier proxy have not ended yet (process {', '.join(busy)}): try again soon"
        )
    changes = changes_file(store)
    changes.unlink(missing_ok=True)
    orders = [Order(arguments(file), str(file), str(ca), dict(reverse)) for file in files]
    supervisor = Supervisor([(Path(one.store), msgspec.json.encode(one)) for one in orders])
    beside = file_beside(store, os.getpid())
    logging.basicConfig(format="%(message)s")  # else the package `mcp` of the service makes it errors alone

    with ExitStack() as stack:
        lock = StoreLock(store)
        stack.callback(lock.release)
        lend(store)
        stack.callback(carry_back, store, files)
        stack.callback(changes.unlink, missing_ok=True)
        starter = stack.enter_context(running_servers(servers))

        def up(first: Announcement) -> None:
            host, port = at
            started = time.time()
            what = replace(first, pid=os.getpid(), host=host, port=port, store=str(store), started=started)
            for file in (announcement, beside):
                try:
                    announce(what, file)
                except OSError as e:
                    logger.warning("%s cannot be written (%s): commands will not find this proxy", file, e)
                stack.callback(withdraw, file, what.pid)
            stack.callback(Renewal(what, beside).stop)
            starter.running()
            if say is not None:
                say(what)

        supervisor.run(up)
