"""What holds for every output, whatever its kind."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from types import FrameType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock import Aggressiveness, KnownContent, ToolOutput, handle_of
from penstock.tokens.estimate import estimate
from penstock_plugins.trim import compress
from penstock_plugins.trim.compress import LARGEST
from penstock_plugins.trim.kinds import kind_of
from penstock_plugins.trim.names import names_in
from tests.plugins.trim import outputs
from tests.sizing import examples

SETTINGS: tuple[Aggressiveness, ...] = ("safe", "balanced", "bold")
TOOLS = ("Read", "Bash", "Grep", "Edit", "WebFetch", "")

LINES = st.one_of(
    st.text(max_size=60),
    st.sampled_from([line for output in outputs.KINDS.values() for line in output.text.split("\n")[:40]]),
    st.sampled_from(
        ["<system-reminder>", "</system-reminder>", "[the line above 3 times]", "--", "\x1b[31m", "\r", "\ud800"]
    ),
)


@settings(max_examples=examples(25), deadline=None)
@given(st.lists(LINES, min_size=1, max_size=60), st.sampled_from(TOOLS), st.sampled_from(SETTINGS), st.integers(1, 4))
def test_never_larger_never_raises(lines: list[str], tool: str, aggressiveness: Aggressiveness, often: int) -> None:
    """Any text at all, cut out of any kinds: a shorter one comes back, or nothing; the same each time."""
    output = ToolOutput(
        "\n".join(lines * often), tool, {"new_string": "\n".join(lines[:9])}, "the tank", aggressiveness
    )
    found = compress(output)
    assert found == compress(output)
    if found is not None:
        assert 0 < len(found.text) < len(output.text)
        assert estimate(found.text) <= estimate(output.text)
        assert 0 <= found.lines_kept <= found.lines


@pytest.mark.parametrize("aggressiveness", SETTINGS)
def test_the_clients_own_reminders_stay(aggressiveness: Aggressiveness) -> None:
    """What a client wraps in its reminder is not the tool's output."""
    reminder = "<system-reminder>\nWhether or not this file is short,\nmind the ladder.\n</system-reminder>"
    found = compress(ToolOutput(outputs.read_file() + "\n\n" + reminder, "Read", {}, "", aggressiveness))
    assert found is not None
    assert reminder in found.text


def test_a_file_stays_whole_in_safe() -> None:
    """Ground truth for an edit to come."""
    found = compress(outputs.KINDS["source"])
    assert found is not None
    assert found.lossless


def wordy() -> str:
    """A file with long comments between its functions."""
    rows = (
        (
            f"func Pick{row}() {{",
            *["\t// the ladder is old and leans on the wall, so mind where it stands before you send for the press"]
            * 6,
            "}",
        )
        for row in range(60)
    )
    return "\n".join(f"{number:>6}→{line}" for number, line in enumerate((line for row in rows for line in row), 1))


WORDY = ToolOutput(wordy(), "Read", {"file_path": "a.go"})


def test_an_asked_range_stays_whole_in_balanced() -> None:
    """The agent named the lines it wants; the whole file may be cut, a named range not."""
    asked = replace(WORDY, input={"file_path": "a.go", "offset": 1, "limit": 900}, aggressiveness="balanced")
    found = compress(asked)
    whole = compress(replace(WORDY, aggressiveness="balanced"))
    assert found is not None
    assert whole is not None
    assert found.lossless
    assert not whole.lossless


def test_numbers_that_follow_from_those_above_may_go() -> None:
    """From a file that stays whole too, where the agent can ask for the original; else from its blank lines alone, and
    a tab stands for the arrow."""
    rows = ((f"def pick_{row}():", f"    put({row})", f"    log('error {row}')", "") for row in range(40))
    lines = [line for row in rows for line in row]
    text = "\n".join(f"{number:>6}→{line}" for number, line in enumerate(lines, 201))
    output = ToolOutput(text, "Read", {"file_path": "a.py", "offset": 201}, "", "balanced")
    found = compress(output)
    careful = compress(replace(output, can_expand=False, aggressiveness="bold"))
    assert found is not None
    assert careful is not None
    for one, sign in ((found, "→"), (careful, "\t")):
        number, again = 200, []
        for line in one.text.split("\n"):
            shown, _, rest = line.rpartition(sign)
            number = int(shown) if shown else number + 1
            again.append(f"{number:>6}→{rest}")
        assert "\n".join(again) == text
    named = [f"{number}→{line}" for number, line in enumerate(lines, 201) if "def" in line or "error" in line]
    assert all(line in found.text for line in named)
    assert "→" not in careful.text
    assert careful.text.count("\t") == len(lines) - sum(not line and at % 5 > 0 for at, line in enumerate(lines, 201))


