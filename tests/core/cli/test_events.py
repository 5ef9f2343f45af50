"""`penstock events`."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from penstock.cli.events import line
from penstock.events.event import Event, EventKind
from penstock.store.sql import SqlStore
from tests.core.cli.conftest import Run


def _rows(text: str) -> list[dict[str, object]]:
    return [json.loads(row) for row in text.splitlines()]


def test_shows_the_newest_oldest_first(run: Run, store: Path) -> None:
    """As many as asked for, from the end of the log."""
    found = run("events", "-n", "2")
    assert found.exit_code == 0
    first, second = found.stdout.splitlines()
    assert "received" in first
    assert "classified" in second
    assert "bytes=140" in first


@pytest.mark.parametrize(
    ("options", "seqs"),
    [
        ((), [1, 2, 3, 4, 5, 6, 7, 8, 9]),
        (("--kind", "received"), [2, 4, 8]),
        (("--kind", "rewritten"), []),
        (("--kind", "enriched"), []),  # as earlier versions called it
        (("--kind", "received", "--kind", "failed"), [2, 4, 7, 8]),
        (("--exchange", "bb"), [4, 5, 7]),
        (("--exchange", "bb", "--kind", "failed"), [7]),
        (("--exchange", "bb", "-n", "1"), [7]),
        (("-n", "0"), []),
        (("--exchange", "nobody"), []),
    ],
)
def test_shows_what_is_asked_for(run: Run, store: Path, options: tuple[str, ...], seqs: list[int]) -> None:
    """By kind, by exchange, by both."""
    assert [row["seq"] for row in _rows(run("events", "--json", *options).stdout)] == seqs


def test_json_is_the_whole_event(run: Run, store: Path) -> None:
    """Nothing cut, one object a line: for other programs."""
    (row,) = _rows(run("events", "--json", "--kind", "answered").stdout)
    assert row["exchange"] == "aa"
    assert row["kind"] == "answered"
    assert row["payload"] == {"status": 200, "ms": 12.5, "usage": {"input": 5, "output": 6}, "text": "because"}


def test_reads_the_log_it_is_given(run: Run, store: Path, tmp_path: Path) -> None:
    """One that a stopped proxy left behind, wherever it stands."""
    moved = store.rename(tmp_path / "old log.db")
    assert len(run("events", "--store", str(moved)).stdout.splitlines()) == 9


def test_says_that_there_is_no_log(run: Run, tmp_path: Path) -> None:
    """Looking makes no file."""
    found = run("events", "--store", str(tmp_path / "none.db"))
    assert (found.exit_code, found.stdout) == (2, "")
    assert "no proxy has written there yet" in found.stderr
    assert not (tmp_path / "none.db").exists()


def test_names_the_kinds_there_are(run: Run, store: Path) -> None:
    """A kind that does not exist is an error that names the nearest, or lists all of them once."""
    found = run("events", "--kind", "anwered")
    assert found.exit_code == 2
    assert found.stderr.count("answered") == 1
    found = run("events", "--kind", "zzz")
    assert found.stderr.count("answered") == 1


def test_follows(store: Path) -> None:
    """With `--follow` an event is shown once another process has stored it; Ctrl-C is how to end, not an error."""
    command = [sys.executable, "-P", "-m", "penstock", "events", "--follow", "--json", "-n", "1"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert json.loads(process.stdout.readline())["seq"] == 9
    log = SqlStore(store)
    log.add_events([Event(0, 1.0, "dd", EventKind.FAULT, {"where": "here"})])
    log.close()
    assert json.loads(process.stdout.readline())["exchange"] == "dd"
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert (process.returncode, said) == (0, "")


def test_a_line_cannot_steer_the_terminal() -> None:
    """Texts of a log come from models and tools: control characters in them are shown as blanks."""
    shown = line(Event(1, 0.0, "x", EventKind.ANSWERED, {"text": "a\x1b[31mred\x9b2J\r\nend\u202e"}))
    assert all(c.isprintable() for c in shown)
    assert "red" in shown


def test_a_line_is_for_a_person() -> None:
    """Long texts are cut, lists of objects counted, totals shown, and what is empty left out."""
    payload = {
        "text": "word " * 50,
        "blocks": [{}, {}],
        "tokens": {"total": 9, "system": 1},
        "error": "",
        "stages": ["a"],
    }
    shown = line(Event(1, 0.0, "", EventKind.CLASSIFIED, payload))
    assert "blocks=[2] tokens=9 stages=a" in shown
    assert "error" not in shown
    assert len(shown) < 160
