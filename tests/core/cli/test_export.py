"""`penstock export`."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest

from tests.core.cli.conftest import Run


def _document(run: Run, *options: str) -> dict[str, Any]:
    found = run("export", *options)
    assert found.exit_code == 0, found.output
    document: dict[str, Any] = json.loads(found.stdout)
    return document


def test_is_everything_by_exchange(run: Run, store: Path) -> None:
    """Each exchange with its own events in order, what it was, and how it ended; facts about the proxy beside them."""
    document = _document(run)
    assert [x["id"] for x in document["exchanges"]] == ["aa", "bb", "cc"]
    first = document["exchanges"][0]
    assert [e["kind"] for e in first["events"]] == ["received", "classified", "answered"]
    assert (first["session"], first["kind"], first["client"]) == ("session-1", "main", "claude-code")
    assert first["usage"] == {"input": 5, "output": 6}
    assert [x["outcome"] for x in document["exchanges"]] == ["answered", "failed", "open"]
    assert [e["kind"] for e in document["proxy"]] == ["started"]
    assert document["penstock"]


@pytest.mark.parametrize("option", [("--session", "session-1"), ("--conversation", "talk-1")])
def test_is_one_session_or_conversation(run: Run, store: Path, option: tuple[str, str]) -> None:
    """And nothing of any other: what is handed on may be for other eyes."""
    document = _document(run, *option)
    assert [x["id"] for x in document["exchanges"]] == ["aa", "bb"]
    assert document["proxy"] == []
    assert "talk-2" not in json.dumps(document)


def test_holds_no_credential(run: Run, store: Path) -> None:
    """P6: even where an older version wrote one into the log."""
    found = run("export").stdout
    assert "sk-ant-api03" not in found
    assert "[redacted api key]" in found


def test_writes_a_file_only_its_owner_reads(run: Run, store: Path, tmp_path: Path) -> None:
    """It holds what people said."""
    file = tmp_path / "out.json"
    found = run("export", "-o", str(file))
    assert (found.exit_code, found.stdout) == (0, "")
    assert "3 exchanges" in found.stderr
    assert json.loads(file.read_text(encoding="utf-8")) | {"exported_at": 0} == _document(run) | {"exported_at": 0}
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [f.name for f in tmp_path.glob("out*")] == ["out.json"]


def test_leaves_nothing_half_written(run: Run, store: Path, tmp_path: Path) -> None:
    """A file that cannot be written is named, and no part of it stays."""
    found = run("export", "-o", str(tmp_path / "no" / "out.json"))
    assert found.exit_code == 2
    assert str(tmp_path / "no" / "out.json") in found.stderr
    assert not (tmp_path / "no").exists()


def test_says_that_nobody_has_that_session(run: Run, store: Path) -> None:
    """A misspelled id is no empty document."""
    found = run("export", "--session", "session-3")
    assert (found.exit_code, found.stdout) == (2, "")
    assert "session-3" in found.stderr


def test_refuses_both(run: Run, store: Path) -> None:
    """A session and a conversation at once is a question nobody can answer."""
    found = run("export", "--session", "session-1", "--conversation", "talk-1")
    assert found.exit_code == 2
    assert "not both" in found.stderr
