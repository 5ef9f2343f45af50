"""`add_tools`: registers tools with a server of the MCP SDK. Needs the package `mcp`."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from typing import Any

import anyio.to_thread
from mcp.server.fastmcp import Context, FastMCP
from mcp.types import ToolAnnotations

from penstock.plugins.tool import Caller, Tool
from penstock.tools.answer_text import text_of

__all__ = ["Request", "add_tools"]

Request = Context[Any, Any, Any]
"""The context of a call, as the SDK passes it."""


def add_tools(
    server: FastMCP[None], tools: Iterable[Tool], caller: Callable[[Request], AbstractContextManager[Caller]]
) -> None:
    """Register `tools` with `server`. `caller` makes, for one call, the `Caller` that a tool gets."""
    for tool in tools:
        hints = ToolAnnotations(
            title=tool.title,
            readOnlyHint=tool.effect == "reads",
            destructiveHint=tool.effect == "deletes",
            idempotentHint=True if tool.effect == "reads" else None,  # what adds may add again
            openWorldHint=False,
        )
        # Claude Code puts tools off until they are searched for; a stub must name one that is there.
        meta = {"anthropic/alwaysLoad": True} if tool.always_listed else None
        server.add_tool(
            _function(tool, caller),
            name=tool.name,
            title=tool.title,
            description=tool.about,
            annotations=hints,
            meta=meta,
            structured_output=False,
        )


def _function(tool: Tool, caller: Callable[[Request], AbstractContextManager[Caller]]) -> Callable[..., Any]:
    """The function that the SDK calls; its signature has the tool's arguments."""

    async def call(request: Request, **arguments: Any) -> str:
        def run() -> str:
            with caller(request) as who:
                return text_of(tool.run(who, **arguments))

        return await anyio.to_thread.run_sync(run)

    asked = inspect.Parameter("request", inspect.Parameter.KEYWORD_ONLY, annotation=Request)
    given = [one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in tool.parameters]
    described: Any = call
    described.__signature__ = inspect.Signature([asked, *given], return_annotation=str)
    described.__annotations__ = {"request": Request, **{one.name: one.annotation for one in given}, "return": str}
    return call
