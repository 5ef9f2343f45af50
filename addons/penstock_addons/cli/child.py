"""`ChildProxy`: starts `penstock up` as a child process, waits up to 60 seconds until it listens, starts it again if it
is killed or crashes, and stops it at the end of a `with` block. Raises `PenstockError`, with what the proxy printed, if
it does not start at the beginning."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from penstock.base.errors import PenstockError
from penstock.control.discovery import Announcement, read

__all__ = ["ChildProxy"]

START_S = 60.0
STOP_S = 10.0
POLL_S = 0.05
PAUSE_S, LONGEST_PAUSE_S = 0.1, 30.0
"""Before a proxy that ended is started again; doubled each time, up to the longest."""
SETTLED_S = 60.0
"""Seconds that it must run until its next end counts as the first again."""


class ChildProxy:
    """`with ChildProxy(["--profile", "codex"]) as child:` starts `penstock up`, and stops it at the end of the block.

    The proxy's stdin is a pipe that only this process holds: if this process is killed, the proxy reads the end of its
    stdin and stops, too. A proxy that ends with an error is started again on the same ports: its client has them.
    Raises `PenstockError`, with what the proxy printed, when it does not start at the beginning.
    """

    def __init__(self, arguments: Sequence[str], environ: Mapping[str, str] = os.environ) -> None:
        self._arguments, self._environ = list(arguments), dict(environ)
        self._folder = tempfile.TemporaryDirectory(prefix="penstock-")
        self._process: subprocess.Popen[bytes] | None = None
        self._change = threading.Lock()
        """Held while the process is replaced or stopped."""
        self._is_over = threading.Event()
        self._watcher = threading.Thread(target=self._watch, name="penstock-proxy-watcher", daemon=True)
        self._restarts, self._last_status = 0, 0
        self.file = Path(self._folder.name) / "proxy.json"
        """The file in which the proxy announces itself."""
        self.announced: Announcement
        """The announcement that it wrote, once it listens."""

    def __enter__(self) -> Self:
        try:
            self._start(self._arguments)
            self.announced = self._listening()
            self._watcher.start()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def ended(self) -> str:
        """What the proxy printed, if it ended by itself, and that it was started again; empty if it did not."""
        status = self._process.poll() if self._process is not None else None
        if status is not None:
            ends = f"the proxy ended with status {status}"
        elif self._restarts:
            often = f" {self._restarts} times" if self._restarts > 1 else ""
            ends = f"the proxy ended with status {self._last_status}, and was started again{often}"
        else:
            return ""
        return f"{ends}\n{self._said()}".strip()

    def _start(self, arguments: Sequence[str]) -> None:
        # -P: the folder this is run in must not lend the proxy its modules.
        command = [sys.executable, "-P", "-m", "penstock", "up", "--quiet", "--tethered", "--announce", str(self.file)]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [*command, *arguments],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                env=self._environ,
                start_new_session=True,  # Ctrl-C is for the client; the proxy is still needed while that one ends
            )

    def _listening(self) -> Announcement:
        assert self._process is not None
        until = time.monotonic() + START_S
        while time.monotonic() < until:
            found = read(self.file)
            if found is not None and found.pid == self._process.pid:
                return found
            if self._process.poll() is not None:
                raise PenstockError(self._said() or f"the proxy ended with status {self._process.returncode}")
            time.sleep(POLL_S)
        raise PenstockError(f"the proxy did not listen within {START_S:.0f} seconds. {self._said()}")

    def _watch(self) -> None:
        """Start the proxy again whenever it ends with an error. Status 0: a person had it end (`penstock down`)."""
        pause_s, began = PAUSE_S, time.monotonic()
        while self._process is not None and (status := self._process.wait()) and not self._is_over.wait(pause_s):
            pause_s = PAUSE_S if time.monotonic() - began > SETTLED_S else min(2 * pause_s, LONGEST_PAUSE_S)
            with self._change, suppress(OSError):  # no room for another process or its log: after the next pause
                if self._is_over.is_set():
                    return
                self._close()
                began = time.monotonic()
                self._start(self._same_ports())
                self._restarts, self._last_status = self._restarts + 1, status

    def _same_ports(self) -> list[str]:
        """The arguments for the ports that the first one took."""
        taken = {name: urlsplit(base).port for name, base in self.announced.reverse.items()}
        words = [f"{word}={taken[word]}" if word in taken else word for word in self._arguments]
        end = words.index("--") if "--" in words else len(words)
        return [*words[:end], "--port", str(self.announced.port), *words[end:]]

    def _stop(self) -> None:
        self._is_over.set()
        with self._change:
            process = self._process
            if process is not None:
                if process.poll() is None:
                    process.terminate()
                try:
                    process.wait(STOP_S)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
                self._close()
        if self._watcher.is_alive():
            self._watcher.join()
        self._folder.cleanup()

    def _close(self) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.close()

    @property
    def _log(self) -> Path:
        return Path(self._folder.name) / "log"

    def _said(self) -> str:
        """The end of what the proxy wrote, without our own prefix."""
        text = self._log.read_text(encoding="utf-8", errors="replace")
        return "\n".join(line.removeprefix("penstock: ") for line in text.splitlines()[-20:])
