"""What a call is about is read from any client's names."""

from __future__ import annotations

from typing import Any

import pytest

from penstock_plugins.common.tool_calls import ToolKind, files_of, kind_of, path_of, reports, target_of

READ, SEARCH, EDIT, RUN, AGENT = ToolKind.READ, ToolKind.SEARCH, ToolKind.EDIT, ToolKind.RUN, ToolKind.AGENT


@pytest.mark.parametrize(
    ("tool", "kind"),
    [
        ("Read", READ),
        ("read_file", READ),
        ("readFile", READ),
        ("mcp__files__read_text_file", READ),
        ("grep_search", SEARCH),
        ("list_dir", SEARCH),
        ("apply_patch", EDIT),
        ("search_replace", EDIT),
        ("exec_command", RUN),
        ("run_terminal_cmd", RUN),
        ("wait", RUN),
        ("spawn_agent", AGENT),
        ("web_fetch", ToolKind.WEB),
        ("orchard", ToolKind.OTHER),
    ],
)
def test_a_tool_is_known_by_its_name(tool: str, kind: ToolKind) -> None:
    """However it is written, whatever server it is of."""
    assert kind_of(tool) is kind


@pytest.mark.parametrize("key", ["file_path", "filePath", "path", "target_file", "absolute_path", "AbsolutePath"])
def test_a_path_is_found_under_each_clients_key(key: str) -> None:
    assert path_of(READ, {key: "lib/press.ex"}) == "lib/press.ex"


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        (READ, {"filePath": "lib/press.ex"}),
        (RUN, {"command": "sed -n '1,9p' lib/press.ex"}),
        (RUN, {"input": 'await tools.exec_command({cmd:"cat lib/press.ex"})'}),
        (EDIT, {"input": "*** Begin Patch\n*** Update File: lib/press.ex\n@@\n-a\n+b\n*** End Patch"}),
        (RUN, {"input": r'const patch = "*** Begin Patch\n*** Update File: lib/press.ex\n@@\n-a";'}),
    ],
)
def test_the_files_of_a_call_are_named(kind: ToolKind, given: dict[str, Any]) -> None:
    """By their own argument, in a command or in a patch."""
    assert files_of(kind, given) == ("lib/press.ex",)


def test_a_command_that_shows_a_file_and_runs_tests_reports() -> None:
    """Errors in it are a program's words, too."""
    assert reports(RUN, {"command": "mix test; cat press.ex"})
    assert not reports(RUN, {"command": "git diff; cat press.ex"})


def test_a_scripts_command_is_its_target() -> None:
    assert target_of({"input": 'await tools.exec_command({cmd:"mix test"})'}) == "mix test"
