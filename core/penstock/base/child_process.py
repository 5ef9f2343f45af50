"""`Child`: a child process that answers messages one after another. It is killed when an answer is late, and restarted
by a later call, after a pause of 1 to 60 seconds; `call` raises `ChildFailed` or one of its kinds (`ChildBusy`,
`ChildLate`, `ChildKilled`). For code that must not run in the proxy because it takes long, needs much memory, or can
hold the interpreter for ever.

A child is a Python interpreter that runs one of Penstock's modules (`command_of`). `send` and `receive` are the framing
of the messages; `receive` raises `EOFError` when the other side is gone.
"""

from __future__ import annotations

import signal
import struct
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from typing import IO

__all__ = [
    "NO_WINDOW",
    "Child",
    "ChildBusy",
    "ChildFailed",
    "ChildKilled",
    "ChildLate",
    "command_of",
    "last_line",
    "receive",
    "send",
]

NO_WINDOW: int = getattr(subprocess, "CREATE_NO_WINDOW", 0)
"""Flags for `subprocess`: on Windows, a child opens no console of its own."""
CLOSE_S = 2.0
"""Seconds that a child may take to end by itself when it is closed."""
PAUSE_S, LONGEST_PAUSE_S = 1.0, 60.0
"""Before a child that failed is started again; doubled with each failure in a row, up to the longest."""
SETTLED_S = 300.0
"""Seconds that a child must run until its next failure counts as the first again."""
_BY_SOMEBODY = tuple(-getattr(signal, name) for name in ("SIGKILL", "SIGTERM", "SIGHUP") if hasattr(signal, name))
_LENGTH = struct.Struct(">I")


class ChildFailed(Exception):
    """The child did not start, ended, or did not answer in time. The text says which."""


class ChildLate(ChildFailed):
    """The child did not answer in time, and was killed."""


class ChildKilled(ChildFailed):
    """The child was killed for another reason than this call: by a person, by the system because memory ran out, or
    because the call before this one was late."""


class ChildBusy(ChildFailed):
    """There is no answer yet, or the child could not be started, or is not restarted yet after a failure."""


def command_of(module: str) -> list[str]:
    """The command that runs `module` in an interpreter of its own. Raises `ChildFailed` in a bundled executable, which
    is no interpreter: starting it would start another proxy."""
    if getattr(sys, "frozen", False):
        raise ChildFailed("a bundled executable cannot start an interpreter; install Penstock with pip")
    return [sys.executable, "-P", "-m", module]  # -P: a file in the working directory is no module of ours


def last_line(stderr: bytes) -> str:
    """The last line of a child's standard error: usually the error that ended it."""
    lines = stderr.decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else ""


def send(stream: IO[bytes], message: bytes) -> None:
    """Write one message, its length first. Raises `OSError`, and `ValueError` if it is closed."""
    stream.write(_LENGTH.pack(len(message)))
    stream.write(message)
    stream.flush()


def receive(stream: IO[bytes]) -> bytes:
    """Read one message. Raises `EOFError` when the other side is gone."""
    length = _exactly(stream, _LENGTH.size)
    return _exactly(stream, _LENGTH.unpack(length)[0])


def _exactly(stream: IO[bytes], size: int) -> bytes:
    data = stream.read(size)
    if len(data) < size:
        raise EOFError("the other side is gone")
    return data


