"""`Program`: the command `penstock` as a process of its own, with its output, signals and exit status. `write_client`
makes a client program for `penstock run`."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from penstock.base import paths
from penstock.control.discovery import Announcement, announced
from tests.road.prefork import Forked
from tests.road.proxy import wait_until
from tests.road.wire import PATIENCE

__all__ = ["Program", "is_gone", "write_client"]


class Program:
    """Started at once. Its stdin is empty and its output is kept."""

    def __init__(self, words: Sequence[str], environ: Mapping[str, str]) -> None:
        self.process = Forked("penstock.cli:main", ["penstock", *words], {**os.environ, **environ}, errors_apart=True)
        self._out: list[str] = []
        self._err: list[str] = []
        self._readers = [
            threading.Thread(target=self._read, args=(self.process.stdout, self._out), daemon=True),
            threading.Thread(target=self._read, args=(self.process.stderr, self._err), daemon=True),
        ]
        for reader in self._readers:
            reader.start()

    @property
    def out(self) -> str:
        """What it has written to stdout so far."""
        return "".join(self._out)

    @property
    def err(self) -> str:
        """What it has written to stderr so far."""
        return "".join(self._err)

    def wait_for(self, text: str) -> None:
        """Wait until `text` stands in its stdout."""
        wait_until(lambda: text in self.out or self.process.poll() is not None, f"{text!r} is printed")
        self._join()
        assert text in self.out, f"ended with {self.process.returncode}:\n{self.out}\n{self.err}"

    def wait_until_up(self) -> Announcement:
        """The announcement of the proxy, once there is one."""
        wait_until(lambda: announced() is not None or self.process.poll() is not None, "the proxy announces itself")
        proxy = announced()
        assert proxy is not None, f"ended with {self.process.returncode}:\n{self.out}\n{self.err}"
        return proxy

    def send(self, number: signal.Signals) -> None:
        """Send a signal to this process alone."""
        self.process.send_signal(number)

    def status(self) -> int:
        """Its status, once it has ended."""
        status = self.process.wait(PATIENCE)
        for reader in self._readers:
            reader.join(PATIENCE)
        return status

    def stop(self) -> None:
        """End it, if it still runs, and what it started with it."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                raise
        self.status()
        for pipe in (self.process.stdout, self.process.stderr):
            pipe.close()

    def _join(self) -> None:
        if self.process.poll() is not None:
            self.status()

    def _read(self, pipe: object, into: list[str]) -> None:
        into.extend(pipe)  # type: ignore[arg-type]


def is_gone(pid: int) -> bool:
    """Whether there is no such process."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    # One that has ended and whose parent is not told yet is gone as well, once none of its threads, which share its
    # sockets, is left.
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
        return state == "Z" and len(list(Path(f"/proc/{pid}/task").iterdir())) == 1
    except OSError:
        return False


def write_client(name: str, source: str) -> Path:
    """A client: a Python program called `name`, ready to be run."""
    file = paths.state_dir().parent / "clients" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"#!{sys.executable}\n{source}", encoding="utf-8")
    file.chmod(0o755)
    return file
