"""Names for snapshots."""

from __future__ import annotations

from pathlib import Path

from penstock_tui.report.share import free_name


def test_a_free_name(tmp_path: Path) -> None:
    """After the session; a number where that is taken; nothing of a name leads out of the folder."""
    first = free_name(tmp_path, "../../etc/pass wd", ".json")
    assert first == tmp_path / "penstock-etc-pass-wd.json"
    first.touch()
    assert free_name(tmp_path, "../../etc/pass wd", ".json").name == "penstock-etc-pass-wd-2.json"
    assert free_name(tmp_path, "///", ".html").name == "penstock-session.html"


def test_a_link_has_its_name(tmp_path: Path) -> None:
    """Also one that leads nowhere: what is written there would be written elsewhere."""
    (tmp_path / "penstock-s.json").symlink_to(tmp_path / "nowhere")
    assert free_name(tmp_path, "s", ".json").name == "penstock-s-2.json"
