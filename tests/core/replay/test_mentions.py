"""Files that a prompt names."""

from __future__ import annotations

from pathlib import Path

from penstock.replay import mentions
from penstock.replay.mentions import Mention, mentioned


def test_files_are_read_and_words_are_words(tmp_path: Path) -> None:
    """Beside the folder, or by the full path; each once; an address is none."""
    (tmp_path / "docs").mkdir()
    plan = tmp_path / "docs" / "plan.md"
    plan.write_text("the plan é", encoding="utf-8")
    said = f"Compare @docs/plan.md, @docs/plan.md and (not) @{plan}. Write to ada@docs/plan.md or @nobody."
    assert mentioned(said, tmp_path) == [Mention("docs/plan.md", "the plan é"), Mention(str(plan), "the plan é")]
    assert mentioned("@docs is a folder", tmp_path) == []


def test_what_is_no_text_is_left(tmp_path: Path) -> None:
    """Empty files too."""
    (tmp_path / "picture.png").write_bytes(b"\x89PNG\0\0")
    (tmp_path / "empty").touch()
    assert mentioned("@picture.png @empty @a\0b @~nobody-here/x", tmp_path) == []


def test_it_is_bounded(tmp_path: Path) -> None:
    """P14: in files of a prompt, and in bytes of a file."""
    for n in range(mentions.MOST + 2):
        (tmp_path / f"f{n}").write_text("x" * (mentions.FILE_BYTES + 5), encoding="utf-8")
    found = mentioned(" ".join(f"@f{n}" for n in range(mentions.MOST + 2)), tmp_path)
    assert len(found) == mentions.MOST
    assert {len(one.text) for one in found} == {mentions.FILE_BYTES}
