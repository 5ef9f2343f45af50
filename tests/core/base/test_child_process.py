"""A child answers, or its caller knows soon why not; and none is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from penstock.base import child_process
from penstock.base.child_process import Child, ChildBusy, ChildFailed, ChildKilled, ChildLate, command_of

Make = Callable[..., Child]
ECHO = """
import os, signal, sys, threading
from penstock.base.child_process import receive, send
answers = os.fdopen(os.dup(1), "wb")
while True:
    try:
        asked = receive(sys.stdin.buffer)
    except EOFError:
        break
    if asked == b"hang":
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
        threading.Event().wait()
    if asked == b"wait":
        open("begun", "w").close()
        while not os.path.exists("go"):
            threading.Event().wait(0.01)
    if asked == b"die":
        sys.exit("no more of this")
    send(answers, b"answer to " + asked)
"""
PARENT = """
import sys
from penstock.base.child_process import Child
child = Child("echoing", b"hello", start_s=60)
child.call(b"one", within_s=60)
print(child.pid, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    """Children of `ECHO`, closed after the test."""
    (tmp_path / "echoing.py").write_text(ECHO, encoding="utf-8")
    path = [str(tmp_path), *(str(Path(one).resolve()) for one in sys.path if one)]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(path))
    made: list[Child] = []

    def make(module: str = "echoing", **options: float) -> Child:
        made.append(Child(module, b"hello", **{"start_s": 60.0, "pause_s": 0.0, **options}))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for child in made:
        child.close()


def is_gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"  # nobody asked for its status
    except (FileNotFoundError, ProcessLookupError):  # it went meanwhile
        return True


def wait_until(is_so: Callable[[], bool]) -> None:
    pause = threading.Event()
    while not is_so():
        pause.wait(0.01)


def answers(child: Child, message: bytes) -> bool:
    """Whether it does now. Just after a killing it may say that the process has not ended yet."""
    try:
        return child.call(message, within_s=60) == b"answer to " + message
    except ChildBusy:
        return False


def test_it_answers_from_one_process(make: Make) -> None:
    """Started by the first call, whatever the size of a message."""
    child = make()
    assert (child.pid, child.starts) == (None, 0)
    assert child.call(b"one", within_s=60) == b"answer to one"
    pid = child.pid
    long = b"x" * (3 << 20)
    assert child.call(long, within_s=60) == b"answer to " + long
    assert (child.pid, child.starts, child.fault) == (pid, 1, "")


def test_one_that_gives_no_answer_is_killed(make: Make) -> None:
    """The caller is told, and the next call has another process."""
    child = make()
    child.call(b"one", within_s=60)
    first = child.pid
    assert first is not None
    with pytest.raises(ChildLate, match=rf"process {first} gave no answer in 0\.5 s and was killed"):
        child.call(b"hang", within_s=0.5)
    wait_until(lambda: is_gone(first))
    wait_until(lambda: answers(child, b"three"))
    assert child.pid not in (None, first)


def test_those_who_wait_behind_are_told(make: Make) -> None:
    """When the process is killed for another's call, nobody waits for ever."""
    child, told = make(), list[str]()
    child.call(b"one", within_s=60)

    def hang() -> None:
        try:
            child.call(b"hang", within_s=0.5)
        except ChildFailed as e:
            told.append(str(e))

    callers = [threading.Thread(target=hang) for _ in range(4)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert len(told) == 4


def test_nobody_waits_longer_than_they_said(make: Make) -> None:
    """For a child that is busy with another's call; it is not killed for that."""
    child = make()
    child.call(b"one", within_s=60)
    pid = child.pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    with pytest.raises(ChildBusy):
        child.call(b"two", within_s=600, patience_s=0.0)
    os.kill(pid, signal.SIGCONT)
    assert child.call(b"three", within_s=60) == b"answer to three"
    assert child.pid == pid


def test_one_that_ends_says_why(make: Make) -> None:
    """With the last line it wrote to its standard error."""
    child = make()
    with pytest.raises(ChildFailed, match="ended with status 1: no more of this"):
        child.call(b"die", within_s=60)
    assert "no more of this" in child.fault
    assert child.call(b"two", within_s=60) == b"answer to two"
    assert (child.starts, child.fault) == (2, "")


def test_one_that_cannot_start_says_why(make: Make) -> None:
    """A module that is not there, for example."""
    with pytest.raises(ChildFailed, match="No module named no_such_module"):
        make("no_such_module").call(b"one", within_s=60)


def test_after_each_failure_it_rests_longer(make: Make) -> None:
    """Up to a minute, and callers are told at once; once it has been well for long, it begins again with a short
    pause."""
    now = [1000.0]
    child = make(pause_s=1.0, clock=lambda: now[0])  # type: ignore[arg-type]
    for pause in (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0):
        with pytest.raises(ChildFailed):
            child.call(b"die", within_s=60)
        wait_until(lambda: child.pid is None)
        now[0] += pause - 0.01
        with pytest.raises(ChildBusy, match=r"no more of this; it is started again in"):
            child.call(b"one", within_s=60)
        now[0] += 0.02
    assert child.call(b"one", within_s=60)
    now[0] += 600
    with pytest.raises(ChildFailed):
        child.call(b"die", within_s=60)
    now[0] += 1.01
    assert child.call(b"two", within_s=60)


def test_closing_ends_it(make: Make) -> None:
    """Also while it hangs; whoever waits is told. A later call starts another."""
    child, told = make(), list[str]()
    child.call(b"one", within_s=60)
    pid = child.pid
    assert pid is not None

    def hang() -> None:
        try:
            child.call(b"hang", within_s=600)
        except ChildFailed as e:
            told.append(str(e))

    waiting = threading.Thread(target=hang)
    waiting.start()
    child.close()
    waiting.join()
    assert len(told) == 1
    assert is_gone(pid)
    assert child.call(b"two", within_s=60)


def test_what_it_does_may_end_where_it_is_closed(make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that writes files would leave them half written."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(child_process, "CLOSE_S", 0.01)
    child, may_end = make(close_s=60.0), threading.Timer(0.2, (tmp_path / "go").touch)
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(child.call, b"wait", within_s=60.0)
        wait_until((tmp_path / "begun").exists)
        may_end.start()
        child.close()
        assert asked.result(60) == b"answer to wait"
    may_end.join()


def test_without_a_thread_to_watch_it_nothing_is_asked(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same call can succeed later."""
    child = make()
    assert child.call(b"one", within_s=60)

    def start(_: threading.Timer) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as machine:
        machine.setattr(threading.Timer, "start", start)
        with pytest.raises(ChildKilled, match="can't start new thread"):
            child.call(b"two", within_s=60)
    wait_until(lambda: answers(child, b"three"))


def test_it_ends_with_its_parent(make: Make) -> None:
    """Also when the parent is killed: its input ends."""
    make()
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=os.environ.copy()
    )
    with parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert not is_gone(pid)
        parent.kill()
    wait_until(lambda: is_gone(pid))


def test_a_bundled_executable_starts_none(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is no interpreter: starting it would start another proxy."""
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    with pytest.raises(ChildFailed, match="bundled executable"):
        command_of("echoing")
    with pytest.raises(ChildFailed, match="bundled executable"):
        make().call(b"one", within_s=60)
