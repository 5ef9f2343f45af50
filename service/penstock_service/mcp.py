"""The tools that agents have over MCP at `/mcp` (streamable HTTP, stateless: nothing is kept between two calls).

Each is a call about contexts that `/v1` has too. Answers are JSON as text. Needs the package `mcp`.
"""

from __future__ import annotations

import json
from typing import Annotated, Any

from fastapi.concurrency import run_in_threadpool
from mcp.server.fastmcp import Context, FastMCP
from mcp.server.transport_security import TransportSecuritySettings
from mcp.types import ToolAnnotations
from pydantic import Field
from starlette.requests import Request

from penstock.base.errors import PenstockError
from penstock.contexts.contexts import Contexts
from penstock.contexts.records import Filter, NewContext
from penstock_service.contexts.bodies import answer_of, hit_line, line_of
from penstock_service.http.calls import check_workspace

__all__ = ["LIMIT", "mcp_server"]

LIMIT = 30_000
"""Characters of one answer: clients cut longer ones, and half of a JSON value is none."""
_ABOUT = (
    "Named JSON values that outlast this session and are shared by all agents of this person: plans, state, "
    "hand-overs. Each has versions."
)
Key = Annotated[
    str, Field(description="The name: segments of letters, digits and ._~:@- joined by /, such as plan/api.")
]
Ask = Context[Any, Any, Any]


def mcp_server(contexts: Contexts) -> FastMCP[None]:
    """The server. Its route is that of `streamable_http_app()`; `session_manager.run()` is to be entered for as long as
    the application runs."""
    server: FastMCP[None] = FastMCP(
        "penstock",
        _ABOUT,
        stateless_http=True,
        json_response=True,
        log_level="ERROR",
        # `Access` has checked the host, as for every path.
        transport_security=TransportSecuritySettings(enable_dns_rebinding_protection=False),
    )
    tools = _Tools(contexts)
    for tool, reads in (
        (tools.context_put, False),
        (tools.context_get, True),
        (tools.context_list, True),
        (tools.context_search, True),
        (tools.context_rollback, False),
    ):
        notes = ToolAnnotations(readOnlyHint=reads, destructiveHint=False, openWorldHint=False)
        server.add_tool(tool, annotations=notes, structured_output=False)
    return server


class _Tools:
    """Their docstrings are what the agent reads."""

    def __init__(self, contexts: Contexts) -> None:
        self._contexts = contexts

    async def context_put(
        self,
        ask: Ask,
        key: Key,
        data: Annotated[Any, Field(description="The value: any JSON.")],
        tags: list[str] | None = None,
        ttl: Annotated[
            float | None, Field(ge=0, description="Seconds until it ends; 0: no end; 24 hours when not given.")
        ] = None,
        expected_version: Annotated[
            int | None, Field(ge=0, description="Refuse when it has another version by now; 0: when it is there.")
        ] = None,
    ) -> str:
        """Keep a value under a name, for a later session or another agent. A name that is taken gets one more
        version; older ones stay for `context_rollback`."""
        workspace, by = _caller(ask)
        new = NewContext(data, ttl, None if tags is None else tuple(tags))

        def put() -> str:
            with self._contexts.write(workspace, by) as writer:
                return _said(line_of(writer.put(key, new, expected_version)[0]))

        return await run_in_threadpool(put)

    async def context_get(
        self, ask: Ask, key: Key, version: Annotated[int | None, Field(ge=1, le=2**31)] = None
    ) -> str:
        """Read the value kept under a name: the newest version, or an older one."""
        workspace, _ = _caller(ask)
        return await run_in_threadpool(lambda: _said(answer_of(self._contexts.get(workspace, key, version))))

    async def context_list(self, ask: Ask, prefix: str = "", tag: str = "", after: str | None = None) -> str:
        """List the names of what is kept, with versions, tags and times, 50 at a time. `after`: the `next` of the
        answer before."""
        workspace, _ = _caller(ask)
        page = await run_in_threadpool(self._contexts.page, workspace, Filter(prefix, tag), after=after)
        return _said({"items": [line_of(head) for head in page.items], "next": page.next})

    async def context_search(self, ask: Ask, query: str, limit: Annotated[int, Field(ge=1, le=50)] = 10) -> str:
        """Find what is kept by the words in its name, tags or value, the best first."""
        workspace, _ = _caller(ask)
        hits = await run_in_threadpool(self._contexts.search, workspace, query, limit=limit)
        return _said({"hits": [hit_line(hit) for hit in hits]})

    async def context_rollback(self, ask: Ask, key: Key, to: Annotated[int, Field(ge=1, le=2**31)]) -> str:
        """Make the value of an older version the newest again, as a version of its own."""
        workspace, by = _caller(ask)

        def roll_back() -> str:
            with self._contexts.write(workspace, by) as writer:
                return _said(line_of(writer.rollback(key, to)))

        return await run_in_threadpool(roll_back)


def _caller(ask: Ask) -> tuple[str, str]:
    """The workspace, and whom the history names: the client's name, where no header says another."""
    request = ask.request_context.request
    assert isinstance(request, Request)  # over HTTP it is one
    client = request.headers.get("user-agent", "").partition("/")[0].strip() or "agent"
    by = request.headers.get("x-penstock-by", client)[:200]
    return check_workspace(request.headers.get("x-penstock-workspace", "default")), by


def _said(answer: Any) -> str:
    """Raises `PenstockError` for an answer that the client would cut."""
    text = json.dumps(answer, ensure_ascii=False, separators=(",", ":"))
    if len(text) > LIMIT:
        raise PenstockError(
            f"the answer has {len(text):,} characters and {LIMIT:,} are the most here: keep large values in parts, "
            "under names of their own"
        )
    return text
