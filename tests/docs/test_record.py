"""The moving pictures in the documents."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree

import pytest

SCRIPT = Path(__file__).parents[2] / "docs" / "record.py"
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def record() -> ModuleType:
    spec = importlib.util.spec_from_file_location("record", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["record"] = module  # its dataclass looks itself up
    spec.loader.exec_module(module)
    return module


def frames(record: ModuleType, *contents: str) -> list[object]:
    return [record.Frame(float(i), tuple(content.split("\n"))) for i, content in enumerate(contents)]


def test_a_film_is_one_picture_that_needs_nothing(record: ModuleType) -> None:
    """Well-formed, no script, nothing from elsewhere, one keyframe for each frame, still for who wants no motion."""
    svg = record.write(frames(record, "one\n<&>", "two\n<&>", "three\n"))
    root = ElementTree.fromstring(svg)
    assert {one.tag for one in root.iter()} <= {
        SVG + tag for tag in ("svg", "style", "rect", "defs", "g", "use", "text")
    }
    assert svg.count("http") == 1, "the name space alone"
    assert svg.count("{transform:translateX(") == 3
    assert "prefers-reduced-motion:reduce" in svg
    assert "".join(root.itertext()).count("<&>") == 1, "a line that stays is drawn once"


def test_a_still_does_not_move(record: ModuleType) -> None:
    assert "animation" not in record.write(frames(record, "one"))


def test_colours_and_styles(record: ModuleType) -> None:
    """Of the terminal: by number, by name, behind the letters, bold, and turned round."""
    svg = record.write(
        frames(record, "\x1b[1;38;2;1;2;3mbold\x1b[0m \x1b[48;2;9;8;7mground\x1b[0m \x1b[7mturned\x1b[0m")
    )
    assert 'fill="#010203" font-weight="bold">bold' in svg
    assert 'fill="#090807"' in svg
    assert f'fill="{record.GROUND}">turned' in svg


def test_long_waits_are_cut(record: ModuleType) -> None:
    """And what lies outside the moments that were asked for."""
    film = [record.Frame(at, (str(at),)) for at in (0.0, 1.0, 2.0, 60.0, 61.0)]
    assert [one.at for one in record.trimmed(film, 1.0, 60.5, 2.0)] == [0.0, 1.0, 3.0]
    with pytest.raises(SystemExit, match="no frame"):
        record.trimmed(film, 100.0, 200.0, 2.0)


@pytest.mark.skipif(shutil.which("tmux") is None, reason="no tmux here")
def test_films_a_pane_until_it_is_gone(record: ModuleType, tmp_path: Path) -> None:
    """On a tmux of its own."""
    tmux = ["tmux", "-f", "/dev/null", "-S", str(tmp_path / "s")]
    subprocess.run([*tmux, "new-session", "-d", "-x", "40", "-y", "5", "printf here; read line"], check=True)
    try:
        film = record.capture("", 60, 0.01, server=tmux)
        seen = next(frame for frame in film if "here" in frame.lines[0])
        assert len(seen.lines) == 5
        subprocess.run([*tmux, "send-keys", "Enter"], check=True)
        assert all("here" in frame.lines[0] for frame in film), "it ends with the pane"
    finally:
        subprocess.run([*tmux, "kill-server"], capture_output=True, check=False)
