"""`CompressorRun`: runs compressors on the tool outputs of one request and returns the first shorter form that the
caller accepts. The bundled ones run directly, without limits. Those of plugins run in worker threads (`CompressorPool`)
under a time limit shared by the request (0.2 s, and 0.1 s of waiting for a thread); one that fails, is late, or returns
a wrong type is passed over, and not called for a while if that goes on."""

from __future__ import annotations

import logging
import threading
import weakref
from collections.abc import Callable, Sequence
from concurrent.futures import wait
from dataclasses import dataclass

from penstock.base.circuit_breaker import Breaker
from penstock.base.clock import Clock, SystemClock
from penstock.base.threads import GivenUp, NoWorker, Workers
from penstock.plugins.compressor import Compressed, Compressor, ToolOutput

__all__ = ["CompressorPool", "CompressorRun"]

logger = logging.getLogger(__name__)
SECONDS = 0.2
"""Seconds that the compressors of plugins may take of one request, all together. The stage's own deadline leaves the
rest to the bundled ones."""
QUEUE_SECONDS = 0.1
"""Seconds that they may wait for a free thread, all together, while compressors of other requests use them."""


@dataclass(frozen=True, slots=True)
class _Slot:
    """One third-party compressor with its circuit breakers."""

    name: str
    one: Compressor
    """The compressor. The reference keeps its id from being used again."""
    faults: Breaker
    """Opens after several errors in a row; an error costs next to no time."""
    delays: Breaker
    """Opens after the first delay: another would cost the other compressors their time again."""


class _Late(Exception):
    """A compressor was not done in time."""


class _Busy(Exception):
    """A compressor was not started in time; no fault of its own."""


class CompressorPool:
    """The worker threads and circuit breakers with which compressors are called. One for all conversations of a
    profile, used from several threads."""

    def __init__(
        self,
        failures: int = 3,
        rest: float = 60.0,
        clock: Clock | None = None,
        trusted: Sequence[Compressor] = (),
    ) -> None:
        """A compressor that fails `failures` times in a row is not called for `rest` seconds. `trusted`: called
        directly, on the caller's thread, with no limit of time and no check of what they return."""
        self._failures, self._rest, self._trusted = failures, rest, tuple(trusted)
        self.clock = clock or SystemClock()
        self.workers = Workers(limit=4, lost_limit=8, name="penstock-compressor")
        self._slots: dict[int, _Slot] = {}
        weakref.finalize(self, self.workers.close)

    def trusts(self, one: Compressor) -> bool:
        """Whether a compressor is one of `trusted`, compared by identity, since its `__eq__` may be a plugin's."""
        return any(one is known for known in self._trusted)

    def slot(self, one: Compressor) -> _Slot:
        """The circuit breakers of a compressor."""
        new = _Slot(
            _name(one),
            one,
            Breaker(self._failures, self._rest, self.clock),
            Breaker(1, self._rest, self.clock),
        )
        return self._slots.setdefault(id(one), new)


class CompressorRun:
    """Calls the compressors for the tool outputs of one request, all within the same time limit."""

    def __init__(
        self,
        pool: CompressorPool,
        compressors: Sequence[Compressor],
        seconds: float = SECONDS,
        queue: float = QUEUE_SECONDS,
    ) -> None:
        """`seconds`: for all calls of this run together. `queue`: how long all of them may wait for a free thread."""
        self._pool, self._compressors = pool, compressors
        self._left, self._queue_left = seconds, queue
        self.problems: list[str] = []
        """The faults of this run, one text for each compressor."""

    def first(self, output: ToolOutput, take: Callable[[Compressed], None]) -> Compressed | None:
        """The first shorter form of `output` that `take` accepts, in the order of the compressors; None if there is
        none. `take` raises to reject one."""
        for one in self._compressors:
            if self._pool.trusts(one):
                found = one(output)
                if found is not None and len(found.text) < len(output.text):
                    take(found)
                    return found
            elif (found := self._ask(self._pool.slot(one), output, take)) is not None:
                return found
        return None

    def _ask(self, slot: _Slot, output: ToolOutput, take: Callable[[Compressed], None]) -> Compressed | None:
        if self._left <= 0 or self._queue_left <= 0 or not slot.delays.allows() or not slot.faults.allows():
            return None
        try:
            found = self._answer(slot, output)
            if found is not None:
                take(found)
        except GivenUp:
            raise
        except _Late:
            slot.delays.failed()
            self._note(slot, "it was not done in time, and rests")
            return None
        except _Busy:
            self._note(slot, "passed over, since no thread had time for it")
            return None
        except NoWorker as e:
            self._note(slot, str(e))
            return None
        except BaseException as e:  # a stranger's code; it may even raise what ends a process
            logger.warning("compressor %s failed", slot.name, exc_info=True)
            rests = ", and rests" if slot.faults.failed() else ""
            self._note(slot, f"{_said(e)}{rests}")
            return None
        slot.faults.succeeded()
        slot.delays.succeeded()
        return found

    def _answer(self, slot: _Slot, output: ToolOutput) -> Compressed | None:
        """The compressor's result, within the time that is left. The wait for a free thread counts separately."""
        workers, clock = self._pool.workers, self._pool.clock
        taken = threading.Event()

        def work() -> Compressed | None:
            taken.set()
            return _checked(slot.one(output), output)

        asked = clock.tick()
        task = workers.submit(work)
        # Cancelled is only what no thread has taken: one that was taken just now has its time all the same.
        if not taken.wait(self._queue_left) and task.future.cancel():
            self._queue_left = 0.0
            raise _Busy
        started = clock.tick()
        self._queue_left -= started - asked
        done, _ = wait([task.future], self._left)
        self._left -= clock.tick() - started
        if not done:
            self._left = 0.0
            workers.give_up(task, _file(slot.one))
            raise _Late
        return task.future.result()

    def _note(self, slot: _Slot, problem: str) -> None:
        said = f"compressor {slot.name}: {problem}"
        if said not in self.problems:
            self.problems.append(said)


def _checked(found: object, output: ToolOutput) -> Compressed | None:
    """A valid result, or None. Raises `TypeError` and `ValueError` for an invalid one."""
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
