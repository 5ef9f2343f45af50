"""`penstock demo`: the real proxy, nothing to log in to, nothing left behind but its own log."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from penstock.base import paths
from penstock.store.lock import StoreLock
from penstock.store.reading import open_log
from tests.addons.cli.program import is_gone
from tests.addons.conftest import Run, Start
from tests.road.proxy import wait_until

pytestmark = pytest.mark.slow

STAGE = """from penstock import BlockKind, Draft, Stage, hookimpl

class Mine(Stage):
    name = "mine"

    def on_request(self, draft: Draft) -> str | None:
        for spot in draft.blocks(BlockKind.TOOL_RESULT, new=True):
            if spot.is_editable:
                draft.replace(spot, draft.text(spot).upper(), reason="shouted")
        return None

@hookimpl
def stages() -> list[Stage]:
    return [Mine()]
"""


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


def test_shows_one_of_everything(start: Start, run: Run, tmp_path: Path) -> None:
    """A line for each exchange and what it came to: every kind, a retry of each sort, and the provider's cache at work.
    The person's own store is not touched; what stays is in the demo's own folder, and can be looked at."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    program = start("demo", "--no-tui", "--turns", "3", "--speed", "1000", TMPDIR=str(scratch))
    assert program.status() == 0, program.err
    lines = program.out.splitlines()
    kinds = {line.split()[1] for line in lines if line[:4].strip().isdigit()}
    assert kinds == {"main", "tool-loop", "subagent", "side", "count"}
    assert "16 exchanges: 7 main, 4 tool-loop, 2 side, 2 subagent, 1 count" in lines
    assert "failed, and tried again by the client: 1 with 429, 1 with 529" in lines
    assert any("read from the provider's cache" in line for line in lines)
    assert any(line.split()[:1] == ["pause"] for line in lines)
    assert any(line.split()[:1] == ["budget"] and "REDUCED" in line for line in lines)
    assert lines[-1].startswith("saved ")
    assert program.err == ""
    assert list(scratch.iterdir()) == []
    assert sorted(path.name for path in paths.state_dir().iterdir()) == ["demo", "demo.lock"]
    store = paths.state_dir() / "demo" / "state" / "penstock.db"
    assert str(store) in program.out
    assert "demo-2" in run("cost", "--store", str(store)).output


def test_compacts_and_remembers(start: Start) -> None:
    """After the pause old turns are a record; the second session is told what was said in the first; a person's own
    plugins run, too."""
    paths.plugins_dir().mkdir(parents=True)
    (paths.plugins_dir() / "mine.py").write_text(STAGE, encoding="utf-8")
    program = start("demo", "--no-tui", "--speed", "5")
    assert program.status() == 0, program.err
    happened = {line.split()[0]: line for line in program.out.splitlines() if line.startswith("      ")}
    assert {"pause", "flush", "compacted", "trimmed", "recalled", "budget", "session"} <= happened.keys()
    assert "Tomas Berg has its key" in happened["recalled"]
    assert "saved $" in program.out.splitlines()[-1]
    log = open_log(paths.state_dir() / "demo" / "state" / "penstock.db")
    assert any(e.payload.get("stage") == "mine" for e in log.events_after(limit=10_000))
    log.close()


def test_a_profile_that_edits_nothing_says_why(start: Start) -> None:
    """Above the line that says what was saved."""
    program = start("demo", "--no-tui", "--speed", "1000", "--turns", "2", "--profile", "observe")
    assert program.status() == 0, program.err
    *_, why, last = program.out.splitlines()
    assert why.startswith("- The profile observes")
    assert last.startswith("saved $0 of $")


def test_tries_one_stage(start: Start, tmp_path: Path) -> None:
    """Each edit with its reason, before and after: against what the bundled stages left, not what the client sent."""
    (file := tmp_path / "mine.py").write_text(STAGE, encoding="utf-8")
    program = start("demo", "--stage", str(file), "--turns", "3")
    assert program.status() == 0, program.err
    assert "tokens (" in program.out
    assert ": shouted" in program.out
    assert "mine looked at " in program.out
    old, new = ([line[5:] for line in program.out.splitlines() if line[:5] == f"    {sign}"] for sign in "-+")
    assert old
    assert [line.upper() for line in old] == new
    assert list(tmp_path.glob("penstock-*")) == []


def test_stages_are_tried_side_by_side(start: Start, tmp_path: Path) -> None:
    """Each in a proxy, a log and a folder of its own, while the demo itself is in use."""
    (file := tmp_path / "mine.py").write_text(STAGE, encoding="utf-8")
    paths.make_private(paths.state_dir())
    lock = StoreLock(paths.state_dir() / "demo")
    programs = [start("demo", "--stage", str(file), "--turns", "1") for _ in range(2)]
    assert [program.status() for program in programs] == [0, 0]
    for program in programs:
        assert ": shouted" in program.out
    lock.release()


def test_one_demo_at_a_time(run: Run) -> None:
    """The second one names the first, and what may be done."""
    paths.make_private(paths.state_dir())
    lock = StoreLock(paths.state_dir() / "demo")
    found = run("demo", "--no-tui")
    lock.release()
    assert found.exit_code == 2
    assert f"another `penstock demo` (process {os.getpid()}) is using {paths.state_dir() / 'demo'}" in found.output


def test_a_wrong_result_is_a_failure(start: Start, tmp_path: Path) -> None:
    """As it came out of a real proxy."""
    (file := tmp_path / "mine.py").write_text(STAGE.replace("return None", "return 42"), encoding="utf-8")
    program = start("demo", "--stage", str(file), "--turns", "1")
    assert program.status() == 1
    assert f"wrong result: {file}: on_request returned a value that is no text: int (42)" in program.out


def test_a_stage_that_raises_is_named_with_its_line(start: Start, tmp_path: Path) -> None:
    """Not by the demo's own copy, and with a status that a script sees."""
    (file := tmp_path / "mine.py").write_text(STAGE.replace("draft.text(spot)", "nope"), encoding="utf-8")
    program = start("demo", "--stage", str(file), "--turns", "3")
    assert program.status() == 1
    assert f"failed: {file}: NameError: name 'nope' is not defined (line 9)" in program.out


def test_a_file_without_a_stage_starts_nothing(run: Run, tmp_path: Path) -> None:
    """It says what was expected."""
    (file := tmp_path / "none.py").write_text("x = 1", encoding="utf-8")
    found = run("demo", "--stage", str(file))
    assert found.exit_code == 2
    assert f"{file} gives no stage: " in found.output


def test_can_be_ended_at_any_moment(start: Start, tmp_path: Path) -> None:
    """In the middle of a session: the proxy goes first, then the files."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    program = start("demo", "--no-tui", "--speed", "0.2", TMPDIR=str(scratch))
    program.wait_for("   1  side")
    proxies = [pid for pid in _proxies(paths.state_dir() / "demo") if pid != program.process.pid]
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


def test_a_plugin_that_is_broken_is_named_once(start: Start) -> None:
    """And no proxy is started."""
    (folder := paths.config_dir() / "plugins").mkdir(parents=True)
    (folder / "broken.py").write_text("def (:", encoding="utf-8")
    program = start("demo", "--no-tui")
    assert program.status() == 2
    assert program.err.count("cannot be imported: SyntaxError") == 1
    assert "To start without it: PENSTOCK_BLOCK_PLUGINS=broken" in program.err
    assert "starting a proxy" not in program.out
