"""`run_in_foreground`: runs a program (the client of `penstock run`, the screen of `penstock demo`), passes SIGTERM and
SIGHUP on to it, and returns its exit status; raises `OSError` if it cannot be started. `ended_by_signals`: a block in
which those signals raise `SystemExit`, so that what this process started is stopped."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import FrameType

__all__ = ["ended_by_signals", "run_in_foreground"]

_ENDING: tuple[signal.Signals, ...] = tuple(
    getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)
)
AGAIN_S = 0.05
"""Seconds until a signal comes again: what ignored it is over by then."""
Handler = Callable[[int, FrameType | None], None]


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """While active, SIGTERM and SIGHUP raise `SystemExit` in this process, so that what it started is stopped. Where
    Python ignores that, since it came in a `__del__` or in the callback of a weak reference, the signal comes again."""
    before = sys.unraisablehook

    def end(number: int, _frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    def ignored(unraisable: sys.UnraisableHookArgs) -> None:
        code = unraisable.exc_value.code if isinstance(unraisable.exc_value, SystemExit) else None
        if isinstance(code, int) and code - 128 in _ENDING:
            threading.Timer(AGAIN_S, os.kill, (os.getpid(), code - 128)).start()
        else:
            before(unraisable)

    with _handled(dict.fromkeys(_ENDING, end)):
        sys.unraisablehook = ignored
        try:
            yield
        finally:
            sys.unraisablehook = before


def run_in_foreground(command: Sequence[str], environ: Mapping[str, str]) -> int:
    """Run `command` and return its exit status as a shell gives it: 128 plus the number of the signal that ended it.

    SIGTERM and SIGHUP are passed on to the program; this process ends when the program has. Raises `OSError` when it
    cannot be started.
    """
    process = subprocess.Popen(command, env=dict(environ))

    def pass_on(number: int, _frame: FrameType | None) -> None:
        process.send_signal(number)

    def interrupt(number: int, _frame: FrameType | None) -> None:
        # A terminal sends Ctrl-C to all of its foreground; twice would be another thing to many clients.
        if not _has_terminal():
            process.send_signal(number)

    with _handled(dict.fromkeys(_ENDING, pass_on) | {signal.SIGINT: interrupt}):
        status = process.wait()
    return status if status >= 0 else 128 - status


@contextmanager
def _handled(handlers: Mapping[signal.Signals, Handler]) -> Iterator[None]:
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _has_terminal() -> bool:
    try:
        return os.isatty(sys.stdin.fileno())
    except (OSError, ValueError):
        return False
