"""Who uses the CPU of a process can be seen."""

from __future__ import annotations

import sys
import threading
import time

import pytest

from penstock.base.thread_times import thread_times

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells the time of another thread")


def test_the_time_of_threads_is_told_by_what_they_are_for() -> None:
    has_worked, may_end = threading.Barrier(4), threading.Event()

    def work() -> None:
        while time.thread_time() < 0.02:
            sum(range(1000))
        has_worked.wait()
        may_end.wait()

    names = ("penstock-memory", "penstock-memory", "another's")
    threads = [threading.Thread(target=work, name=name) for name in names]
    before = thread_times()
    for thread in threads:
        thread.start()
    has_worked.wait()
    after = thread_times()
    may_end.set()
    for thread in threads:
        thread.join()
    assert after["memory"] - before.get("memory", 0) >= 0.04
    assert after["other"] - before.get("other", 0) >= 0.02
    assert after["main"] >= before["main"] > 0
