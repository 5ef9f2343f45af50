"""`mcp_server`: the agent tools over MCP at `/mcp` (streamable HTTP, stateless: nothing is kept between two calls).
Needs the package `mcp`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial

from mcp.server.transport_security import TransportSecuritySettings
from starlette.requests import Request

from penstock.plugins.tool import Caller, Tool
from penstock.tools.mcp_server import Request as ToolRequest
from penstock.tools.mcp_server import ToolServer
from penstock_service.http.route_dependencies import Parts
from penstock_service.tools.callers import caller_of

__all__ = ["mcp_server"]

_ABOUT = (
    "Named JSON values that outlast this session and are shared by all agents of this person: plans, state, "
    "hand-overs, each with versions. What was said in earlier sessions. What the proxy saved, and its budgets."
)


def mcp_server(parts: Parts, tools: Sequence[Tool]) -> ToolServer:
    """The server of these tools. Its route is that of `streamable_http_app()`; `session_manager.run()` is to be entered
    for as long as the application runs."""

    @contextmanager
    def caller(tool: Tool, ask: ToolRequest) -> Iterator[Caller]:
        request = ask.request_context.request
        assert isinstance(request, Request)  # over HTTP it is one
        yield caller_of(request, parts, tool)

    server = ToolServer(
        _ABOUT,
        stateless_http=True,
        json_response=True,
        # `Access` has checked the host, as for every path.
        transport_security=TransportSecuritySettings(enable_dns_rebinding_protection=False),
    )
    for tool in tools:
        server.offer([tool], partial(caller, tool))
    return server
