"""`Terminal`: runs a program in a pseudo-terminal, sends it keys, and keeps what it writes and when, with its CPU and
memory. `reactions` gives the time from each key to what it changed. For `screen.py`."""

from __future__ import annotations

import fcntl
import os
import pty
import signal
import struct
import termios
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import pyte

__all__ = ["Reaction", "Terminal", "reactions"]

TICKS = os.sysconf("SC_CLK_TCK")
BAR = 0
"""The line of the screen that names the views."""


@dataclass
class Reaction:
    """One key, and the time until the screen showed that it was pressed. None: it never did."""

    key: str
    where: str
    sent: float
    ms: float | None = None


@dataclass
class Terminal:
    """Runs `command` until the end of the block. Its output is kept as it comes and read later, so that reading takes
    no time from what is measured."""

    command: Sequence[str]
    environ: Mapping[str, str]
    size: tuple[int, int] = (160, 48)
    output: list[tuple[float, bytes]] = field(default_factory=list)
    keys: list[Reaction] = field(default_factory=list)
    pid: int = 0

    def __enter__(self) -> Self:
        self.pid, self._file = pty.fork()
        if self.pid == 0:
            os.execvpe(self.command[0], list(self.command), dict(self.environ))
        columns, rows = self.size
        fcntl.ioctl(self._file, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGTERM)
        os.waitpid(self.pid, 0)
        self._reader.join(5)
        os.close(self._file)

    def press(self, key: str, where: str = "") -> None:
        """Send a key; `where` says in which view, for the figures."""
        self.keys.append(Reaction(key, where, time.perf_counter()))
        os.write(self._file, _BYTES.get(key, key.encode()))

    def cpu(self) -> float:
        """Seconds of one core used so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def memory(self) -> float:
        """The resident memory of the program, in megabytes."""
        text = Path(f"/proc/{self.pid}/status").read_text()
        line = next(row for row in text.splitlines() if row.startswith("VmRSS"))
        return int(line.split()[1]) / 1024

    def settle(self, seconds: float = 60.0) -> float:
        """Wait until the program has little to do. Returns the seconds that took."""
        begin = time.monotonic()
        before = self.cpu()
        quiet = 0
        while quiet < 3 and time.monotonic() - begin < seconds:
            time.sleep(0.5)
            now = self.cpu()
            quiet = quiet + 1 if now - before < 0.1 and time.monotonic() - begin > 2 else 0
            before = now
        return time.monotonic() - begin - 1.5

    def _read(self) -> None:
        with suppress(OSError):  # the other end is gone
            while data := os.read(self._file, 1 << 16):
                self.output.append((time.perf_counter(), data))


_BYTES = {"down": b"\x1b[B", "up": b"\x1b[A", "pagedown": b"\x1b[6~", "enter": b"\r", "backspace": b"\x7f"}


def reactions(terminal: Terminal) -> list[Reaction]:
    """Each key with the time until what it does stood on the screen: the cursor's line moved, or another view is named.

    Rows that come in meanwhile repaint too; they move no cursor while the person has left the top.
    """
    screen = pyte.Screen(*terminal.size)
    stream = pyte.ByteStream(screen)
    waiting = iter(terminal.keys)
    key = next(waiting, None)
    before: object = None
    for at, data in terminal.output:
        # A key is over when the next is sent, whether it was answered or not.
        while key is not None and (found := _after(terminal.keys, key)) is not None and found.sent <= at:
            key, before = next(waiting), _mark(screen)
        if key is not None and before is None and at >= key.sent:
            before = _mark(screen)
        stream.feed(data)
        if key is not None and at >= key.sent and key.ms is None and _mark(screen) != before:
            key.ms = (at - key.sent) * 1000
    return terminal.keys


def _after(keys: list[Reaction], key: Reaction) -> Reaction | None:
    i = keys.index(key) + 1
    return keys[i] if i < len(keys) else None


def _mark(screen: pyte.Screen) -> tuple[str, tuple[str, ...]]:
    """What a key changes: the view that is named, and the colour behind the lines."""
    lines = screen.buffer
    return screen.display[BAR], tuple(lines[y][1].bg for y in range(2, screen.lines - 2))
