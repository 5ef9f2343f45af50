"""`Tether`: an addon that stops the proxy when the program that started it has ended, recognised by the end of stdin.
`penstock run` starts a proxy of its own with it."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable

from mitmproxy import ctx

__all__ = ["Tether"]


class Tether:
    """Stops the proxy at the end of its stdin: when the program that started it has ended, in whatever way."""

    def running(self) -> None:
        threading.Thread(target=self._wait, args=(ctx.master.shutdown,), name="penstock-tether", daemon=True).start()

    def _wait(self, shutdown: Callable[[], None]) -> None:
        # os.read, not sys.stdin: a thread inside a buffered reader is an error when the interpreter ends.
        while os.read(0, 1024):
            pass
        shutdown()
