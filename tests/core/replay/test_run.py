"""A replay of prompts on a thread."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from penstock.plugins.manager import Plugins
from penstock.replay.prompts import prompts_of
from penstock.replay.run import COLD, Run, Stage


@pytest.fixture
def file(tmp_path: Path) -> Path:
    found = tmp_path / "prompts.txt"
    found.write_bytes(b"one\ntwo\n\xff\nthree\n")
    return found


def test_it_tells_after_each_prompt(file: Path) -> None:
    """How far it is, what came of each, and what a person should know."""
    seen: list[tuple[str, int]] = []
    run = Run(file, "default", Plugins.load, COLD)
    run.go(lambda: seen.append((run.stage, len(run.played))))
    assert seen == [("running", 0), ("running", 1), ("running", 2), ("running", 3), ("done", 3)]
    assert (run.total, run.error, run.sums.requests) == (3, "", 3)
    assert "line 3" in run.remarks[0]
    assert run.log.exists()
    run.forget()
    assert not run.log.exists()


def test_prompts_without_a_file_name_none(tmp_path: Path) -> None:
    """What they name stays a word of theirs: no file is read."""
    secret = tmp_path / "secret.txt"
    secret.write_text("of nobody's business")
    run = Run(prompts_of([f"read @{secret}"]), "default", Plugins.load)
    run.go(lambda: None)
    assert (run.error, len(run.played), len(run.played[0].passed.requests)) == ("", 1, 1)
    run.forget()


def test_it_can_be_stopped(file: Path) -> None:
    """From another thread, before it runs or while it does; that is no error."""
    run = Run(file, "default", Plugins.load)
    run.go(lambda: run.stop() if len(run.played) == 1 else None)
    assert (len(run.played), run.error, run.stage) == (1, "", Stage.DONE)
    run.forget()
    early = Run(file, "default", Plugins.load)
    early.stop()
    early.go(lambda: None)
    assert (early.played, early.error) == ([], "")
    early.forget()


def test_forgotten_while_it_runs(file: Path) -> None:
    """It ends, and its log goes then."""
    run = Run(file, "default", Plugins.load)
    run.go(lambda: run.forget() if len(run.played) == 1 else None)
    assert (len(run.played), run.log.exists()) == (1, False)


@pytest.mark.parametrize(("profile", "why"), [("nobody", "no profile is called"), ("default", "cannot be read")])
def test_what_cannot_be(tmp_path: Path, file: Path, profile: str, why: str) -> None:
    """It is said."""
    run = Run(file if profile == "nobody" else tmp_path, profile, Plugins.load)
    run.go(lambda: None)
    assert why in run.error
    assert run.is_over
    run.forget()


def test_trouble_with_the_disk_is_told(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No room for its log, or a path that no file can have: nothing is raised, and there is nothing to clean up."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    for path, why in ((file, "No such file"), (tmp_path / "a\x1b[1m\0b", "embedded null byte")):
        run = Run(path, "default", Plugins.load)
        run.go(lambda: None)
        assert why in run.error
        assert (run.stage, run.error.isprintable()) == (Stage.DONE, True)
        run.forget()
