"""The supervisor knows which of its workers listen, and starts those again that end, whenever they do."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest

from penstock.base.errors import PenstockError
from penstock.control.discovery import Announcement
from penstock_addons.cli.workers import supervisor
from penstock_addons.cli.workers.supervisor import Supervisor
from tests.road.wire import PATIENCE

ANNOUNCES_AND_ENDS = """
import os, pathlib, signal, sys
sys.stdin.buffer.read(4)
folder = pathlib.Path(sys.argv[1])
starts = folder / "starts"
with starts.open("a") as file:
    file.write(".")
if len(starts.read_text()) > 1:
    os.kill(os.getppid(), signal.SIGTERM)
os.replace(folder / "ready.json", folder / "announced.json") if (folder / "ready.json").exists() else None
"""
WORKERS = 4
REFUSES = f"""
import os, pathlib, select, signal, sys, time
folder = pathlib.Path(sys.argv[1])

def refuse(*_):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if select.select([0], [], [], 0)[0]:  # it has its options
        with (folder / "said").open("a") as file:
            file.write("no such option\\n")
    sys.exit(2)

signal.signal(signal.SIGTERM, refuse)
(folder / f"begun-{{os.getpid()}}").touch()
select.select([0], [], [])
while len(list(folder.glob("begun-*"))) < {WORKERS}:  # until each would say so of its own
    time.sleep(0.01)
refuse()
"""
ENDS = "import sys; sys.stdin.buffer.read(4); sys.exit(3)"


@pytest.fixture
def announced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file in which each worker announces itself, whatever its process id."""
    file = tmp_path / "announced.json"
    monkeypatch.setattr(supervisor, "file_beside", lambda *_: file)
    monkeypatch.setattr(supervisor, "PAUSE_S", 0.0)
    return file


@pytest.fixture
def announcement(tmp_path: Path) -> bytes:
    what = Announcement(os.getpid(), "127.0.0.1", 8080, "default", str(tmp_path / "store"), "ca.pem", 1.0)
    return json.dumps(asdict(what)).encode()


@pytest.fixture
def end() -> Iterator[None]:
    """Tells the supervisor to end where it would wait for ever."""
    timer = threading.Timer(PATIENCE, os.kill, (os.getpid(), signal.SIGTERM))
    timer.start()
    yield
    timer.cancel()


def _runs(monkeypatch: pytest.MonkeyPatch, code: str, folder: Path) -> None:
    monkeypatch.setattr(supervisor, "_COMMAND", [sys.executable, "-c", code, str(folder)])


def test_what_a_process_of_the_same_number_announced_before_a_crash_is_no_announcement(
    announced: Path, announcement: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: None
) -> None:
    """In a container that starts again, workers have the process ids that those before had."""
    announced.write_bytes(announcement)
    _runs(monkeypatch, ENDS, tmp_path)
    up: list[Announcement] = []
    with pytest.raises(PenstockError, match=r"a worker ended while it started \(status 3\)"):
        Supervisor([(tmp_path / "store", b"")]).run(up.append)
    assert up == []


def test_a_worker_that_ends_as_soon_as_it_listens_is_started_again(
    announced: Path, announcement: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: None
) -> None:
    """Also if nothing happens after that. The second one tells the supervisor to end."""
    (tmp_path / "ready.json").write_bytes(announcement)
    _runs(monkeypatch, ANNOUNCES_AND_ENDS, tmp_path)
    up: list[Announcement] = []
    Supervisor([(tmp_path / "store", b"")]).run(up.append)
    assert len(up) == 1
    assert (tmp_path / "starts").read_text() == ".."


def test_options_that_are_wrong_are_refused_once(
    announced: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: None
) -> None:
    """By the first worker: the others have not seen them."""
    _runs(monkeypatch, REFUSES, tmp_path)
    with pytest.raises(PenstockError, match=r"a worker ended while it started \(status 2\)"):
        Supervisor([(tmp_path / f"store-{n}", b"") for n in range(WORKERS)]).run(lambda _: None)
    assert (tmp_path / "said").read_text() == "no such option\n"
