"""`RecallSource`: the interface of what recalls from elsewhere than memory (`RecalledText`, for a `RecallQuestion`).
`RecallSources` asks all of a profile at once, each in a thread; what is late, fails or is busy is left out, by name,
and after three times in a row not asked for half a minute."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass
from itertools import islice
from typing import Protocol

from penstock.base.circuit_breaker import Breaker
from penstock.base.clock import Clock, SystemClock

__all__ = ["RecallAnswers", "RecallQuestion", "RecallSource", "RecallSources", "RecalledText"]

_MOST = 50
"""Texts of one answer that are looked at."""
_UNDER_WAY = 4
"""Questions that one source may have at a time; one that hangs is asked no more until it has answered."""
_FAILURES, _REST_S = 3, 30.0
_END = 253_402_300_800
"""The year 10,000."""


@dataclass(frozen=True, slots=True)
class RecallQuestion:
    """What a source is asked."""

    text: str
    """The person's words, without secrets and without what the client wraps around them."""
    project: str
    """As memory calls it: a folder or a name. May be empty."""
    conversation: str
    tokens: int
    """The most tokens that all that is recalled may take together; a text that is longer is left out."""
    wait_s: float
    """Seconds after which nobody waits for the answer any more."""


@dataclass(frozen=True, slots=True)
class RecalledText:
    """One text that a source recalls."""

    text: str
    at: float | None = None
    """When it was written, in seconds since 1970. None: not known."""
    place: str = ""
    """Where it stands, such as the address of a page, for the model."""


class RecallSource(Protocol):
    """Recalls from elsewhere than memory: a wiki, tickets, another team's memory."""

    name: str
    """What the note and the event log call it."""

    def __call__(self, question: RecallQuestion) -> Iterable[RecalledText]:
        """The texts that bear on a question, the best first. Called in a thread of its own, for several questions at
        once. May raise, and may be late: then it is left out."""
        ...


@dataclass(frozen=True, slots=True)
class RecallAnswers:
    """What the sources had."""

    texts: tuple[tuple[str, RecalledText], ...] = ()
    """Each with the name of its source."""
    missing: tuple[str, ...] = ()
    """The sources that had no answer, and why, in words."""


class RecallSources:
    """The sources of one profile. Any thread may call."""

    def __init__(self, sources: Sequence[RecallSource] = (), clock: Clock | None = None) -> None:
        clock = clock or SystemClock()
        self._sources = tuple((source, Breaker(_FAILURES, _REST_S, clock)) for source in sources)
        self._lock, self._under_way = threading.Lock(), Counter[str]()

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the sources."""
        return tuple(source.name for source, _ in self._sources)

    def ask(self, question: RecallQuestion) -> Callable[[], RecallAnswers]:
        """Ask all sources, and return at once. The function that is returned gives their answers, at the latest
        `question.wait_s` seconds after this call."""
        until = time.monotonic() + question.wait_s
        asked, rests = [], []
        for source, breaker in self._sources:
            if breaker.allows():
                asked.append((source.name, breaker, self._start(source, question)))
            else:
                rests.append(f"{source.name} has failed, and rests")

        def answers() -> RecallAnswers:
            wait([future for _, _, future in asked], max(0.0, until - time.monotonic()))
            texts: list[tuple[str, RecalledText]] = []
            missing = list(rests)
            for name, breaker, future in asked:
                if future.done() and (error := future.exception()) is None:
                    texts += [(name, one) for one in future.result()]
                    breaker.succeeded()
                    continue
                missing.append(f"{name} {_said(error) if future.done() else 'had no answer in time'}")
                breaker.failed()
            return RecallAnswers(tuple(texts), tuple(missing))

        return answers

    def _start(self, source: RecallSource, question: RecallQuestion) -> Future[list[RecalledText]]:
        future: Future[list[RecalledText]] = Future()
        with self._lock:
            if self._under_way[source.name] >= _UNDER_WAY:
                future.set_exception(RuntimeError(f"{_UNDER_WAY} questions wait for it"))
                return future
            self._under_way[source.name] += 1

        def run() -> None:
            try:
                future.set_result([_checked(one) for one in islice(source(question), _MOST)])
            except BaseException as e:  # noqa: BLE001 - SystemExit too: whatever it raises is its answer
                future.set_exception(e)
            finally:
                with self._lock:
                    self._under_way[source.name] -= 1

        try:
            threading.Thread(target=run, name=f"penstock-recall-{source.name}", daemon=True).start()
        except RuntimeError as e:  # no more threads
            with self._lock:
                self._under_way[source.name] -= 1
            future.set_exception(e)
        return future


def _said(error: BaseException | None) -> str:
    try:
        return f"failed: {type(error).__name__}: {error}"
    except Exception:  # noqa: BLE001 - the error is a stranger's too, and may have no text
        return f"failed: {type(error).__name__}"


def _checked(one: object) -> RecalledText:
    if not isinstance(one, RecalledText) or not isinstance(one.text, str) or not isinstance(one.place, str):
        raise TypeError(f"it gave {type(one).__name__}: a RecalledText of texts was expected")
    try:
        f"{one.text}{one.place}".encode()
    except UnicodeEncodeError as e:
        raise ValueError(f"it gave no text that can be sent: {e.reason}") from e
    if one.at is not None and not (isinstance(one.at, int | float) and 0 <= one.at < _END):
        raise ValueError(f"at = {one.at!r}: seconds since 1970, or None, were expected")
    return one
