"""`Workers`: a bounded pool of daemon threads for work (`Task`) that must not block the event loop and may never end.
`submit` raises `NoWorker` when too many threads were left behind, or none can be started.

Python cannot kill a thread. One that is given up is left behind. If it is in a plugin's own code it gets an exception
at its next bytecode, which ends endless loops; anywhere else, above all in the standard library, it might hold a lock
that others need, and is not touched. The number of threads left behind is bounded; past that no further work is
accepted, and requests are forwarded as received.
"""

from __future__ import annotations

import ctypes
import queue
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Generic, TypeVar

__all__ = ["GivenUp", "NoWorker", "Task", "Workers"]

T = TypeVar("T")


class GivenUp(BaseException):
    """Raised inside a thread whose result is no longer wanted. Not an `Exception`, so that plugins do not catch it."""


class NoWorker(RuntimeError):
    """Too many threads were left behind, or none can be started."""


class Task(Generic[T]):
    """One piece of work."""

    def __init__(self, work: Callable[[], T]) -> None:
        self.work = work
        self.future: Future[T] = Future()
        self.lock = threading.Lock()
        self.thread: int | None = None
        self.is_given_up = False
        self.thread_lost = False


class Workers:
    """A pool of daemon threads: at most `limit` at work, at most `lost_limit` left behind."""

    def __init__(self, limit: int = 16, lost_limit: int = 32, name: str = "penstock-worker") -> None:
        self._limit, self._lost_limit, self._name = limit, lost_limit, name
        self._queue: queue.SimpleQueue[Task[object] | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._threads = 0
        self._idle = 0
        self._waiting = 0
        self._lost = 0
        self._strays: list[tuple[Task[Any], str]] = []

    @property
    def lost(self) -> int:
        """Threads left behind that have not ended yet."""
        return self._lost

    def submit(self, work: Callable[[], T]) -> Task[T]:
        """Run `work` in a thread of the pool. Raises `NoWorker` if too many threads were left behind, or if there is
        none and the machine starts no other."""
        task: Task[T] = Task(work)
        if self._strays:
            self._end_strays()
        with self._lock:
            if self._lost >= self._lost_limit:
                raise NoWorker(f"{self._lost} threads hang")
            self._waiting += 1
            if self._idle < self._waiting and self._threads < self._limit:
                self._start_thread()
        self._queue.put(task)  # type: ignore[arg-type]
        return task

    def _start_thread(self) -> None:
        try:
            threading.Thread(target=self._run, name=self._name, daemon=True).start()
        except RuntimeError as e:  # the machine has no more: the threads that are there take the work
            if not self._threads:
                self._waiting -= 1
                raise NoWorker(str(e)) from e
        else:
            self._threads += 1

    def give_up(self, task: Task[T], stray: str = "") -> None:
        """Give `task` up: its thread is replaced, and ended if it is running code of the file `stray`."""
        with task.lock:
            if task.future.done() or task.is_given_up:
                return
            task.is_given_up = True
            if task.thread is None:
                return  # not started: the thread that takes it will drop it
            task.thread_lost = True
            with self._lock:
                self._lost += 1
                self._threads -= 1
        if stray:
            with self._lock:
                self._strays.append((task, stray))
            self._end_strays()

    def _end_strays(self) -> None:
        """End the left-behind threads that are in their plugin's own code by now."""
        with self._lock:
            strays, self._strays = self._strays, []
        left = []
        for task, file in strays:
            with task.lock:
                frame = sys._current_frames().get(task.thread) if task.thread is not None else None
                if frame is None:
                    continue
                if frame.f_code.co_filename != file:
                    left.append((task, file))
                    continue
                ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(task.thread or 0), ctypes.py_object(GivenUp))
        with self._lock:
            self._strays += left

    def close(self) -> None:
        """End the threads that are idle; the others end with their process."""
        with self._lock:
            for _ in range(self._threads):
                self._queue.put(None)

    def _run(self) -> None:
        task: Task[object] | None = None
        try:
            while (task := self._take()) is not None and self._do(task):
                task = None  # an idle thread holds nothing of what it did, and of what that raised
        except GivenUp:
            return  # it came after the work was done: the thread was written off all the same
        finally:
            if task is not None and task.thread_lost:
                with self._lock:
                    self._lost -= 1

    def _take(self) -> Task[object] | None:
        with self._lock:
            self._idle += 1
        task = self._queue.get()
        with self._lock:
            self._idle -= 1
            self._waiting -= task is not None
        return task

    def _do(self, task: Task[object]) -> bool:
        """Do `task`; False when this thread was written off meanwhile."""
        with task.lock:
            if task.is_given_up or not task.future.set_running_or_notify_cancel():
                return True
            task.thread = threading.get_ident()
        error: BaseException | None = None
        result: object = None
        try:
            result = task.work()
        except BaseException as e:  # noqa: BLE001 - SystemExit too: a plugin must not end this thread
            error = e
        with task.lock:
            task.thread = None
            if task.is_given_up:
                return False
            if error is None:
                task.future.set_result(result)
            else:
                task.future.set_exception(error)
        return True
