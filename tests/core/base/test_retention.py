"""The oldest go, and nothing else."""

from __future__ import annotations

from pathlib import Path

from penstock.base.retention import keep_newest


def test_the_newest_of_a_pattern_stay(tmp_path: Path) -> None:
    for name in ("b-2.x", "b-1.x", "b-3.x", "a-0.x", "b-0.y"):
        (tmp_path / name).touch()
    (tmp_path / "b-0.x").symlink_to(tmp_path / "a-0.x")
    assert [file.name for file in keep_newest(tmp_path, "b-*.x", 2)] == ["b-1.x"]
    assert keep_newest(tmp_path, "b-*.x", 2) == []
    assert len(list(tmp_path.iterdir())) == 5
    assert keep_newest(tmp_path / "missing", "*", 0) == []
