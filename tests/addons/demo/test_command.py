"""`penstock demo`: the real proxy, nothing to log in to, nothing left behind."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from penstock.base import paths
from tests.addons.cli.program import is_gone
from tests.addons.conftest import Start
from tests.road.proxy import wait_until

pytestmark = pytest.mark.slow


def _proxies(folder: Path) -> list[int]:
    """The processes that were started with a file below `folder`."""
    found = []
    for process in Path("/proc").iterdir():
        try:
            line = (process / "cmdline").read_bytes()
        except OSError:
            continue
        if process.name.isdigit() and str(folder).encode() in line:
            found.append(int(process.name))
    return found


def test_shows_one_of_everything(start: Start, tmp_path: Path) -> None:
    """A line for each exchange and what it came to: every kind, a retry of each sort, and the provider's cache at work.
    The person's own store is not touched, and no file or process stays."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    program = start("demo", "--no-tui", "--turns", "3", "--speed", "1000", TMPDIR=str(scratch))
    assert program.status() == 0, program.err
    lines = program.out.splitlines()
    kinds = {line.split()[1] for line in lines if line[:4].strip().isdigit()}
    assert kinds == {"main", "tool-loop", "subagent", "side", "count"}
    assert "13 exchanges: 5 main, 4 tool-loop, 2 subagent, 1 side, 1 count" in lines
    assert "failed, and tried again by the client: 1 with 429, 1 with 529" in lines
    assert any("read from the provider's cache" in line for line in lines)
    assert program.err == ""
    assert list(scratch.iterdir()) == []
    assert not paths.state_dir().exists()


def test_can_be_ended_at_any_moment(start: Start, tmp_path: Path) -> None:
    """In the middle of a session: the proxy goes first, then the files."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    program = start("demo", "--no-tui", "--speed", "0.2", TMPDIR=str(scratch))
    program.wait_for("   1  side")
    proxies = [pid for pid in _proxies(scratch) if pid != program.process.pid]
    assert len(proxies) == 1
    program.send(signal.SIGTERM)
    assert program.status() == 143
    wait_until(lambda: is_gone(proxies[0]), "the proxy has ended")
    assert list(scratch.iterdir()) == []
    assert "Traceback" not in program.err


def test_a_profile_that_is_not_there_starts_nothing(start: Start) -> None:
    """As everywhere: a line, and the nearest name."""
    program = start("demo", "--no-tui", "--profile", "obsrve")
    assert program.status() == 2
    assert program.err.splitlines()[0].startswith("penstock: no profile is called 'obsrve'. Did you mean 'observe'?")
