"""Who calls a tool over HTTP, by the headers of the call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request

from penstock.control.client import open_client
from penstock.plugins.tool import Caller
from penstock.profiles.profile import in_use
from penstock_service.http.calls import check_workspace
from penstock_service.http.parts import Parts

__all__ = ["caller_of"]


def caller_of(request: Request, parts: Parts) -> Caller:
    """The caller: its workspace, which also names the project whose memory is meant; whom the history names is the
    client, where no header says another. Raises `InvalidContext`."""
    client = request.headers.get("user-agent", "").partition("/")[0].strip() or "agent"
    workspace = check_workspace(request.headers.get("x-penstock-workspace", "default"))

    def memory(command: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        with open_client(parts.store, in_use) as client:
            return client.do(command, arguments)

    by = request.headers.get("x-penstock-by", client)[:200]
    return Caller(lambda: parts.contexts, memory, parts.store, workspace, by, project=workspace)
