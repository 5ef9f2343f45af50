"""`with_hooks`: adds the argument by which Claude Code runs `penstock hook` (`HOOK`) on its hook events for one run; no
file of the user's is changed. `why_not`: why a client cannot be given such hooks, in words; empty if it can."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Sequence

from penstock_addons.cli.mcp_arguments import begins_session

__all__ = ["HOOK", "why_not", "with_hooks"]

HOOK = (sys.executable, "-P", "-m", "penstock", "hook")
"""By its full path and without the folder it is run in, as the proxy is started."""
_HOOKS = {"PreToolUse": "pre-tool-use", "PostToolUse": "post-tool-use", "SubagentStart": "subagent-start"}
_TIMEOUT_S = 5


def why_not(client: str, arguments: Sequence[str]) -> str:
    """Why this client cannot be given hooks, in words for its user. Empty: it can."""
    if client != "claude":
        return f"--hooks is for Claude Code: {client} has no hooks that can be set up for one run"
    if any(one == "--settings" or one.startswith("--settings=") for one in arguments):
        return "--hooks is left out: the client is given --settings already"
    return ""


def with_hooks(arguments: Sequence[str]) -> list[str]:
    """`arguments` with the hooks, which are put first, so that a prompt or a `--` is not split. A subcommand is left
    unchanged."""
    if not begins_session(arguments):
        return list(arguments)
    hooks = {
        event: [{"hooks": [{"type": "command", "command": shlex.join((*HOOK, name)), "timeout": _TIMEOUT_S}]}]
        for event, name in _HOOKS.items()
    }
    return [f"--settings={json.dumps({'hooks': hooks})}", *arguments]
