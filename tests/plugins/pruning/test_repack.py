"""The same content in fewer characters."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock_plugins.common.tool_calls import ToolKind
from penstock_plugins.pruning.repack import repack

PATHS = st.sampled_from(["shop/cart.py", "shop/till.py", "./a/b.go", "/srv/x/y.ts"])
HITS = st.lists(
    st.tuples(PATHS, st.integers(1, 900), st.sampled_from(":-"), st.text("abc :-/", max_size=12)), max_size=20
)


@given(st.sampled_from(list(ToolKind)), st.text(st.characters(exclude_categories=["Cs"]), max_size=400))
def test_never_larger(kind: ToolKind, text: str) -> None:
    """Whatever comes, what leaves is no longer."""
    assert len(repack(kind, text, {})) <= len(text)


@given(HITS)
def test_every_hit_can_be_told_again(hits: list[tuple[str, int, str, str]]) -> None:
    """File, number and text of each hit are there, in order."""
    text = "\n".join(f"{path}{sign}{number}{sign}{said}" for path, number, sign, said in hits)
    found, path = [], ""
    for line in repack(ToolKind.SEARCH, text, {}).split("\n"):
        if again := re.match(r"\[the line above (\d+) more times\]", line):
            found += [found[-1]] * int(again[1])
        elif line.startswith(" "):
            found.append(path + line)
        elif line.endswith(":") and not re.search(r"[:-]\d+[:-]", line):
            path = line[:-1]
        elif line:
            found.append(line)
    told = [re.sub(r"[:\- ]", "", line) for line in found]
    assert told == [re.sub(r"[:\- ]", "", line) for line in text.split("\n") if line]


@given(st.lists(st.text("ab →\t", max_size=20), max_size=30))
def test_a_file_comes_back_to_the_character(lines: list[str]) -> None:
    """The padding before line numbers can be put back."""
    text = "\n".join(f"{n:6}→{line}" for n, line in enumerate(lines, 1))
    packed = repack(ToolKind.READ, text, {})
    again = "\n".join(f"{line.partition('→')[0]:>6}→{line.partition('→')[2]}" for line in packed.split("\n") if line)
    assert again == text


@pytest.mark.parametrize("command", ["cat notes.md", "sed -n 1,40p notes.md", "cd shop && head -50 notes.md"])
@given(st.text(st.sampled_from("ab\r\t \x1b[0m1\n"), max_size=200))
def test_a_file_that_a_command_shows_stays_to_the_character(command: str, text: str) -> None:
    """What a reader prints is the file: returns, blanks at the ends and in runs are a part of it."""
    assert repack(ToolKind.RUN, text, {"command": command}) == text


def test_numbers_that_a_command_put_before_lines_lose_their_padding() -> None:
    """Those that count; a table may begin with numbers too, and its blanks are its own."""
    counted, table = ("\n".join(f"{n:6}\tx = 1  " for n in numbers) for numbers in (range(1, 9), range(10, 90, 10)))
    assert repack(ToolKind.RUN, counted, {"command": "cat -n a.py"}) == counted.replace("     ", "")
    assert repack(ToolKind.RUN, table, {"command": "cat a.tsv"}) == table


def test_a_number_between_two_signs_that_differ_is_no_hit() -> None:
    """A search writes the same sign before and after it: what has two is a part of something else."""
    text = "\n".join(f"shop/cart-{n}:30: opened, row {n}" for n in range(9))
    assert repack(ToolKind.SEARCH, text, {}) == text
    assert repack(ToolKind.RUN, text, {"command": "make"}) == text


def test_a_date_in_a_path_is_a_part_of_it() -> None:
    """Though it has a number between dashes."""
    text = "\n".join(f"logs/2026-01-02.log:{n}:opened" for n in range(9))
    told = "logs/2026-01-02.log:\n" + "\n".join(f" {n}:opened" for n in range(9))
    assert repack(ToolKind.SEARCH, text, {}) == told


def test_hits_stay_to_the_character() -> None:
    """Of a search only the paths are told once: a hit is a line of a file."""
    text = "\n".join(f"shop/cart.py:{n}:one\rtwo  " for n in range(1, 6))
    told = "shop/cart.py:\n" + "\n".join(f" {n}:one\rtwo  " for n in range(1, 6))
    assert repack(ToolKind.SEARCH, text, {}) == told
    assert repack(ToolKind.RUN, text, {"command": "grep -rn one shop"}) == told


def test_only_what_was_written_over_again_and_again_is_progress() -> None:
    """One return in a line may be the line's own."""
    text = "one\rtwo " + "x" * 20 + "  \n1 %\r50 %\r100 %\r\ndone\r\n"
    assert repack(ToolKind.RUN, text, {"command": "make"}) == "one\rtwo " + "x" * 20 + "\n100 %\ndone\n"


def test_blank_lines_in_a_row_become_one() -> None:
    """Whether they are empty or only look so."""
    assert repack(ToolKind.RUN, "one" + "\n" * 99 + "two" + "\n \t" * 99 + "\nthree", {}) == "one\n\ntwo\n\nthree"
