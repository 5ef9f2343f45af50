"""What is called lossless can be undone."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock import ToolOutput
from penstock_plugins.trim import compress
from penstock_plugins.trim.kinds.diff import again, once
from penstock_plugins.trim.kinds.json import JSON
from penstock_plugins.trim.kinds.search import group, ungroup
from penstock_plugins.trim.kinds.source import NUMBERED, numbered
from penstock_plugins.trim.terminal import expand, fold, folded, screen, shown
from tests.plugins.trim import outputs
from tests.plugins.trim.flat import unflat
from tests.sizing import examples

CODE = st.text(st.characters(exclude_characters="\n"), max_size=30)


def restore(text: str) -> str:
    """The text as it was before `numbered`: numbers are padded to six columns again."""
    return "\n".join(_pad(line) for line in text.split("\n"))


def _pad(line: str) -> str:
    found = NUMBERED.match(line)
    return f"{found[2][:-1]:>6}{found[2][-1]}{found[3]}" if found and not found[1] else line


@given(st.lists(CODE, min_size=1, max_size=40), st.integers(1, 2_000_000))
def test_a_margin_comes_back_byte_for_byte(lines: list[str], start: int) -> None:
    """Line numbers lose the blanks before them, and nothing else."""
    text = "\n".join(f"{number:>6}→{line}" for number, line in enumerate(lines, start))
    assert restore("\n".join(str(line) for line in numbered(text))) == text


@given(st.text(st.sampled_from(" 1→\t\na"), max_size=60))
def test_odd_margins_stay_as_they_are(text: str) -> None:
    """Numbers that stand otherwise than the usual reader puts them are not touched, so nothing is ever misread."""
    packed = "\n".join(str(line) for line in numbered(text))
    assert restore(packed) == text or packed == text


HEADS = ["diff --git a/x.py b/x.py", "index 1..2 100644", "--- a/x.py", "+++ b/x.py", "@@ -1 +1 @@", "-a", "+b"]
OTHERS = [
    "diff --git a/y b/z",
    "diff --git a/y b/y",
    "--- /dev/null",
    "+++ b/y",
    "--- a/y",
    "--- a",
    "+++ b/error.go",
    "",
]


@given(st.lists(st.sampled_from([*HEADS, *OTHERS]), max_size=30))
def test_the_names_in_a_diff_come_back(lines: list[str]) -> None:
    """Or each stays where it was, where something else could be read from what is left."""
    for text in (lines, HEADS * 3 + lines):
        packed = once(text)
        assert text in (again(packed), packed)


def test_a_diff_names_each_file_once() -> None:
    packed = once(HEADS * 3)
    assert sum("x.py" in line for line in packed) == 3


HITS = st.one_of(
    st.builds(
        "{}{}{}{}{}".format,
        st.sampled_from(["a/b.go", "/r/a/b.go", "/r/c.md", "c.md", "d-12-e.py"]),
        sep := st.shared(st.sampled_from(":-")),
        st.integers(1, 99),
        sep,
        st.sampled_from(["x := 1", "", "a: b", "12:00", "it failed"]),
    ),
    st.sampled_from(["--", "", "12:x", "c.md", "Found 3 files", "[paging: 20]"]),
)


@given(st.lists(HITS, max_size=30))
def test_grouped_hits_come_back_line_by_line(lines: list[str]) -> None:
    """Or they were not grouped at all, where a reader might take something else for a path."""
    packed = [line.text for line in group(lines)]
    assert lines in (ungroup(packed), packed)


def test_hits_with_two_forms_of_path_are_grouped() -> None:
    """Short in lines with a colon, long in the others: as a client writes them."""
    lines = outputs.search().split("\n")
    packed = [line.text for line in group(lines)]
    assert ungroup(packed) == lines
    assert sum(map(len, packed)) < 0.75 * sum(map(len, lines))


STEPS = st.sampled_from(
    ["row 1 ripe", "row 2 ripe", "row 3 ripe", "row 12 of 12", "tank", "tank error 4", "7", "8", "9", ""]
)


@given(st.lists(STEPS, max_size=40))
def test_repeats_expand_back(lines: list[str]) -> None:
    """Equal lines and lines that differ in one number; of blank lines in a row one is enough."""
    once = [line for index, line in enumerate(lines) if line or index == 0 or lines[index - 1]]
    assert expand([line.text for line in fold(lines)]) == once


def test_a_screen_shows_the_last_state() -> None:
    found = compress(outputs.KINDS["output"])
    assert found is not None
    assert found.text.split("\n")[:3] == ["fetching orchard 100%", "waiting for the tank", "[the line above 50 times]"]
    assert screen("a\r\nb  ") == ["a", "b"]


def test_one_return_in_a_line_is_no_progress() -> None:
    """Only what was written over again and again goes."""
    assert screen("one\rtwo\n1 %\r50 %\r100 %") == ["one\rtwo", "100 %"]


@given(st.text(st.sampled_from("ab\r\t \x1b[0m\n"), max_size=80))
def test_the_lines_of_a_file_stay_to_the_character(text: str) -> None:
    """Where a call shows what stands in files, its output is no terminal's."""
    for call in ({"command": "cat notes.md"}, {"command": "sed -n 1,9p notes.md"}):
        output = ToolOutput(text, "Bash", call)
        assert shown(output) == text.split("\n")
        assert expand([line.text for line in folded(output)]) == text.split("\n")
    assert shown(ToolOutput(text, "Read")) == text.split("\n")
    assert shown(ToolOutput(text, "Bash", {"command": "make"})) == screen(text)


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=12)
    | st.sampled_from(
        ["a|b", "12", "-", "true", "NaN", "-Infinity", " x", "tank is full", "a line\n" * 14, "|3", "[2 rows: a|b]"]
    ),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["id", "name", "-", "a b", "", "x:y"]), inner, max_size=4)
        | st.lists(
            st.fixed_dictionaries({"id": st.integers()}, optional={"name": st.text(max_size=5)}), min_size=2, max_size=5
        )
    ),
    max_leaves=30,
)


@settings(max_examples=examples(40), deadline=None)
@given(st.lists(VALUES, max_size=5) | st.dictionaries(st.text(max_size=5), VALUES, max_size=5))
def test_every_value_of_json_survives(value: Any) -> None:
    """The lines read back give the same value, number forms and all."""
    text = json.dumps(value)
    lines = [line.text for line in JSON.repack(ToolOutput(text))]
    again = unflat(lines, isinstance(value, dict))
    assert json.dumps(again) == text


@pytest.mark.parametrize("text", ['{"a": 1.10, "b": "%s"}', '{"a": 1, "a": 2, "b": "%s"}', '{"a": NaN, "b": "%s"}'])
def test_json_that_would_change_its_form_is_left_alone(text: str) -> None:
    """Odd number forms, repeated keys: not for us to tidy."""
    assert compress(ToolOutput(text % ("x" * 600), "Bash")) is None
