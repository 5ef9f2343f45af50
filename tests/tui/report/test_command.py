"""`penstock report`, and files from the screen."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from penstock.cli import build
from penstock_tui.report.write import export_session, report_session
from tests.tui.logs import Log, paid_life
from tests.tui.pilot import screen_of
from tests.tui.screens.days import a_day


def report(log: Log, file: Path, *words: str) -> Result:
    return CliRunner().invoke(build(), ["report", "--store", str(log.path), "-o", str(file), *words])


def test_a_page_in_one_file(log: Log, tmp_path: Path) -> None:
    """With all that draws it; for its owner alone; of the newest session unless another is named."""
    a_day(log)
    file = tmp_path / "r.html"
    found = report(log, file)
    assert found.exit_code == 0
    assert "Wrote 1 exchange of session evening (the newest; --session all for everything) to" in found.stderr
    text = file.read_text(encoding="utf-8")
    assert "Session evening" in text
    assert text.count("<svg") == 6
    assert len(text) < 1_500_000
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_it_says_why_little_was_saved(log: Log, tmp_path: Path) -> None:
    """With the numbers of the session."""
    log.exchange(paid_life(0.5, 0.5))
    assert report(log, tmp_path / "r.html").exit_code == 0
    assert "There is no history to shorten: 1 request" in (tmp_path / "r.html").read_text(encoding="utf-8")


def test_what_is_there_stays_unless_forced(log: Log, tmp_path: Path) -> None:
    """Nothing is overwritten unasked."""
    a_day(log)
    file = tmp_path / "r.html"
    file.write_text("mine", encoding="utf-8")
    found = report(log, file)
    assert found.exit_code == 2
    assert f"{file} is there already: name another file, or --force replaces it" in found.stderr
    assert file.read_text(encoding="utf-8") == "mine"
    assert report(log, file, "--force", "--session", "all").exit_code == 0
    assert "All sessions" in file.read_text(encoding="utf-8")


def test_nobody_has_that_session(log: Log, tmp_path: Path) -> None:
    """It is said, and no file is written."""
    a_day(log)
    found = report(log, tmp_path / "r.html", "--session", "noon")
    assert (found.exit_code, "'noon'" in found.stderr) == (2, True)
    assert not (tmp_path / "r.html").exists()


def test_files_of_a_session_get_names_of_their_own(log: Log, tmp_path: Path) -> None:
    """Twice is two files; a session without a name is known by its conversation."""
    a_day(log)
    files = [export_session(log.path, "morning", tmp_path, is_named=True) for _ in range(2)]
    assert [file.name for file in files] == ["penstock-morning.json", "penstock-morning-2.json"]
    assert json.loads(files[0].read_text(encoding="utf-8"))["only"] == {"session": "morning"}
    page = report_session(log.path, "talk-1", tmp_path, is_named=False)
    assert page.name == "penstock-talk-1.html"


@pytest.mark.parametrize(("key", "suffix"), [("x", "json"), ("h", "html")])
async def test_from_the_sessions_room(
    log: Log, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str, suffix: str
) -> None:
    """The session under the cursor; it is said where the file is."""
    monkeypatch.chdir(tmp_path)
    a_day(log)
    async with screen_of(log) as screen:
        await screen.press("5")
        await screen.sees("codex")
        await screen.press(key)
        await screen.sees(f"penstock-evening.{suffix}")
    assert (tmp_path / f"penstock-evening.{suffix}").exists()


async def test_a_folder_that_cannot_be_written(log: Log, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is said, without a traceback."""
    gone = tmp_path / "gone"
    a_day(log)
    async with screen_of(log) as screen:
        monkeypatch.setattr("penstock_tui.screens.sessions.Path.cwd", lambda: gone)
        await screen.press("5")
        await screen.sees("codex")
        await screen.press("x")
        await screen.sees("cannot be written")


def test_without_a_file_it_gets_a_new_name(log: Log, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In this folder; it says which, of how many sessions it is, and how all are shown."""
    monkeypatch.chdir(tmp_path)
    a_day(log)
    words = ["report", "--store", str(log.path)]
    for name in ("penstock-last.html", "penstock-last-2.html"):
        found = CliRunner().invoke(build(), [*words, "--force"])
        assert found.exit_code == 0
        assert f"--session all for everything) to {tmp_path / name}" in found.stderr
        assert (tmp_path / name).is_file()
    assert "1 exchange of session evening (the newest;" in found.stderr
    assert "the newest" not in CliRunner().invoke(build(), [*words, "--session", "all"]).stderr
