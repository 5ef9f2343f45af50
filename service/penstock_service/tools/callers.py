"""Who calls a tool over HTTP, by the headers of the call."""

from __future__ import annotations

from starlette.requests import Request

from penstock.plugins.tool import Caller
from penstock_service.http.calls import check_workspace
from penstock_service.http.parts import Parts
from penstock_service.memory.calls import reach_of

__all__ = ["caller_of"]


def caller_of(request: Request, parts: Parts) -> Caller:
    """The caller: its workspace, which also names the project whose memory is meant; whom the history names is the
    client, where no header says another. Raises `InvalidContext`."""
    client = request.headers.get("user-agent", "").partition("/")[0].strip() or "agent"
    workspace = check_workspace(request.headers.get("x-penstock-workspace", "default"))
    by = request.headers.get("x-penstock-by", client)[:200]
    return Caller(lambda: parts.contexts, reach_of(request).do, parts.store, workspace, by, project=workspace)
