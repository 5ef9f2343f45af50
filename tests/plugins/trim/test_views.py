"""A file that an agent looks at is known as one, whichever client, tool or command shows it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from penstock import Aggressiveness, ToolOutput
from penstock_plugins.trim import compress
from penstock_plugins.trim.kinds import kind_of

SETTINGS: tuple[Aggressiveness, ...] = ("safe", "balanced", "bold")
ELIXIR = [
    line
    for row in range(40)
    for line in (
        "  @doc false",
        f"  defp pick(%{{row: {row}}} = basket, ladder) do",
        f"    with {{:ok, fruit}} <- Ladder.raise(ladder, {row}) do",
        f"      basket |> Basket.put(fruit) |> broadcast!(:picked_{row})",
        "    end",
        "  end",
        "",
    )
]
YAML = [
    line for row in range(60) for line in (f"  row_{row}:", f"    image: orchard/press:{row}.1", "    restart: always")
]
NOTES = [line for row in range(50) for line in (f"- the ladder of row {row} leans on the old wall, mind it", "")]


def numbered(form: str) -> Callable[[list[str]], str]:
    return lambda lines: "\n".join(form.format(number, line) for number, line in enumerate(lines, 1))


def tagged(lines: list[str]) -> str:
    body = numbered("{}: {}")(lines)
    return f"<path>/orchard/f</path>\n<type>file</type>\n<content>\n{body}\n\n(End of file)\n</content>"


def scripted(lines: list[str]) -> str:
    return "Script completed\nWall time 0.1 seconds\nOutput:\n\n" + "\n".join(lines)


VIEWS: dict[str, tuple[str, dict[str, Any], Callable[[list[str]], str]]] = {
    "arrows": ("Read", {"file_path": "/orchard/f"}, numbered("{:>6}→{}")),
    "tabs": ("read_file", {"absolute_path": "/orchard/f"}, numbered("{:>6}\t{}")),
    "colons in tags": ("read", {"filePath": "/orchard/f"}, tagged),
    "bars": ("read_file", {"target_file": "f"}, numbered("{:>6}|{}")),
    "L and a colon": ("read_file", {"path": "f"}, numbered("L{}: {}")),
    "no numbers": ("read_text_file", {"path": "f"}, "\n".join),
    "cat": ("Bash", {"command": "cat lib/f"}, "\n".join),
    "sed": ("exec_command", {"cmd": "sed -n '1,400p' lib/f"}, "\n".join),
    "nl": ("shell", {"command": ["bash", "-lc", "nl -ba lib/f"]}, numbered("{:>6}\t{}")),
    "a script": ("exec", {"input": 'await tools.exec_command({cmd:"cat lib/f"})'}, scripted),
    "git show": ("run_shell_command", {"command": "git show HEAD:lib/f"}, "\n".join),
    "behind a test run": ("bash", {"command": "mix test | tail -5; cat f"}, "\n".join),
    "behind a heading": ("bash", {"command": "cd x && echo '== f =='; head -300 f; git diff"}, "\n".join),
}


@pytest.mark.parametrize("lines", [ELIXIR, YAML, NOTES], ids=["Elixir", "YAML", "notes"])
@pytest.mark.parametrize("view", VIEWS)
def test_a_file_stays_whole_where_it_cannot_be_asked_for_again(view: str, lines: list[str]) -> None:
    """The agent may be about to edit it: each line is there to the character, in every preset."""
    tool, given, show = VIEWS[view]
    for setting in SETTINGS:
        output = ToolOutput(show(lines), tool, given, "pick the fruit", setting, can_expand=False)
        found = compress(output)
        sent = output.text if found is None else found.text
        assert found is None or found.lossless, setting
        assert [line for line in lines if line not in sent] == [], setting


def test_a_file_of_json_keeps_its_form() -> None:
    """Where it stands on many lines: the next edit quotes them. On one line nobody does."""
    lines = [
        "{",
        *(f'  "row_{row}": {{ "ripe": true, "ladder": "{row} m" }},' for row in range(60)),
        '  "last": 1',
        "}",
    ]
    for view in ("cat", "a script", "no numbers"):
        tool, given, show = VIEWS[view]
        assert compress(ToolOutput(show(lines), tool, given, "", "balanced", can_expand=False)) is None


def test_a_log_that_is_shown_is_still_a_log() -> None:
    """What programs write is not edited."""
    text = "\n".join(f"2026-03-02T10:00:{row % 60:02d}Z INFO row {row} picked" for row in range(200))
    for command in ("tail -n 200 /var/log/press.log", "cat press.txt", "docker exec press cat /srv/out"):
        assert kind_of(ToolOutput(text, "Bash", {"command": command})).name == "log"


def test_a_file_in_a_reply_of_json_is_a_file() -> None:
    """As a script gives it that calls a tool and prints all it returned."""
    text = json.dumps({"exit_code": 0, "output": "\n".join(ELIXIR)})
    given = {"input": 'const r = await tools.exec_command({cmd:"cat lib/f"});text(JSON.stringify(r))'}
    found = compress(ToolOutput(text, "exec", given, "", "balanced", can_expand=False))
    assert found is None or found.lossless


def test_a_sub_agents_report_stays_whole_where_it_cannot_be_asked_for_again() -> None:
    """It was written for this agent: there is nowhere else to read it."""
    text = "\n".join(f"The press of row {row} leaks at its lower valve, see press_{row}.\n" for row in range(60))
    for tool in ("Task", "Agent", "spawn_agent"):
        found = compress(ToolOutput(text, tool, {"prompt": "look"}, "", "bold", can_expand=False))
        assert found is None or found.lossless


def test_what_the_client_wraps_around_an_output_stays() -> None:
    """And what is inside is known for what it is."""
    rows = ", ".join(f'{{"id": {row}, "tree": "pear tree {row}", "ripe": true}}' for row in range(40))
    head = "Exit code: 0\nWall time: 0.4 seconds\nOutput:"
    found = compress(ToolOutput(f"{head}\n[{rows}]\n", "shell", {"command": "orchard list --json"}))
    assert found is not None
    assert found.kind == "JSON"
    assert found.text.startswith(f"{head}\n[40 rows: id|tree|ripe]\n0|pear tree 0|true\n")


def test_a_folder_that_was_asked_for_is_no_noise() -> None:
    """Vendored files go first from a listing, unless the call names their folder."""
    text = "\n".join(f"node_modules/press/dist/{a}{b}_valve.d.ts" for a in "abcdefghij" for b in "klmnopqrstuvwxyz")
    output = ToolOutput(text, "Bash", {"command": "find node_modules/press"}, "", "balanced")
    found = compress(output)
    assert found is None or found.lines_kept > 30
    other = compress(ToolOutput(text, "Bash", {"command": "find ."}, "", "balanced"))
    assert other is not None
    assert other.lines_kept < 10


@pytest.mark.parametrize(
    ("line", "said"), [("", "[99999 blank lines]"), ("tick", "[99998 more lines like the one above]")]
)
def test_a_long_run_of_equal_lines_is_one_line(line: str, said: str) -> None:
    """Told with its number, before any work is done for each of them."""
    text = "begin\n" + f"{line}\n" * 99_999 + "end\n" + "x = 1\n" * 30
    found = compress(ToolOutput(text, "Bash", {"command": "make"}))
    assert found is not None
    assert found.lossless
    assert said in found.text.split("\n")
