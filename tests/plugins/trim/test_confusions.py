"""No kind of output is taken for another."""

from __future__ import annotations

import pytest

from penstock import ToolOutput
from penstock_plugins.trim import compress
from penstock_plugins.trim.kinds import kind_of
from tests.plugins.trim.clutter import PRINTED, SAID


@pytest.mark.parametrize("name", PRINTED)
def test_what_tools_print_is_taken_for_what_it_is(name: str) -> None:
    """The content alone tells, whatever command printed it."""
    kind, command, text = PRINTED[name]
    assert kind_of(ToolOutput(text, "Bash", {"command": command})).name == kind


@pytest.mark.parametrize("name", [name for name, (kind, _, _) in PRINTED.items() if kind == "log"])
def test_a_long_log_keeps_its_ends_and_one_entry_of_each_form(name: str) -> None:
    """Whoever reads on sees how it began, where it stands, and what sorts of entries there are, with their counts."""
    _, command, text = PRINTED[name]
    lines = text.split("\n")
    found = compress(ToolOutput(text, "Bash", {"command": command}, aggressiveness="balanced"))
    assert found is not None
    kept = found.text.split("\n")
    assert [line for line in lines[-10:] if line not in kept] == []
    assert lines[0] in kept
    assert all(said in found.text for said in SAID if said in text)


@pytest.mark.parametrize("name", [name for name, (kind, _, _) in PRINTED.items() if kind == "log"])
def test_a_log_stays_whole_in_safe(name: str) -> None:
    """Which of its entries matter nobody can tell."""
    _, command, text = PRINTED[name]
    found = compress(ToolOutput(text * 3, "Bash", {"command": command}, aggressiveness="safe"))
    assert found is None or found.lossless


def test_a_bracket_in_a_path_is_a_part_of_it() -> None:
    """As routers of web frameworks name their files."""
    text = "\n".join(f"app/[row]/(pick)/page.tsx:{n}:  raise(row)" for n in range(60))
    found = compress(ToolOutput(text, "Bash", {"command": "grep -rn raise app"}))
    assert found is not None
    assert found.lossless
    assert found.text.startswith("app/[row]/(pick)/page.tsx\n0:  raise(row)\n")
