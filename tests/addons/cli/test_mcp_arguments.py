"""How a client is told of the tool that shows originals."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

from penstock.plugins.manager import Plugins
from penstock.profiles import profile
from penstock_addons.cli import mcp_arguments
from penstock_addons.cli.mcp_arguments import needs_mcp_server, with_mcp_server

STORE = Path("/somewhere/penstock 2.db")


def test_claude_code_is_told_in_front_of_its_own_arguments() -> None:
    """What a person gives stays in order and whole, a prompt first of all; and the tool needs no permission."""
    own = ["-p", "--mcp-config", "own.json", "--allowedTools", "Bash", "--", "do it"]
    config, allowed, *rest = with_mcp_server("claude", own, STORE)
    assert rest == own
    # What writes, the client asks its person for.
    assert allowed == "--allowedTools=mcp__penstock__expand,mcp__penstock__recall"
    name, _, value = config.partition("=")
    server = json.loads(value)["mcpServers"]["penstock"]
    assert name == "--mcp-config"
    assert Path(server["command"]).is_absolute()
    assert server["args"] == ["-P", "-m", "penstock", "mcp", "--store", str(STORE)]


@pytest.mark.parametrize("arguments", [[], ["fix the bug"], ["Why?"], ["--resume", "abc"]])
def test_a_prompt_is_no_command(arguments: list[str]) -> None:
    """Claude Code takes both in the same place."""
    assert len(with_mcp_server("claude", arguments, STORE)) == len(arguments) + 2


@pytest.mark.parametrize("arguments", [["mcp", "list"], ["update"], ["remote-control"]])
def test_a_command_of_claude_code_is_left_alone(arguments: list[str]) -> None:
    """It begins no session."""
    assert with_mcp_server("claude", arguments, STORE) == arguments


def test_codex_is_told_by_settings_for_one_run() -> None:
    """Each is TOML, in front of the command and its words."""
    *told, command, words = with_mcp_server("codex", ["exec", "do it"], STORE)
    assert [command, words] == ["exec", "do it"]
    assert told[::2] == ["-c", "-c"]
    given = tomllib.loads("\n".join(told[1::2]))["mcp_servers"]["penstock"]
    assert Path(given["command"]).is_absolute()
    assert given["args"][-1] == str(STORE)


@pytest.mark.parametrize("client", ["opencode", "gemini", "ollama", "python"])
def test_other_clients_are_left_alone(client: str) -> None:
    """No way is known to tell them for one session."""
    assert with_mcp_server(client, ["a", "b"], STORE) == ["a", "b"]


def test_only_where_something_is_shortened(tmp_path: Path) -> None:
    """A profile that edits, with a stage whose stubs name an original."""
    file = tmp_path / "mine.toml"
    trims = Plugins.load(blocked=["pruning", "compaction"])
    none = Plugins.load(blocked=["trim", "pruning", "compaction"])
    for stages, mode, plugins, wanted in (
        (["envelope", "trim"], "edit", trims, True),
        (["envelope", "trim"], "observe", trims, False),
        (["envelope"], "edit", none, False),
    ):
        file.write_text(f'mode = "{mode}"\nstages = {json.dumps(stages)}\n', encoding="utf-8")
        assert needs_mcp_server(profile.load(str(file)), plugins) is wanted


def test_it_is_possible_where_the_package_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it nothing is said, and the client starts as ever."""
    assert mcp_arguments.is_mcp_installed()
    monkeypatch.setattr(mcp_arguments, "find_spec", lambda _: None)
    assert not mcp_arguments.is_mcp_installed()
