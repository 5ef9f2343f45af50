"""`ServiceServer`: runs the service with its port, token and contexts, in a process of its own (`penstock serve`:
`run`) or in a thread beside the proxy (`start`). It announces itself while it answers, for `penstock doctor`. At the
end, calls under way have three seconds. Raises `PenstockError` if a package is missing or the address cannot be
listened on."""

from __future__ import annotations

import gc
import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from penstock.base.errors import PenstockError
from penstock.base.redis_server import why_away
from penstock.control.discovery import Announcement, announce, renew, service_file, withdraw
from penstock.profiles.service import ServiceSettings
from penstock_service.listening import is_every_address, listen
from penstock_service.token_file import keep_token, owner_token, token_path

if TYPE_CHECKING:
    import uvicorn

__all__ = ["ServiceServer"]

logger = logging.getLogger(__name__)
_NEEDED = ("fastapi", "uvicorn", "websockets", "prometheus_client", "jinja2")
_GRACE_S = 3
"""Seconds that calls under way get when it ends."""
_OPEN_S = 2.0
"""Seconds that `start` waits for the contexts to be opened. A file takes a few hundredths; a database that does not
answer takes longer."""
_STOP_S = 10.0
"""Seconds for the whole shutdown. What has not ended by then keeps the process from leaving no longer: the thread is a
daemon."""


class ServiceServer:
    """Listens from its construction on. `run` serves until it is stopped; `start` does so in a thread."""

    name = "service"

    def __init__(self, store: Path, settings: ServiceSettings) -> None:
        """`store`: the file of the proxy's events; contexts and token are in its folder. Port 0: any that is free.
        Raises `PenstockError`: what is missing, or cannot be listened on."""
        _check_packages()
        host = settings.host
        if not settings.allowed_hosts and is_every_address(host):
            raise PenstockError(
                f"{host!r} is every address of this machine: name those that others ask by with --allowed-host or "
                "`[service] allowed_hosts`, or listen on one address"
            )
        if settings.redis and (why := why_away(settings.redis)):
            logger.warning("%s: the service goes on without it", why)
        self._store, self._settings = store, settings
        self.token_file = token_path(store.parent)
        self._token = owner_token(store.parent)
        self._listener = listen(host, settings.port)
        shown = f"[{host}]" if ":" in host else host
        self.url = f"http://{shown}:{self._listener.getsockname()[1]}"
        self.about = f"{self.url}, token in {self.token_file} (pages: {self.url}/admin)"
        self._announced = service_file(store, os.getpid())
        self._is_opened = threading.Event()
        """Set when the contexts are open, or will not be."""
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None
        self._is_stopped = False

    def run(self, when_ready: Callable[[], None] = lambda: None) -> None:
        """Serve until a signal, or `stop`, ends it. `when_ready` is called once, when calls are answered. Raises
        `StoreError` when the contexts cannot be opened."""
        is_alone = self._thread is None  # in a proxy's process, its log and its garbage collector are the proxy's
        what = self._announcement()
        with _still_heap() if is_alone else nullcontext(lambda: None) as settle:

            def ready() -> None:
                settle()
                try:
                    announce(what, self._announced)
                except OSError as e:
                    logger.warning("%s cannot be written (%s): `penstock doctor` will not find it", self._announced, e)
                when_ready()

            self._serve(is_alone, ready, what)

    def _announcement(self) -> Announcement:
        host, port = self._settings.host, int(self._listener.getsockname()[1])
        return Announcement(os.getpid(), host, port, "", str(self._store), "", time.time())

    def _serve(self, is_alone: bool, when_ready: Callable[[], None], what: Announcement) -> None:
        from penstock.contexts.contexts import Contexts
        from penstock.contexts.records import Retention
        from penstock_service.http.json_log import json_log

        settings = self._settings
        logged = json_log(everything=is_alone) if settings.log == "json" else nullcontext()
        with (
            logged,
            self._traced(),
            closing(self._listener),
            closing(Contexts.beside(self._store, retention=Retention.of(settings))) as contexts,
        ):
            self._is_opened.set()
            import uvicorn  # with the routes it takes a second to import, for which `start` does not wait

            from penstock_service.app import LOCAL_HOSTS, create_app
            from penstock_service.http.closing_server import ClosingServer
            from penstock_service.http.route_dependencies import Parts

            names = {*LOCAL_HOSTS, settings.host.lower(), *(name.lower() for name in settings.allowed_hosts)}
            parts = Parts(contexts, self._store, settings)
            app = create_app(parts, self._token, hosts=names, upkeep=lambda: self._keep_files(what))
            config = uvicorn.Config(
                app,
                log_config=None,  # beside the proxy, its log is the proxy's
                log_level="warning",
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=_GRACE_S,
            )
            self._server = ClosingServer(
                config, parts.closing, when_ready, lambda: withdraw(self._announced, os.getpid())
            )
            if self._is_stopped:
                self._server.should_exit = True
            self._server.run(sockets=[self._listener])

    def _keep_files(self, what: Announcement) -> None:
        """Make those again that were removed. Raises `PenstockError`."""
        keep_token(self._store.parent, self._token)
        try:
            renew(what, self._announced)
        except OSError as e:
            raise PenstockError(f"{self._announced} cannot be written: {e}") from e

    def _traced(self) -> AbstractContextManager[object]:
        if not self._settings.otlp:
            return nullcontext()
        from penstock_service.health.tracing import Tracing

        return closing(Tracing(self._store, self._settings.otlp))

    def start(self) -> None:
        """Serve in a thread, with an event loop of its own. uvicorn leaves signals alone there. If the contexts cannot
        be opened, `about` says so afterwards, unless that takes longer than two seconds."""
        self._thread = threading.Thread(target=self._run_contained, name="penstock-service", daemon=True)
        self._thread.start()
        self._is_opened.wait(_OPEN_S)

    def stop(self) -> None:
        """End it: calls under way get a few seconds. A second time does nothing."""
        self._is_stopped = True  # before the look at the server: the thread reads it after it has made one
        if self._server is not None:
            self._server.should_exit = True
        if self._thread is not None:
            self._thread.join(_STOP_S)
            if self._thread.is_alive():
                logger.warning("the service has not ended within %g s; it is left behind", _STOP_S)
        self._listener.close()

    def _run_contained(self) -> None:
        """A fault of the service is its own: the proxy goes on. It is logged as a warning, for while mitmproxy starts
        an error would end it."""
        try:
            self.run()
        except PenstockError as e:
            self.about = f"none: {e}. `penstock doctor` says what to do"
            logger.warning("the service has ended: %s. The proxy goes on without it", e)
        except (Exception, SystemExit):
            self.about = "none: it has ended, see above"
            logger.warning("the service has ended. The proxy goes on without it", exc_info=True)
        finally:
            self._is_opened.set()


@contextmanager
def _still_heap() -> Iterator[Callable[[], None]]:
    """While all is loaded, nothing is garbage, and to look for it takes a tenth of the start. What is loaded by the
    call of what is given stays: the collector need not look through it again while a call waits."""

    def settle() -> None:
        gc.collect()
        gc.freeze()
        gc.enable()

    gc.disable()
    try:
        yield settle
    finally:
        gc.enable()


def _check_packages() -> None:
    """By a look at what is installed: importing it here would keep the proxy waiting."""
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        raise PenstockError(
            f"the service needs the packages of the extra `service` ({missing[0]} is missing): "
            "`pip install 'penstock[service]'`"
        )
