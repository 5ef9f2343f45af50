"""`Supervisor`: starts the worker processes of `penstock up --workers`, starts one again that ended by itself, passes
signals on to them, and ends when all have ended. It carries no traffic, and imports nothing of mitmproxy. Raises
`PenstockError` if a worker does not start at the beginning."""

from __future__ import annotations

import logging
import queue
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from penstock.base.child_process import send
from penstock.base.errors import PenstockError
from penstock.control.discovery import Announcement, file_beside, read, withdraw

__all__ = ["Supervisor"]

logger = logging.getLogger(__name__)
START_S = 120.0
"""Seconds that a worker may take to listen at the beginning: one of them migrates the database."""
POLL_S = 0.05
PAUSE_S, LONGEST_PAUSE_S = 0.5, 30.0
"""Before a worker that ended is started again; doubled each time, up to the longest."""
SETTLED_S = 60.0
"""Seconds that a worker must run until its next end counts as the first again."""
STOP_S = 10.0
"""Seconds that workers get when the start fails."""
_ENDING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_COMMAND = [sys.executable, "-P", "-m", "penstock_addons.cli.workers.worker"]
# -P: the folder this is run in must not lend a worker its modules.


@dataclass
class _Worker:
    order: bytes
    store: Path
    process: subprocess.Popen[bytes]
    started: float
    """On the monotonic clock."""
    pause_s: float = PAUSE_S
    again_at: float | None = None
    """When to start it again, after it has ended. None: it runs."""

    @property
    def announced(self) -> Announcement | None:
        """Its announcement, once it listens."""
        return read(file_beside(self.store, self.process.pid))


class Supervisor:
    """Runs workers. `run` must be called on the main thread, whose signals it handles."""

    def __init__(self, orders: Sequence[tuple[Path, bytes]]) -> None:
        """`orders`: for each worker its file of the store, and what it reads from its stdin."""
        self._orders = orders
        self._workers: list[_Worker] = []
        self._told: queue.SimpleQueue[int] = queue.SimpleQueue()
        """The signals that came."""
        self._times_told = 0

    def run(self, up: Callable[[Announcement], None]) -> None:
        """Start the workers, call `up` with what the first has announced when all listen, and return when they were
        told to end and have ended. Raises `PenstockError`."""
        with self._signals():
            try:
                self._workers += [_spawn(store, order) for store, order in self._orders]
                # All import at once; the first alone says what is wrong with its options.
                for some in (self._workers[:1], self._workers[1:]):
                    for one in some:
                        _give_order(one)
                    self._await(some)
                first = self._workers[0].announced if self._workers else None
                if first is not None and not self._times_told:
                    up(first)
                self._told.put(signal.SIGCHLD)  # one may have ended since it listened, whose signal is taken
                while self._workers:
                    self._look()
            finally:
                self._stop()

    def _await(self, workers: Sequence[_Worker]) -> None:
        """Wait until these listen. Raises `PenstockError` if any worker ends meanwhile, or they do not."""
        until = time.monotonic() + START_S
        while any(one.announced is None for one in workers):
            ended = next((one for one in self._workers if one.process.poll() is not None), None)
            if ended is not None and not self._times_told:
                raise PenstockError(f"a worker ended while it started (status {ended.process.returncode}): see above")
            if time.monotonic() > until:
                raise PenstockError(f"a worker did not listen within {START_S:g} seconds")
            self._take(POLL_S)
            if self._times_told:
                return

    def _look(self) -> None:
        """Wait until something happens, and do what is to be done about it."""
        times = [one.again_at for one in self._workers if one.again_at is not None]
        self._take(max(0.0, min(times) - time.monotonic()) if times else None)
        now = time.monotonic()
        for one in list(self._workers):
            if one.again_at is None and one.process.poll() is not None:
                self._ended(one, now)
            if one.again_at is not None and (self._times_told or now >= one.again_at):
                self._workers.remove(one)
                if not self._times_told:
                    self._workers.append(_start(one.store, one.order, min(2 * one.pause_s, LONGEST_PAUSE_S)))

    def _ended(self, one: _Worker, now: float) -> None:
        withdraw(file_beside(one.store, one.process.pid), one.process.pid)
        _close(one.process)
        if now - one.started > SETTLED_S:
            one.pause_s = PAUSE_S
        one.again_at = now + one.pause_s
        if not self._times_told:
            status = one.process.returncode
            logger.warning("worker %d has ended (status %d), and is started again", one.process.pid, status)

    def _take(self, timeout: float | None) -> None:
        """Wait for a signal, and pass it on."""
        with suppress(queue.Empty):
            number = self._told.get(timeout=timeout)
            if number in (*_ENDING, signal.SIGUSR1):
                self._times_told += 1
                self._pass_on(number)

    def _pass_on(self, number: int) -> None:
        """End the workers: those that a command has told end by themselves, and those that start were not told."""
        for one in self._workers:
            if one.again_at is None and (number != signal.SIGUSR1 or one.announced is None):
                one.process.terminate()

    def _stop(self) -> None:
        """End what still runs, when the start has failed."""
        for one in self._workers:
            one.process.terminate()
        for one in self._workers:
            try:
                one.process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                one.process.kill()
                one.process.wait()
            _close(one.process)

    @contextmanager
    def _signals(self) -> Iterator[None]:
        def note(number: int, _frame: FrameType | None) -> None:
            self._told.put(number)

        numbers = [*_ENDING, signal.SIGUSR1, signal.SIGCHLD]
        if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:  # under `nohup`, and shall be
            numbers.remove(signal.SIGHUP)
        before = {number: signal.signal(number, note) for number in numbers}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _start(store: Path, order: bytes, pause_s: float) -> _Worker:
    worker = _spawn(store, order, pause_s)
    _give_order(worker)
    return worker


def _spawn(store: Path, order: bytes, pause_s: float = PAUSE_S) -> _Worker:
    # A session of its own: Ctrl-C in the terminal is for this process, which ends the workers in order.
    process = subprocess.Popen(_COMMAND, stdin=subprocess.PIPE, start_new_session=True)
    # Before it has its order: what another process of this id announced, before a crash, is not of this one.
    file_beside(store, process.pid).unlink(missing_ok=True)
    return _Worker(order, store, process, time.monotonic(), pause_s)


def _give_order(worker: _Worker) -> None:
    with suppress(OSError):  # it has ended already
        assert worker.process.stdin is not None
        send(worker.process.stdin, worker.order)


def _close(process: subprocess.Popen[bytes]) -> None:
    if process.stdin is not None:
        with suppress(OSError):
            process.stdin.close()