def test_numbers_stay_where_a_line_could_be_taken_for_one_with_a_number() -> None:
    text = "\n".join(f"{number:>6}→{7 * number}→ a line of a file that shows another" for number in range(1, 40))
    output = ToolOutput(text, "Read", {"file_path": "a.txt", "offset": 1}, "", "balanced")
    for one in (output, replace(output, can_expand=False)):
        found = compress(one)
        assert found is not None
        assert found.text == text.replace("  ", "").replace("\n ", "\n").strip()


def test_the_question_decides_what_stays() -> None:
    """Of two equal functions the one asked about keeps its body."""
    text = "\n".join(line for index in range(40) for line in _function(index))
    numbered = "\n".join(f"{number:>6}→{line}" for number, line in enumerate(text.split("\n"), 1))
    found = compress(ToolOutput(numbered, "Read", {}, "why does the quince press overflow?", "balanced"))
    assert found is not None
    assert _body(17) in found.text


def _function(index: int) -> list[str]:
    fruit = "quince" if index == 17 else "apple"
    return [
        f"def press_{index}(tank):",
        f"    # the {fruit} press may overflow" if index == 17 else "    # the usual",
        _body(index),
        "",
    ]


def _body(index: int) -> str:
    return (
        "    tank.fill(until=tank.edge, slowly=True, lid=None)"
        if index != 17
        else "    the quince press fills tank till edge slow"
    )


@pytest.mark.parametrize("name", ["source", "unnumbered source", "prose", "diff", "output"])
def test_the_names_in_a_hole_are_told(name: str) -> None:
    """What an agent may look for by its name can be found in the cut output, and asked for; of a hole with many names
    some are told, and how many more there are."""
    output = replace(outputs.KINDS[name], aggressiveness="bold")
    found = compress(output)
    assert found is not None
    told = names_in_all(found.text)
    kind = kind_of(output)
    if re.search(r" and \d+ more$", found.text, re.MULTILINE):
        return
    for line in kind.repack(output):
        if not (kind.noise and kind.noise.match(line.text)):
            assert names_in(line.text) <= told | names_in_all(str(output.input) + " " + output.question)


def names_in_all(text: str) -> set[str]:
    return {name for line in text.split("\n") for name in names_in(line)}


LOG = "\n".join(f"step {n}: read module_{n % 7} and wrote table_{n}, took {n * 3} ms" for n in range(400))
STEPS = ToolOutput(LOG, "Bash", {"command": "make"}, "why is it slow?")


@pytest.mark.parametrize("name", sorted(outputs.KINDS))
def test_what_cannot_be_asked_for_again_is_kept_with_more_care(name: str) -> None:
    """Where the agent has no tool that shows the original, no aggressiveness leaves less of an output."""
    for aggressiveness in SETTINGS:
        output = replace(outputs.KINDS[name], aggressiveness=aggressiveness)
        without, given = compress(replace(output, can_expand=False)), compress(output)
        if without is not None and given is not None:
            assert without.lines_kept >= given.lines_kept, aggressiveness


def test_a_file_stays_whole_where_it_cannot_be_asked_for_again() -> None:
    """In `balanced`: it may be about to be edited."""
    output = replace(outputs.KINDS["source"], aggressiveness="balanced", can_expand=False)
    found = compress(output)
    assert found is None or found.lossless


def test_a_hole_with_many_names_tells_some() -> None:
    """A list of hundreds of names says nothing."""
    found = compress(replace(STEPS, aggressiveness="bold"))
    assert found is not None
    assert re.search(r" and \d+ more$", found.text, re.MULTILINE)
    assert max(map(len, found.text.split("\n"))) < 300


