"""The three of them together: provider, proxy and client, and all of them gone at the end."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Self

from penstock_addons.cli.child import ChildProxy
from penstock_addons.demo.client import Client, answers, faults
from penstock_addons.demo.pace import Pace, Stopped
from penstock_addons.demo.provider import Provider
from penstock_addons.demo.script import session

__all__ = ["Player"]


class Player:
    """`with Player(...) as player:` has the session played in a thread. At the end of the block it is stopped, when it
    is not over by itself, and the proxy with it."""

    def __init__(
        self, home: Path, environ: Mapping[str, str], *, turns: int, speed: float, port: int, profile: str
    ) -> None:
        self._home, self._environ, self._port, self._profile = home, environ, port, profile
        self._session, self._pace = session(turns), Pace(speed)
        self._stack = ExitStack()
        self.error: OSError | None = None
        """Why the session could not be played to its end."""

    def __enter__(self) -> Self:
        with self._stack:
            provider = self._stack.enter_context(Provider(answers(self._session), faults(self._session), self._pace))
            arguments = ["--port", "0", "--profile", self._profile, "--confdir", str(self._home / "mitmproxy")]
            arguments += ["--reverse", f"{provider.url}={self._port}"]
            proxy = self._stack.enter_context(ChildProxy(arguments, self._environ)).announced
            self.provider, self.address, self.store = provider.url, proxy.reverse[provider.url], Path(proxy.store)
            self._thread = threading.Thread(target=self._play, name="demo-client", daemon=True)
            self._stack.callback(self._thread.join)
            self._stack.callback(self._pace.stop)
            self._thread.start()
            self._stack = self._stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def is_over(self) -> bool:
        """The session has come to its end."""
        return not self._thread.is_alive()

    def _play(self) -> None:
        try:
            Client(self.address, self._session, self._pace).play()
        except Stopped:
            pass
        except OSError as e:
            self.error = e
