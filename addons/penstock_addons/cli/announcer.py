"""`Announcer`: an addon that announces the proxy once it listens: it writes the same announcement to two files, one
by which `penstock run` finds the proxy, and one beside the store, for memory commands and those that need the
gateway's port. Then it has the banner printed. It renews the latter while the proxy runs, and removes both at the end.
The format is in `penstock.control.discovery`."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from mitmproxy import ctx
from mitmproxy.proxy.mode_specs import RegularMode, ReverseMode, UpstreamMode

from penstock.control.discovery import Announcement, announce, default_file, file_beside, reachable, withdraw
from penstock.control.renewal import Renewal
from penstock_addons.cli.certificate_authority import certificate
from penstock_addons.cli.reverse_ports import ReversePort

__all__ = ["Announcer"]

logger = logging.getLogger(__name__)


class Announcer:
    """Writes the proxy's addresses to a file once it listens, and removes the file when it ends. `reverse` is keyed by
    mitmproxy's mode specification of each reverse port. `file` and `ca` have defaults. `say` gets the announcement,
    and whether the store is used."""

    def __init__(
        self,
        file: Path | None = None,
        ca: Path | None = None,
        reverse: Mapping[str, ReversePort] | None = None,
        say: Callable[[Announcement, bool], None] | None = None,
    ) -> None:
        self._file, self._ca, self._reverse, self._say = file or default_file(), ca, reverse or {}, say
        self._beside: Path | None = None
        self._renewal: Renewal | None = None

    def running(self) -> None:
        what = self._what()
        if what is None:
            return
        self._beside = file_beside(Path(what.store), what.pid)
        for file, who in ((self._file, "`penstock run`"), (self._beside, "`penstock memory`")):
            try:
                announce(what, file)
            except OSError as e:
                logger.warning("%s cannot be written (%s): %s will not find this proxy", file, e, who)
        self._renewal = Renewal(what, self._beside)
        if self._say is not None:
            suite = ctx.master.addons.get("modelrequests").suite
            self._say(what, suite is not None and not suite.degraded)

    def done(self) -> None:
        if self._renewal is not None:
            self._renewal.stop()
        for file in (self._file, self._beside):
            if file is not None:
                withdraw(file, os.getpid())

    def _what(self) -> Announcement | None:
        servers = ctx.master.addons.get("proxyserver").servers
        host, port, reverse = "", 0, {}
        for server in servers:
            for at, number, *_ in server.listen_addrs[:1]:
                if isinstance(server.mode, RegularMode | UpstreamMode):
                    host, port = at, number
                elif isinstance(server.mode, ReverseMode):
                    upstream = self._reverse.get(server.mode.full_spec)
                    if upstream is not None:
                        reverse[upstream.name] = upstream.base(reachable(at), number)
        if not port:
            return None
        return Announcement(
            pid=os.getpid(),
            host=host,
            port=port,
            profile=ctx.options.penstock_profile,
            store=str(Path(ctx.options.penstock_store).expanduser().absolute()),
            ca=str(self._ca or certificate(Path(ctx.options.confdir).expanduser().absolute())),
            started=time.time(),
            reverse=reverse,
        )