def test_the_way_back_is_one_the_agent_has() -> None:
    """The tool `expand` where there is one; else the call itself for what it gives again, the command for the rest."""
    search = replace(outputs.KINDS["search results"], aggressiveness="bold")
    for output, way in (
        (search, f"; see all: expand {handle_of(search.text)}]"),
        (replace(search, can_expand=False), "; run it again for all, in parts]"),
        (replace(STEPS, aggressiveness="bold", can_expand=False), f"; see all: penstock expand {handle_of(LOG)}]"),
    ):
        found = compress(output)
        assert found is not None
        assert found.text.split("\n")[0].endswith(way)


def test_an_asked_range_is_the_way_back_to_a_file() -> None:
    """Without the tool `expand`, a range that the agent asks for comes whole in `bold` too."""
    asked = replace(WORDY, input={"file_path": "a.go", "offset": 1}, aggressiveness="bold")
    cut, whole = compress(asked), compress(replace(asked, can_expand=False))
    assert cut is not None
    assert not cut.lossless
    assert whole is not None
    assert whole.lossless


def test_what_stands_in_the_conversation_is_no_news() -> None:
    """Names already sent do not earn a line its place again."""
    lines = [f"{number:>6}→\tladder{number}Height := measureRow{number}(basketOf{number})" for number in range(1, 200)]
    output = ToolOutput("\n".join(lines), "Read", {}, "", "bold")
    names = frozenset(name for line in lines for name in names_in(line))
    fresh = compress(output)
    known = compress(replace(output, seen=lambda: KnownContent(names)))
    assert fresh is not None
    assert known is not None
    assert known.lines_kept < 0.5 * fresh.lines_kept


@pytest.mark.parametrize("text", ["", "short", "x" * (LARGEST + 1), "x" * 2_000_000])
def test_tiny_and_huge_outputs_are_left_alone(text: str) -> None:
    assert compress(ToolOutput(text, "Bash", {}, "", "bold")) is None


def hostile(size: int) -> dict[str, str]:
    """Texts made for patterns that try again from every place."""
    return {
        "one word": "a" * size,
        "dashes": "a-" * (size // 2),
        "slashes": "a/" * (size // 2),
        "dots": "a." * (size // 2),
        "blanks": " " * size + "x",
        "blank lines": "\n" * size,
        "tabs": "\t" * size + "├",
        "bars": ("│" + " " * 7) * (size // 8),
        "brackets": "[" * size,
        "nested": '{"a":' * 500 + "1" + "}" * 500 + " " * 300,
        "colons": "a:1:" * (size // 4),
        "numbers": "\n".join(str(index) for index in range(size // 6)),
        "alike": "\n".join(f"row {index} of {index}" for index in range(size // 16)),
        "at": " at (" * (size // 5),
        "tags": "<" * size,
        "quotes": '"' * size,
        "escapes": "\x1b[" * (size // 2),
        "returns": "x\r" * (size // 2),
        "numbered": "\n".join(f"{index:>6}→" for index in range(1, size // 8)),
        "hits": "\n".join(f"a/b.go:{index}:x" for index in range(size // 12)),
    }


def operations(output: ToolOutput) -> int:
    """Calls made, those into C included: a clock would measure the machine."""
    count = 0

    def note(frame: FrameType, event: str, arg: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(note)
    try:
        compress(output)
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize("name", hostile(8))
@pytest.mark.parametrize("aggressiveness", SETTINGS)
def test_twice_the_text_is_about_twice_the_work(name: str, aggressiveness: Aggressiveness) -> None:
    """Linear in what comes, sorting aside, for texts of the worst kind."""
    small, large = (
        operations(ToolOutput(hostile(size)[name], "Bash", {}, "row", aggressiveness)) for size in (16_000, 32_000)
    )
    assert large <= 2.6 * small + 2_000


@pytest.mark.parametrize("name", hostile(8))
def test_hostile_texts_run_through(name: str) -> None:
    """A pattern that backtracks would hang here."""
    found = compress(ToolOutput(hostile(200_000)[name], "Bash", {}, "row", "bold"))
    assert found is None or len(found.text) < 200_000 * 2
