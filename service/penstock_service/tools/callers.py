"""`caller_of`: says for whom an agent tool called over HTTP works: the workspace and the name that the headers give,
and the access to contexts and memory. Raises `NotAllowed` where the caller's key has no scope for the tool."""

from __future__ import annotations

from functools import partial

from starlette.requests import Request

from penstock.control.client import keep_original
from penstock.gateway.admit import check_scope
from penstock.gateway.errors import NotAllowed
from penstock.gateway.records import Scope
from penstock.plugins.tool import Caller, Tool
from penstock.tools.context_tools import CONTEXT_TOOLS
from penstock.tools.memory_tools import MEMORY_TOOLS
from penstock_service.http.calls import check_workspace
from penstock_service.http.key_checker import key_of
from penstock_service.http.route_dependencies import Parts
from penstock_service.memory.calls import memory_of

__all__ = ["caller_of"]


_SCOPES: dict[str, Scope] = {
    **{tool.name: "contexts" for tool in CONTEXT_TOOLS},
    **{tool.name: "memory" for tool in MEMORY_TOOLS},
}
"""What a key needs for a tool. Others, those of plugins too, are the owner's: they know of no workspaces."""


def caller_of(request: Request, parts: Parts, tool: Tool) -> Caller:
    """The caller of a tool: its workspace, which also names the project whose memory is meant; whom the history names
    is the client, where no header says another. Raises `InvalidContext`, and `NotAllowed` for a key that may not."""
    _check(request, tool)
    client = request.headers.get("user-agent", "").partition("/")[0].strip() or "agent"
    workspace = check_workspace(request.headers.get("x-penstock-workspace", "default"))
    by = request.headers.get("x-penstock-by", client)[:200]
    return Caller(
        lambda: parts.contexts,
        memory_of(request),
        parts.store,
        workspace,
        by,
        project=workspace,
        keep=partial(keep_original, parts.store),
    )


def _check(request: Request, tool: Tool) -> None:
    key = key_of(request)
    if key is None:
        return
    if tool.name not in _SCOPES:
        raise NotAllowed(f"a key may not call {tool.name}: it takes the owner's token")
    check_scope(key, _SCOPES[tool.name])