class Child:
    """A process that answers one message after another. It is started by the first call, killed when an answer is
    late, and started again by a later call. Any thread may call."""

    def __init__(
        self,
        module: str,
        greeting: bytes,
        *,
        start_s: float,
        pause_s: float = PAUSE_S,
        close_s: float = CLOSE_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`module` is run as a program. It is sent `greeting` first and must answer that within `start_s` seconds. When
        it is closed, what it does may take `close_s` seconds more."""
        self._module, self._greeting, self._start_s = module, greeting, start_s
        self._pause_s, self._close_s, self._clock = pause_s, close_s, clock
        self._lock = threading.Lock()
        self._run: _Run | None = None
        self._failures = 0
        self._started_at = self._resting_until = 0.0
        self.fault = ""
        """Why it failed last; empty once it has answered after that."""
        self.starts = 0
        """How often it was started."""

    @property
    def pid(self) -> int | None:
        """The id of its process. None: it does not run."""
        run = self._run
        return run.process.pid if run is not None and run.is_alive else None

    def call(self, message: bytes, *, within_s: float, patience_s: float | None = None) -> bytes:
        """The answer to `message`. A child that takes longer than `within_s` seconds for it is killed. The caller waits
        at most `patience_s` seconds, which includes the start of the child and the calls before this one. Raises
        `ChildFailed`, and `ChildBusy` when `patience_s` is over or the child rests after a failure."""
        call = _Call(message, within_s)
        self._running().ask(call)
        if not call.is_done.wait(patience_s):
            call.is_given_up = True
            raise ChildBusy("it is busy, or starting")
        answer = call.answer
        if answer is None:
            raise call.error(call.fault)
        self.fault = ""
        return answer

    def close(self) -> None:
        """End the process. A later call starts another, at once."""
        with self._lock:
            run, self._run = self._run, None
            self._resting_until = 0.0
        if run is not None:
            run.close(self._close_s)

    def _running(self) -> _Run:
        with self._lock:
            run = self._run
            if run is not None and run.is_alive:
                return run
            if run is not None and run.process.poll() is None:
                raise ChildBusy(f"process {run.process.pid} was killed and has not ended yet")
            if (left := self._resting_until - self._clock()) > 0:
                raise ChildBusy(f"{self.fault}; it is started again in {left:.0f} s")
            self._started_at = self._clock()
            try:
                self._run = run = _Run(command_of(self._module), self._failed)
            except (OSError, RuntimeError) as e:  # the machine has no more processes, or threads
                self._rest(f"it cannot be started: {e}")
                raise ChildBusy(self.fault) from e
            self.starts += 1
            run.ask(_Call(self._greeting, self._start_s))
            return run

    def _failed(self, why: str) -> None:
        with self._lock:
            self._rest(why)

    def _rest(self, why: str) -> None:
        now = self._clock()
        self._failures = 1 if now - self._started_at > SETTLED_S else self._failures + 1
        self._resting_until = now + min(LONGEST_PAUSE_S, self._pause_s * 2 ** min(self._failures - 1, 10))
        self.fault = why


class _Call:
    def __init__(self, message: bytes, within_s: float) -> None:
        self.message, self.within_s = message, within_s
        self.answer: bytes | None = None
        self.fault = ""
        self.is_done = threading.Event()
        self.error: type[ChildFailed] = ChildFailed
        self.is_given_up = False


class _Run:
    """One life of the process, with a thread that talks to it and one that reads what it says on its standard error."""

    def __init__(self, command: list[str], on_failure: Callable[[str], None]) -> None:
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            creationflags=NO_WINDOW,
        )
        self.is_over = False
        self._on_failure = on_failure
        self._lock = threading.Lock()
        self._queue: SimpleQueue[_Call | None] = SimpleQueue()
        self._open: set[_Call] = set()
        self._said: deque[bytes] = deque(maxlen=20)
        self._listener = threading.Thread(target=self._listen, name="penstock-child-stderr", daemon=True)
        self._thread = threading.Thread(target=self._talk, name="penstock-child", daemon=True)
        try:
            self._listener.start()
            self._thread.start()
        except RuntimeError:
            self.process.kill()
            with self.process:  # closes its streams, and waits for its end
                raise

    @property
    def is_alive(self) -> bool:
        """Whether it takes calls. It can have ended while it had nothing to do."""
        return not self.is_over and self.process.poll() is None

    def ask(self, call: _Call) -> None:
        with self._lock:
            if not self.is_over:
                self._open.add(call)
                self._queue.put(call)
                return
        _settle(call, fault="it has ended")

    def close(self, wait_s: float) -> None:
        """Wait for what it is doing, but not for longer."""
        self._queue.put(None)
        self._thread.join(wait_s)
        if self._thread.is_alive():
            self.process.kill()
            self._thread.join(CLOSE_S)

    def _talk(self) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        try:
            while (call := self._queue.get()) is not None and not self.is_over:
                if not call.is_given_up:
                    self._answer(call, self.process.stdin, self.process.stdout)
                with self._lock:
                    self._open.discard(call)
        except (OSError, EOFError, ValueError):
            why = self._why()
            self._over(why, ChildKilled if self.process.poll() in _BY_SOMEBODY else ChildFailed)
        except RuntimeError as e:  # no thread to be had to watch a call
            self._over(str(e), ChildKilled)
        finally:
            self._over("")
            self._end()

    def _answer(self, call: _Call, into: IO[bytes], out_of: IO[bytes]) -> None:
        watch = threading.Timer(call.within_s, self._late, (call,))
        watch.daemon = True
        watch.start()
        try:
            send(into, call.message)
            _settle(call, receive(out_of))
        finally:
            watch.cancel()

    def _late(self, call: _Call) -> None:
        call.error = ChildLate
        self.process.kill()
        # Nobody waits for the thread that talks to it: a process that the disk holds can outlive its killing.
        self._over(f"process {self.process.pid} gave no answer in {call.within_s:g} s and was killed", ChildKilled)

    def _over(self, why: str, error: type[ChildFailed] = ChildFailed) -> None:
        """End this run: fail the waiting calls. `why` is empty if it was closed."""
        with self._lock:
            was_over, self.is_over = self.is_over, True
            left, self._open = self._open, set()
        if why and not was_over:
            self._on_failure(why)
        for call in left:
            call.error = error if call.error is ChildFailed else call.error
            _settle(call, fault=why or "it was closed")

    def _why(self) -> str:
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(CLOSE_S)
        self._listener.join(CLOSE_S)
        said = last_line(b"".join(self._said))
        return f"process {self.process.pid} ended with status {self.process.poll()}{f': {said}' if said else ''}"

    def _listen(self) -> None:
        assert self.process.stderr is not None
        with self.process.stderr as stream:
            while line := stream.readline(4096):
                self._said.append(line)

    def _end(self) -> None:
        """Its input ends, so that it ends; if it does not, it is killed."""
        for stream in (self.process.stdin, self.process.stdout):
            with suppress(OSError):
                if stream is not None:
                    stream.close()
        try:
            self.process.wait(CLOSE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._listener.join(CLOSE_S)


def _settle(call: _Call, answer: bytes | None = None, *, fault: str = "") -> None:
    if not call.is_done.is_set():
        call.answer, call.fault = answer, fault
        call.is_done.set()
