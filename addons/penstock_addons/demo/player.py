"""`Player`: runs the demo's provider, proxy and client together, and stops all three at the end. A failure of the
client is in its `error`. The provider keeps cache entries for seconds, not for minutes as real ones do."""

from __future__ import annotations

import queue
import threading
from contextlib import ExitStack
from itertools import takewhile
from pathlib import Path
from typing import Self

from penstock.profiles.profile import Profile
from penstock_addons.cli.child import ChildProxy
from penstock_addons.demo.client import Client
from penstock_addons.demo.home import MARGIN_S, Home
from penstock_addons.demo.pace import Pace, Stopped
from penstock_addons.demo.promptcache import PromptCache
from penstock_addons.demo.provider import Provider
from penstock_addons.demo.script import Turn, answers, faults, script

__all__ = ["Player"]

LIFETIME_S = 5.0
"""Seconds that the demo's provider keeps a cache entry; a real one keeps it for five minutes."""


class Player:
    """`with Player(...) as player:` has the script played in a thread. At the end of the block it is stopped, when it
    is not over by itself, and the proxy with it."""

    def __init__(
        self, home: Home, *, turns: int, speed: float, port: int, profile: Profile, stages: tuple[str, ...] = ()
    ) -> None:
        self._home, self._port = home, port
        self._script, self._pace = script(turns), Pace(speed)
        self._answers = answers(self._script)
        self._lifetime_s = LIFETIME_S / min(speed, 1.0)
        self.profile = home.write_profile(
            profile, requests=_main_requests(self._script), lifetime_s=self._lifetime_s, stages=stages
        )
        self._stack = ExitStack()
        self.said: queue.SimpleQueue[tuple[str, str]] = queue.SimpleQueue()
        """What the client reports: pauses and new sessions, each as `pause` or `session` and a sentence."""
        self.error: OSError | None = None
        """Why the script could not be played to its end."""

    def __enter__(self) -> Self:
        with self._stack:
            cache = PromptCache(self._lifetime_s)
            provider = Provider(self._answers, faults(self._script), self._pace, cache)
            self._stack.enter_context(provider)
            confdir = self._home.folder / "mitmproxy"
            arguments = ["--port", "0", "--profile", str(self.profile), "--confdir", str(confdir)]
            arguments += ["--reverse", f"{provider.url}={self._port}"]
            proxy = self._stack.enter_context(ChildProxy(arguments, self._home.environ)).announced
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
        """Whether the script has come to its end."""
        return not self._thread.is_alive()

    def wait(self) -> None:
        """Wait until the script has come to its end."""
        self._thread.join()

    def _say(self, what: str, text: str) -> None:
        self.said.put((what, text))

    def _play(self) -> None:
        pause_s = self._lifetime_s + 4 * MARGIN_S
        try:
            Client(self.address, self._script, self._pace, pause_s=pause_s, say=self._say).play()
        except Stopped:
            pass
        except OSError as e:
            self.error = e


def _main_requests(script: list[Turn]) -> int:
    """How many the main agent makes in the first session."""
    first = takewhile(lambda turn: not turn.begins_session, script)
    return sum(len(turn.steps) for turn in first)
