"""`MemoryService`: opens the memory in a thread of its own, once for each process, and carries out work on it there,
which `submit` and `remember` put in a bounded queue without waiting. `ask` runs a search in another thread and gives it
up after a time limit; `open` waits until the memory is open.

Items to be remembered are collected for a moment and written together, which is much cheaper. While the process is busy
with requests, they wait longer, so that their share of its time is small, and so does work that can wait. When memory
cannot be opened or written, work waits, and the service tries again now and then.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import TimeoutError as Late
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from penstock.base.errors import MemoryDown, MemoryUnavailable
from penstock.base.pace import Pace
from penstock.base.threads import NoWorker, Workers
from penstock.memory.clean import sanitize
from penstock.memory.work import CanWait, Remember, RememberTogether, Work
from penstock.redaction.personal import redactors

if TYPE_CHECKING:
    from penstock.memory.embedders import Embedder
    from penstock.memory.items import Item
    from penstock.memory.memory import Memory
    from penstock.profiles.profile import Profile

__all__ = ["MemoryService", "State"]

T = TypeVar("T")
logger = logging.getLogger(__name__)
RETRY_S = 5.0
"""Between two attempts to open or to write what could not be opened or written."""
QUEUED = 2000
"""The most pieces of work that wait; beyond that, the oldest are dropped."""
CLOSE_S = 5.0
_FADING = 0.9
"""How much what pieces took counts once more were written."""
GATHER_S = 3.0
"""Seconds that items wait for more before they are written together."""
TOGETHER, MOST_TOGETHER = 32, 128
"""Pieces that do not wait for more; and the most that are written together, so that other work does not wait long."""


class State(StrEnum):
    """The states of the service."""

    CLOSED = "closed"
    """Memory was not needed yet, or is closed for good."""
    OPENING = "opening"
    OPEN = "open"
    DOWN = "down"
    """It cannot be opened or written; `MemoryService.fault` says why. It is tried again."""


class MemoryService:
    """The memory of a process. Any thread may call."""

    def __init__(
        self,
        open_memory: Callable[[], Memory],
        *,
        redactors: Sequence[Callable[[str], str]] = (),
        on_fault: Callable[[str], None] | None = None,
        retry_s: float = RETRY_S,
        queued: int = QUEUED,
        pace: Pace | None = None,
    ) -> None:
        self._open_memory, self._redactors = open_memory, tuple(redactors)
        self._on_fault, self._retry_s, self._limit = on_fault, retry_s, queued
        self._pace = pace or Pace()
        self._queue: deque[Work] = deque()
        self._others: deque[CanWait] = deque()  # of the newest `RememberTogether`
        self._change = threading.Condition()
        self._memory: Memory | None = None
        self._thread: threading.Thread | None = None
        self._askers = Workers(limit=2, lost_limit=4, name="penstock-memory-ask")
        self._busy = self._closing = self._hurry = False
        self._draining = 0
        self._urgent, self._resting = 0, queued // 2
        """Pieces in the queue that wait for no others, and how many others may rest."""
        self._pieces, self._took = 0.0, 0.0
        """How many pieces were written, and the seconds of CPU that they took; the last ones count most."""
        self._clock, self._caught_up_at = time.monotonic, 0.0
        self._steps: Iterator[int] | None = None
        """What is left of catching up the indexes."""
        self._caught_up, self._was_owed = 0, False
        self._tries = self._failed = 0
        """How often it was tried to open it or to work with it; which try was the last that failed."""
        self.state = State.CLOSED
        self.fault = ""
        """What is wrong: the thing, the place, the next step. Empty while all is well."""
        self.dropped = 0
        """Pieces of work that were dropped because too many waited, or were not done when it was closed."""

    @classmethod
    def of(
        cls,
        folder: Path,
        profile: Profile,
        embedders: Callable[[], Mapping[str, Embedder]],
        hide: Sequence[Callable[[str], str]],
        on_fault: Callable[[str], None],
        url: str = "",
    ) -> MemoryService:
        """A service for the memory in `folder`, or in the PostgreSQL database at `url`, configured by `profile`;
        `embedders` and `hide`: the embedders and redactors of plugins."""

        def memory() -> Memory:
            from penstock.memory.opening import open_memory

            return open_memory(folder, profile, embedders(), url=url)

        return cls(memory, redactors=redactors(profile.redact.personal, hide), on_fault=on_fault)

    @property
    def waiting(self) -> int:
        """Pieces of work not done yet."""
        return len(self._queue) + self._busy

    @property
    def ready(self) -> Memory | None:
        """The memory, if it is open by now."""
        return self._memory

    def health(self) -> dict[str, object]:
        """What is wrong (`fault`), and how many pieces of work wait (`waiting`) or were dropped (`dropped`)."""
        return {"fault": self.fault, "waiting": self.waiting, "dropped": self.dropped}

    def begin(self) -> None:
        """Start opening the memory. Does not wait; a second call does nothing."""
        with self._change:
            if self._thread is None and not self._closing:
                thread = threading.Thread(target=self._run, name="penstock-memory", daemon=True)
                thread.start()  # raises where the machine has no more
                self._thread, self.state = thread, State.OPENING

    def open(self, timeout: float = 30.0) -> Memory:
        """The memory, opened now if need be. Raises `MemoryUnavailable` when that fails or takes longer, and not when
        a try fails that began before the call."""
        with self._change:
            before = self._tries
        self.begin()
        with self._change:
            self._hurry = True
            self._change.notify_all()
            self._change.wait_for(lambda: self._memory or self._closing or self._failed > before, timeout)
            if self._memory is None:
                raise MemoryUnavailable(self.fault or f"memory is {self.state}; ask again in a while")
            return self._memory

    def submit(self, work: Work, *, can_wait: bool = False) -> bool:
        """Run `work` on the service's thread, in order, once memory is open. Never waits. Work that raises `MemoryDown`
        is tried again later; other errors are logged. `can_wait`: nothing needs it soon, so it is done with items that
        are remembered together, after them. False: the service is closed."""
        self.begin()
        if can_wait:
            work = CanWait(work)
        with self._change:
            if self._closing:
                return False
            if len(self._queue) >= self._limit:
                self._take()
                self.dropped += 1
            self._queue.append(work)
            self._urgent += not isinstance(work, Remember | CanWait)
            if len(self._queue) in (1, TOGETHER) or self._is_urgent():  # else the thread knows, and lets more gather
                self._change.notify_all()
        return True

    def remember(self, items: Callable[[], Sequence[Item]], owner: str) -> bool:
        """Store the items that `items` returns on the service's thread, as those of the account `owner`. As `submit`,
        but collected for a moment and written together."""
        return self.submit(Remember(items, owner))

    def ask(self, work: Callable[[Memory], T], timeout: float) -> T | None:
        """The result of `work`, if memory is open and it is done within `timeout` seconds; else None. Raises what
        `work` raises."""
        memory = self._memory
        if memory is None:
            return None
        try:
            task = self._askers.submit(lambda: work(memory))
        except NoWorker:
            return None
        try:
            return task.future.result(timeout)
        except Late:
            self._askers.give_up(task)
            return None

    def clean(self, text: str) -> str:
        """`text` without Penstock's notes and without secrets, as it may be stored. Empty if nothing is left of it."""
        return sanitize(text, self._redactors)

    def drain(self, timeout: float = 5.0) -> bool:
        """Wait until all submitted work is done. False: it was not done in time, or cannot be."""
        with self._change:
            self._draining += 1
            self._change.notify_all()
            self._change.wait_for(lambda: not self.waiting or self.state is State.DOWN, timeout)
            self._draining -= 1
            return not self.waiting

    def close(self) -> None:
        """Do the waiting work, for at most `CLOSE_S` seconds, and close the files."""
        self.drain(CLOSE_S)
        with self._change:
            self._closing = True
            self._change.notify_all()
        if self._thread is not None:
            self._thread.join(CLOSE_S)
        with self._change:
            left, self._urgent = len(self._queue) + len(self._others), 0
            self._queue.clear()
            self._others.clear()
            self.dropped += left
        if left:
            logger.warning("memory was closed before %d pieces of work were done: they are lost", left)
        self._askers.close()

    # ---------------------------------------------------------------- the service's thread

    def _run(self) -> None:
        try:
            while not self._closing:
                if self._memory is None and not self._try(self._open):
                    continue
                if self._is_time_to_catch_up():
                    self._catch_up()
                with self._change:
                    if self._steps is not None and not self._queue:
                        continue
                    owes = self._memory is not None and self._memory.owes
                    self._change.wait_for(lambda: self._queue or self._closing, self._retry_s if owes else None)
                    self._change.wait_for(self._is_due, GATHER_S if self._steps is None else 0)
                    while not self._is_urgent() and (rest := self._pace.rest()):
                        self._change.wait_for(self._is_urgent, rest)
                    if not self._queue:
                        continue
                    work, self._busy = self._next(), True
                count = len(work) if isinstance(work, RememberTogether) else 0
                with self._pace.work():
                    done = self._try(lambda work=work: self._do(work))  # type: ignore[misc]
                with self._change:
                    self._busy = False
                    if done:
                        self._reckon(count)
                    else:
                        self._give_back(work)
                    self._change.notify_all()
        finally:
            memory, self._memory = self._memory, None
            if memory is not None:
                memory.close()
            self.state = State.CLOSED

    def _is_due(self) -> bool:
        """Whether work is due that need not wait for more items."""
        return len(self._queue) >= TOGETHER or self._is_urgent()

    def _is_urgent(self) -> bool:
        """Whether work is due that waits for nothing, or so much that it could not be written at the end."""
        is_due = self._urgent or self.state is State.DOWN or len(self._queue) >= self._resting
        return bool(self._closing or self._draining or is_due)

    def _reckon(self, count: int) -> None:
        """After so many pieces: let no more rest than can be written at the end, on a machine that is half as fast."""
        if count:
            self._pieces = _FADING * self._pieces + count
            self._took = _FADING * self._took + self._pace.took
            most = CLOSE_S / 2 * self._pieces / self._took if self._took else self._limit
            self._resting = max(TOGETHER, min(self._limit // 2, int(most)))

    def _next(self) -> Work:
        """The next work: the first piece, with those that can be done together with it."""
        pieces: list[Remember] = []
        others = self._others = deque()
        while self._queue and len(pieces) + len(others) < MOST_TOGETHER:
            if isinstance(first := self._queue[0], Remember):
                pieces.append(first)
            elif isinstance(first, CanWait):
                others.append(first)
            else:
                break
            self._take()
        return RememberTogether(pieces, others) if pieces or others else self._take()

    def _give_back(self, work: Work) -> None:
        """Put work that failed in front of what waits, piece by piece."""
        self._others = deque()
        if isinstance(work, RememberTogether):
            self._queue.extendleft(reversed([*work.pieces, *work.others]))
        else:
            self._queue.appendleft(work)
            self._urgent += 1

    def _take(self) -> Work:
        work = self._queue.popleft()
        self._urgent -= not isinstance(work, Remember | CanWait)
        return work

    def _open(self) -> None:
        memory = self._open_memory()
        with self._change:
            self._memory, self.state, self.fault = memory, State.OPEN, ""
            self._change.notify_all()
        self._catch_up()

    def _is_time_to_catch_up(self) -> bool:
        memory = self._memory
        if memory is None or self._steps is not None:
            return memory is not None
        return bool(memory.owes) and self._clock() - self._caught_up_at >= self._retry_s

    def _catch_up(self) -> None:
        """Add what the indexes lack, if something failed before, until other work is due: to index a million passages
        takes most of an hour. Tried again later if it fails."""
        memory = self._memory
        if memory is None:
            return
        if self._steps is None:
            self._steps, self._caught_up, self._was_owed = memory.syncing(), 0, bool(memory.owes)
        due_at = self._clock() + GATHER_S
        try:
            for count in self._steps:
                self._caught_up += count
                if self._is_due() or (self._queue and self._clock() >= due_at):
                    return
        except Exception as e:  # it must not end the thread that does all other work
            if not self._was_owed:
                logger.warning("vectors are not caught up: %s", e, exc_info=not isinstance(e, MemoryDown))
        else:
            if self._was_owed:
                logger.info("the vectors are caught up: %d passages", self._caught_up)
        self._steps, self._caught_up_at = None, self._clock()

    def _do(self, work: Work) -> None:
        memory = self._memory
        if memory is None:
            return
        try:
            work(memory)
        except MemoryDown:
            raise
        except Exception:  # one bad piece of work must not end the thread that does all others
            # A warning: mitmproxy ends a proxy at whose start anything is logged as an error.
            logger.warning("a piece of work on memory failed", exc_info=True)

    def _try(self, work: Callable[[], None]) -> bool:
        """Run `work`. False: it failed; the fault was reported, and some time has passed."""
        with self._change:
            self._hurry, self._tries = False, self._tries + 1
        was_down = bool(self.fault)
        try:
            work()
        except Exception as e:  # noqa: BLE001 - chromadb, SQLite and a plugin's embedder raise what they like
            self._is_down(e if isinstance(e, MemoryDown) else f"memory cannot be opened: {type(e).__name__}: {e}")
            return False
        if was_down:
            logger.warning("memory can be used again")
        with self._change:
            self.state, self.fault = State.OPEN, ""
            self._change.notify_all()
        return True

    def _is_down(self, why: object) -> None:
        fault = f"{why}. Traffic goes on without memory; `penstock doctor` says what to do"
        if fault != self.fault:
            logger.warning("%s", fault)
            if self._on_fault is not None:
                self._on_fault(fault)
        with self._change:
            self.fault, self.state = fault, State.DOWN
            self._failed = self._tries
            self._change.notify_all()
            self._change.wait_for(lambda: self._closing or self._hurry, self._retry_s)
