"""`with_mcp_server`: adds arguments that give Claude Code or Codex the server `penstock mcp` for one run, and let
Claude Code call `expand` and `recall` without asking the user; no configuration file is written. Also whether the
package `mcp` is installed (`is_mcp_installed`) and the profile has a use for it (`needs_mcp_server`), and whether a
call of Claude Code begins a session (`begins_session`)."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path

from penstock.plugins.manager import Plugins
from penstock.profiles.profile import Profile

__all__ = ["begins_session", "is_mcp_installed", "needs_mcp_server", "with_mcp_server"]

TOOLS = ",".join(f"mcp__penstock__{name}" for name in ("expand", "recall"))
"""The tools that the client may call without asking its user: those that only read."""
_WITH_TOOLS = frozenset({"trim", "pruning", "compaction", "memory"})
"""The stages whose stubs name an original, and the one that remembers."""
_COMMAND = re.compile(r"[a-z][a-z-]*")


def is_mcp_installed() -> bool:
    """Whether the package `mcp` is installed, without which `penstock mcp` cannot run."""
    return find_spec("mcp") is not None


def needs_mcp_server(profile: Profile, plugins: Plugins) -> bool:
    """Whether a stage under `profile` remembers, or leaves stubs whose originals an agent may ask for. Raises
    `PluginError` and `ProfileError`."""
    return profile.mode == "edit" and any(stage.name in _WITH_TOOLS for stage in plugins.stages(profile))


def with_mcp_server(client: str, arguments: Sequence[str], store: Path) -> list[str]:
    """`arguments` with those that configure the MCP server, if `client` is one that takes such arguments."""
    known = _CLIENTS.get(client)
    return list(arguments) if known is None else known(list(arguments), _command(store))


def begins_session(arguments: Sequence[str]) -> bool:
    """Whether Claude Code begins a session with these arguments. False: they are a subcommand (`claude mcp list`)."""
    return not (arguments and _COMMAND.fullmatch(arguments[0]))


def _command(store: Path) -> list[str]:
    # By its full path and without the folder it is run in, as the proxy is started.
    return [sys.executable, "-P", "-m", "penstock", "mcp", "--store", str(store)]


def _claude(arguments: list[str], command: list[str]) -> list[str]:
    """The options are put first, so that a prompt or a `--` is not split; with `=`, as both options would take all
    arguments that follow. They add to those the user gives. A subcommand (`claude mcp list`) is left unchanged."""
    if not begins_session(arguments):
        return arguments
    server = {"type": "stdio", "command": command[0], "args": command[1:]}
    config = json.dumps({"mcpServers": {"penstock": server}})
    return [f"--mcp-config={config}", f"--allowedTools={TOOLS}", *arguments]


def _codex(arguments: list[str], command: list[str]) -> list[str]:
    """A JSON string, or a list of them, is valid TOML as well."""
    settings = {"command": json.dumps(command[0]), "args": json.dumps(command[1:])}
    told = [part for name, value in settings.items() for part in ("-c", f"mcp_servers.penstock.{name}={value}")]
    return [*told, *arguments]


_CLIENTS: dict[str, Callable[[list[str], list[str]], list[str]]] = {"claude": _claude, "codex": _codex}
