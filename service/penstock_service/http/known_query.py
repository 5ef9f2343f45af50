"""`check_query`: a copy of a route that refuses unknown query parameters and repeated ones, which FastAPI ignores: with
`?limt=3` a caller would get 50 and not know why, and of `?limit=1&limit=2` the last."""

from __future__ import annotations

from collections import Counter
from copy import copy
from typing import Any, get_args, get_origin
from urllib.parse import parse_qsl

from fastapi.dependencies.utils import get_flat_params
from fastapi.params import ParamTypes
from fastapi.routing import APIRoute, APIWebSocketRoute
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from penstock.base.suggest import did_you_mean
from penstock.contexts.errors import InvalidContext

__all__ = ["check_query"]

_REASON_BYTES = 123
"""The most that a WebSocket can be closed with; a longer reason would be an error here."""


def check_query(route: BaseRoute, *, is_tolerant: bool = False) -> BaseRoute:
    """A copy of `route` that answers 400 (`invalid`) to an unknown query parameter, and to a known one that is repeated
    though it has one value; a WebSocket is closed with 4400. `is_tolerant`: of unknown ones only to one that is near a
    known one, so misspelled. A route that is none of FastAPI's is returned
    as it is."""
    if not isinstance(route, APIRoute | APIWebSocketRoute):
        return route
    checking = copy(route)
    params = get_flat_params(route.dependant)
    asked = [one for one in params if getattr(one.field_info, "in_", None) is ParamTypes.query]
    lists = frozenset(one.alias for one in asked if _is_list(one.field_info.annotation))
    checking.app = _Checking(route.app, frozenset(one.alias for one in asked), lists, is_tolerant)
    return checking


def _is_list(annotation: Any) -> bool:
    return get_origin(annotation) is list or any(map(_is_list, get_args(annotation)))


class _Checking:
    def __init__(self, app: ASGIApp, known: frozenset[str], lists: frozenset[str], is_tolerant: bool) -> None:
        self._app, self._known, self._is_tolerant = app, known, is_tolerant
        self._single = known - lists

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        fault = self._fault(scope["query_string"]) if scope["query_string"] else None
        if fault is None:
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.accept"})
            reason = str(fault).encode()[:_REASON_BYTES].decode(errors="ignore")
            await send({"type": "websocket.close", "code": 4400, "reason": reason})
        else:
            raise fault

    def _fault(self, query: bytes) -> InvalidContext | None:
        counts = Counter(name for name, _ in parse_qsl(query.decode("latin-1"), keep_blank_values=True))
        for name, count in counts.items():
            if count > 1 and name in self._single:
                return InvalidContext(f"{name}: it was given {count} times: give it once", name)
            near = did_you_mean(name, self._known, lists_all=not self._is_tolerant)
            if name not in self._known and (near or not self._is_tolerant):
                shown = name[:100].encode(errors="replace").decode()
                return InvalidContext(
                    f"there is no query parameter {shown!r}.{near or ' This call takes none.'}", shown
                )
        return None
