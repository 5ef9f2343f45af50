"""A file of prompts."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.base.errors import PenstockError
from penstock.replay import prompts
from penstock.replay.prompts import Prompt, mentioned, prompts_of, read_prompts


def written(folder: Path, raw: bytes) -> Path:
    file = folder / "prompts.txt"
    file.write_bytes(raw)
    return file


def test_one_a_line(tmp_path: Path) -> None:
    """Blank lines and comments are passed over, whatever ends a line; the numbers are the file's."""
    found = read_prompts(written(tmp_path, "\ufeff# about\nfirst\r\n\n   second é \n#x\nthird".encode()))
    assert found.found == [Prompt(2, "first"), Prompt(4, "second é"), Prompt(6, "third")]
    assert found.faults == []


def test_clear_begins_anew(tmp_path: Path) -> None:
    """It is no prompt itself."""
    found = read_prompts(written(tmp_path, b"one\n/clear\n\n/clear\ntwo\nthree\n/clear\n"))
    assert [(p.text, p.after_clear) for p in found.found] == [("one", False), ("two", True), ("three", False)]


def test_what_is_no_text_is_said_by_its_line(tmp_path: Path) -> None:
    """And the others are taken."""
    found = read_prompts(written(tmp_path, b"one\nab\xffc\ntwo\n\xc3\n"))
    assert [p.text for p in found.found] == ["one", "two"]
    assert [fault.partition(": ")[2] for fault in found.faults] == [
        "line 2: byte 3 is no UTF-8 (0xff)",
        "line 4: byte 1 is no UTF-8 (0xc3)",
    ]


@pytest.mark.parametrize(
    ("raw", "why"), [(b"", "holds no prompt"), (b"# a\n\n", "holds no prompt"), (b"\xff\n", "line 1: byte 1")]
)
def test_nothing_to_send(tmp_path: Path, raw: bytes, why: str) -> None:
    """It is said before anything is begun."""
    with pytest.raises(PenstockError, match=why):
        read_prompts(written(tmp_path, raw))


def test_what_cannot_be_read(tmp_path: Path) -> None:
    """The file, and why."""
    with pytest.raises(PenstockError, match="No such file"):
        read_prompts(tmp_path / "none.txt")
    with pytest.raises(PenstockError, match="cannot be read"):
        read_prompts(tmp_path)


def test_so_many_faults_are_told_and_all_are_counted(tmp_path: Path) -> None:
    """P14: a picture is no list of prompts."""
    found = read_prompts(written(tmp_path, b"\xff\n" * 500 + b"one"))
    assert (len(found.faults), found.left_out) == (prompts.FAULTS, 500)


def test_it_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """P14: in bytes, and in prompts."""
    monkeypatch.setattr(prompts, "MOST", 3)
    with pytest.raises(PenstockError, match="4 prompts; at most 3"):
        read_prompts(written(tmp_path, b"a\nb\nc\nd"))
    monkeypatch.setattr(prompts, "FILE_BYTES", 5)
    with pytest.raises(PenstockError, match="is larger"):
        read_prompts(written(tmp_path, b"a\nb\nc\nd"))


@given(st.lists(st.binary(max_size=12), max_size=6))
def test_any_bytes(tmp_path_factory: pytest.TempPathFactory, lines: list[bytes]) -> None:
    """Prompts, faults, or an error in words."""
    file = written(tmp_path_factory.mktemp("p"), b"\n".join(lines))
    try:
        found = read_prompts(file)
    except PenstockError:
        return
    assert all(prompt.text.strip() for prompt in found.found)


def test_files_are_read_and_words_are_words(tmp_path: Path) -> None:
    """Beside the folder, or by the full path; each once; an address is none."""
    (tmp_path / "docs").mkdir()
    plan = tmp_path / "docs" / "plan.md"
    plan.write_text("the plan é", encoding="utf-8")
    said = f"Compare @docs/plan.md, @docs/plan.md and (not) @{plan}. Write to ada@docs/plan.md or @nobody."
    assert mentioned(said, tmp_path) == {"docs/plan.md": "the plan é", str(plan): "the plan é"}
    assert mentioned("@docs is a folder", tmp_path) == {}


def test_what_is_no_text_is_left(tmp_path: Path) -> None:
    """Empty files too."""
    (tmp_path / "picture.png").write_bytes(b"\x89PNG\0\0")
    (tmp_path / "empty").touch()
    assert mentioned("@picture.png @empty @a\0b @~nobody-here/x", tmp_path) == {}


def test_files_are_bounded(tmp_path: Path) -> None:
    """P14: in files of a prompt, and in bytes of a file."""
    for n in range(prompts.MENTIONS + 2):
        (tmp_path / f"f{n}").write_text("x" * (prompts.MENTION_BYTES + 5), encoding="utf-8")
    found = mentioned(" ".join(f"@f{n}" for n in range(prompts.MENTIONS + 2)), tmp_path)
    assert len(found) == prompts.MENTIONS
    assert {len(text) for text in found.values()} == {prompts.MENTION_BYTES}


def test_prompts_of_a_list() -> None:
    """Each may have several lines, and begin with #; /clear resets the history, and what is blank is none."""
    found = prompts_of(["one\ntwo", " /clear ", "", "# three"])
    assert [(one.line, one.text, one.after_clear) for one in found.found] == [
        (1, "one\ntwo", False),
        (4, "# three", True),
    ]
    with pytest.raises(PenstockError, match="no prompt"):
        prompts_of(["", "/clear"])
