"""`ShortRead`: a route that answers a read of a short value in the thread of the event loop, if the call has no query
and no conditions (`plain_workspace`); FastAPI answers all others. FastAPI's look at the headers and the change of
threads take several times as long as such an answer. `whole_answer` makes it."""

from __future__ import annotations

import re
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request
from fastapi.responses import Response
from fastapi.routing import APIRoute

from penstock.contexts.json import head_json
from penstock.contexts.records import ContextText
from penstock_service.http.calls import MAX_BY, json_bytes
from penstock_service.http.errors import WORKSPACE
from penstock_service.http.route_dependencies import Parts

__all__ = ["ShortRead", "plain_workspace", "whole_answer"]

_CONDITIONS = frozenset({b"if-none-match", b"if-match", b"idempotency-key"})
_WORKSPACE = re.compile(WORKSPACE)


class ShortRead(APIRoute):
    """A route of which a call for the newest version, without query or conditions, is answered at once where the value
    is short. FastAPI has all others answered as its description says, and those that are refused."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        general = super().get_route_handler()

        async def handle(request: Request) -> Response:
            return _answer(request) or await general(request)

        return handle


def whole_answer(found: ContextText) -> Response:
    """A context with its value, which is not parsed for it."""
    head = json_bytes(head_json(found.head))
    content = b'%b,"data":%b}' % (head[:-1], found.text.encode())
    return Response(content, 200, {"etag": f'"{found.head.tag}"'}, "application/json")


def plain_workspace(request: Request) -> str | None:
    """The workspace of a call without query and conditions, whose headers are as they have to be; None for others."""
    headers = request.headers
    workspace = headers.get("x-penstock-workspace", "default")
    is_plain = not request.scope["query_string"] and _CONDITIONS.isdisjoint(name for name, _ in headers.raw)
    if not is_plain or not _WORKSPACE.fullmatch(workspace) or len(headers.get("x-penstock-by", "")) > MAX_BY:
        return None
    return workspace


def _answer(request: Request) -> Response | None:
    workspace = plain_workspace(request)
    if workspace is None:
        return None
    parts: Parts = request.app.state.parts
    found = parts.contexts.short_text(workspace, request.path_params["key"])
    return None if found is None else whole_answer(found)
