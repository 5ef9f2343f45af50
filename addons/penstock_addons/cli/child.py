"""`ChildProxy`: starts `penstock up` as a child process, waits up to 60 seconds until it listens, and stops it at the
end of a `with` block. Raises `PenstockError`, with what the proxy printed, if it does not start."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from penstock.base.errors import PenstockError
from penstock.control.discovery import Announcement, read

__all__ = ["ChildProxy"]

START_S = 60.0
STOP_S = 10.0
POLL_S = 0.05


class ChildProxy:
    """`with ChildProxy(["--profile", "codex"]) as child:` starts `penstock up`, and stops it at the end of the block.

    The proxy's stdin is a pipe that only this process holds: if this process is killed, the proxy reads the end of its
    stdin and stops, too. Raises `PenstockError`, with what the proxy printed, when it does not start.
    """

    def __init__(self, arguments: Sequence[str], environ: Mapping[str, str] = os.environ) -> None:
        self._arguments, self._environ = list(arguments), dict(environ)
        self._folder = tempfile.TemporaryDirectory(prefix="penstock-")
        self._process: subprocess.Popen[bytes] | None = None
        self.file = Path(self._folder.name) / "proxy.json"
        """The file in which the proxy announces itself."""
        self.announced: Announcement
        """The announcement that it wrote, once it listens."""

    def __enter__(self) -> Self:
        try:
            self.announced = self._start()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def ended(self) -> str:
        """What the proxy printed, if it ended by itself; empty while it runs."""
        if self._process is None or self._process.poll() is None:
            return ""
        return f"the proxy ended with status {self._process.returncode}\n{self._said()}".strip()

    def _start(self) -> Announcement:
        # -P: the folder this is run in must not lend the proxy its modules.
        command = [sys.executable, "-P", "-m", "penstock", "up", "--quiet", "--tethered", "--announce", str(self.file)]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [*command, *self._arguments],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                env=self._environ,
                start_new_session=True,  # Ctrl-C is for the client; the proxy is still needed while that one ends
            )
        until = time.monotonic() + START_S
        while time.monotonic() < until:
            found = read(self.file)
            if found is not None:
                return found
            if self._process.poll() is not None:
                raise PenstockError(self._said() or f"the proxy ended with status {self._process.returncode}")
            time.sleep(POLL_S)
        raise PenstockError(f"the proxy did not listen within {START_S:.0f} seconds. {self._said()}")

    def _stop(self) -> None:
        process = self._process
        if process is not None:
            if process.poll() is None:
                process.terminate()
            try:
                process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if process.stdin is not None:
                process.stdin.close()
        self._folder.cleanup()

    @property
    def _log(self) -> Path:
        return Path(self._folder.name) / "log"

    def _said(self) -> str:
        """The end of what the proxy wrote, without our own prefix."""
        text = self._log.read_text(encoding="utf-8", errors="replace")
        return "\n".join(line.removeprefix("penstock: ") for line in text.splitlines()[-20:])
