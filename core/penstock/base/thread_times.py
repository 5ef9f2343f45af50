"""`thread_times`: the CPU time that the threads of this process have used, by what they are for."""

from __future__ import annotations

import threading
from collections import defaultdict
from pathlib import Path

__all__ = ["thread_times"]

_OURS = "penstock-"
_TASK = Path("/proc/self/task")


def thread_times() -> dict[str, float]:
    """Seconds of CPU of the threads that run now: those of Penstock by the ends of their names (`events`, `memory`,
    `worker` …), the event loop of a proxy, which is the main thread, as `main`, and all others as `other`. Empty where
    the system does not tell: everywhere but on Linux."""
    times: defaultdict[str, float] = defaultdict(float)
    for thread in threading.enumerate():
        try:  # its first number is nanoseconds: https://docs.kernel.org/scheduler/sched-stats.html
            used = int((_TASK / str(thread.native_id) / "schedstat").read_text().split()[0]) / 1e9
        except (OSError, ValueError, IndexError):  # it has just ended
            continue
        times[_purpose(thread)] += used
    return dict(times)


def _purpose(thread: threading.Thread) -> str:
    if thread is threading.main_thread():
        return "main"
    return thread.name.removeprefix(_OURS) if thread.name.startswith(_OURS) else "other"
