"""Compressors of other plugins, asked so that a faulty one costs nothing but itself."""

from __future__ import annotations

import logging
import threading
import weakref
from collections.abc import Callable, Sequence
from concurrent.futures import wait
from dataclasses import dataclass

from penstock import Compressed, Compressor, ToolOutput
from penstock.base.circuit_breaker import Breaker
from penstock.base.clock import Clock, SystemClock
from penstock.base.threads import GivenUp, NoWorker, Workers
from penstock_plugins.trim.compress import compress

__all__ = ["CompressorPool", "CompressorRun"]

logger = logging.getLogger(__name__)
SECONDS = 0.2
"""What all of them together may take of one request. The stage's own deadline leaves the bundled ones the rest."""
QUEUE_SECONDS = 0.1
"""And how long they may wait for a thread that has time for them: other requests' compressors may have them all."""


@dataclass(frozen=True, slots=True)
class _Seat:
    """One compressor, and whether it may be asked."""

    name: str
    one: Compressor
    """Held, so that no other takes its id."""
    faults: Breaker
    """Several in a row: each costs next to nothing."""
    delays: Breaker
    """The first is one too many: another would cost the others their time again."""


class _Late(Exception):
    """It was not done in time."""


class _Busy(Exception):
    """It was not begun in time, which is no fault of its own."""


class CompressorPool:
    """The compressors of a profile. One for all conversations, asked from several threads."""

    def __init__(self, failures: int = 3, rest: float = 60.0, clock: Clock | None = None) -> None:
        self._failures, self._rest = failures, rest
        self.clock = clock or SystemClock()
        self.workers = Workers(limit=4, lost_limit=8, name="penstock-compressor")
        self._seats: dict[int, _Seat] = {}
        weakref.finalize(self, self.workers.close)

    def seat(self, one: Compressor) -> _Seat:
        """What is known about a compressor."""
        new = _Seat(
            _name(one),
            one,
            Breaker(self._failures, self._rest, self.clock),
            Breaker(1, self._rest, self.clock),
        )
        return self._seats.setdefault(id(one), new)


class CompressorRun:
    """One request's outputs before the panel."""

    def __init__(
        self,
        panel: CompressorPool,
        compressors: Sequence[Compressor],
        seconds: float = SECONDS,
        queue: float = QUEUE_SECONDS,
    ) -> None:
        self._panel, self._compressors = panel, compressors
        self._left, self._queue_left = seconds, queue
        self.problems: list[str] = []
        """What went wrong, compressor by compressor."""

    def first(self, output: ToolOutput, take: Callable[[Compressed], None]) -> Compressed | None:
        """The first answer that is one, and that `take` took without raising."""
        for one in self._compressors:
            found = compress(output) if one is compress else None
            if found is not None and len(found.text) < len(output.text):
                take(found)
                return found
            if one is not compress and (found := self._ask(self._panel.seat(one), output, take)) is not None:
                return found
        return None

    def _ask(self, seat: _Seat, output: ToolOutput, take: Callable[[Compressed], None]) -> Compressed | None:
        if self._left <= 0 or self._queue_left <= 0 or not seat.delays.allows() or not seat.faults.allows():
            return None
        try:
            found = self._answer(seat, output)
            if found is not None:
                take(found)
        except GivenUp:
            raise
        except _Late:
            seat.delays.failed()
            self._note(seat, "it was not done in time, and rests")
            return None
        except _Busy:
            self._note(seat, "passed over, since no thread had time for it")
            return None
        except NoWorker as e:
            self._note(seat, str(e))
            return None
        except BaseException as e:  # a stranger's code; it may even raise what ends a process
            logger.warning("compressor %s failed", seat.name, exc_info=True)
            rests = ", and rests" if seat.faults.failed() else ""
            self._note(seat, f"{_said(e)}{rests}")
            return None
        seat.faults.succeeded()
        seat.delays.succeeded()
        return found

    def _answer(self, seat: _Seat, output: ToolOutput) -> Compressed | None:
        """What the compressor gives, in the time that is left: that of its own work, not of others' before it."""
        workers, clock = self._panel.workers, self._panel.clock
        begun = threading.Event()

        def work() -> Compressed | None:
            begun.set()
            return _checked(seat.one(output), output)

        asked = clock.tick()
        task = workers.submit(work)
        # Cancelled is only what no thread has taken: one that was taken just now has its time all the same.
        if not begun.wait(self._queue_left) and task.future.cancel():
            self._queue_left = 0.0
            raise _Busy
        started = clock.tick()
        self._queue_left -= started - asked
        done, _ = wait([task.future], self._left)
        self._left -= clock.tick() - started
        if not done:
            self._left = 0.0
            workers.give_up(task, _file(seat.one))
            raise _Late
        return task.future.result()

    def _note(self, seat: _Seat, problem: str) -> None:
        said = f"compressor {seat.name}: {problem}"
        if said not in self.problems:
            self.problems.append(said)


def _checked(found: object, output: ToolOutput) -> Compressed | None:
    """An answer that can be used, or none. Raises `TypeError` and `ValueError` for all others."""
    if found is None:
        return None
    if not isinstance(found, Compressed):
        raise TypeError(f"it gave a {type(found).__name__}, no Compressed")
    if not isinstance(found.text, str) or not isinstance(found.kind, str):
        raise TypeError("its text and its kind must be strings")
    if not 0 < len(found.text) < len(output.text):
        raise ValueError(f"it made {len(found.text)} characters of {len(output.text)}")
    return found


def _name(one: Compressor) -> str:
    named = one if hasattr(one, "__qualname__") else type(one)
    return f"{named.__module__}.{named.__qualname__}"


def _file(one: Compressor) -> str:
    """The file its code stands in, empty when it has none."""
    code = getattr(one, "__code__", None) or getattr(type(one).__call__, "__code__", None)
    return str(getattr(code, "co_filename", ""))


def _said(error: BaseException) -> str:
    try:
        return f"{type(error).__name__}: {error}"[:200]
    except Exception:  # noqa: BLE001 - the error is a stranger's too, and may have no text
        return type(error).__name__
