"""Unified diffs, by file and hunk."""

from __future__ import annotations

import subprocess
from pathlib import Path

from penstock.memory.chunks import CHARS_PER_TOKEN, CHUNK_TOKENS
from penstock.memory.materials.diffs import file_of, split_diff


def _git(folder: Path, *words: str) -> str:
    command = ["git", "-c", "user.name=t", "-c", "user.email=t@t", "-c", "core.autocrlf=false", *words]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout


def test_what_git_shows_is_split_by_file(tmp_path: Path) -> None:
    """A new, a changed, a renamed and a deleted file, and one that is binary; the message stands first."""
    _git(tmp_path, "init", "-q")
    for name in ("kept.py", "old name.py", "gone.py"):
        (tmp_path / name).write_text("".join(f"{name} {n}\n" for n in range(20)))
    _git(tmp_path, "add", ".")
    _git(tmp_path, "commit", "-qm", "first")
    # A removed line of which the diff makes "--- x", and an added one that becomes "+++ x".
    (tmp_path / "kept.py").write_text("++ x\n" + (tmp_path / "kept.py").read_text().replace("kept.py 9", "-- y"))
    (tmp_path / "old name.py").rename(tmp_path / "new name.py")
    (tmp_path / "gone.py").unlink()
    (tmp_path / "image.bin").write_bytes(bytes(range(256)))
    (tmp_path / "new.py").write_text("fresh\n")
    _git(tmp_path, "add", ".")
    _git(tmp_path, "commit", "-qm", "Rename the kiln")
    found = split_diff(_git(tmp_path, "show", "-M"))
    message, *files = [piece.text for piece in found.kept]
    assert "Rename the kiln" in message
    assert [file_of(text) for text in files] == ["gone.py", "kept.py", "new name.py", "new.py"]
    assert "++ x" in files[1]
    assert found.skipped == ("image.bin: no line of it is in the diff",)


def test_without_gits_lines() -> None:
    """As `diff -u` writes it; a removed line that looks like a head begins no file."""
    one = "--- a/kiln.py\t2026-01-01\n+++ b/kiln.py\t2026-01-02\n@@ -1,2 +1,2 @@\n--- old\n+++ new\n same\n"
    two = "--- vents.py\n+++ vents.py\n@@ -1 +1 @@\n-open\n+shut\n"
    assert [file_of(piece.text) for piece in split_diff(one + two).kept] == ["kiln.py", "vents.py"]


def test_a_long_diff_names_its_file_in_every_part() -> None:
    """No part is longer than what memory keeps whole, and no line is lost."""
    hunks = [f"@@ -{n},2 +{n},2 @@\n-{'old ' * 40}{n}\n+{'new ' * 40}{n}\n same" for n in range(1, 40)]
    head = "diff --git a/kiln.py b/kiln.py\nindex 1..2\n--- a/kiln.py\n+++ b/kiln.py"
    parts = [piece.text for piece in split_diff("\n".join([head, *hunks])).kept]
    assert len(parts) > 3
    assert {file_of(part) for part in parts} == {"kiln.py"}
    assert all(len(part) < CHUNK_TOKENS * CHARS_PER_TOKEN + 200 for part in parts)
    assert sum(part.count("\n+new") for part in parts) == 39


def test_what_is_no_diff_is_said() -> None:
    """And what was expected."""
    found = split_diff("I changed the kiln.")
    assert not found.kept
    assert "unified diff" in found.skipped[0]
