"""`ToolServer`: a server of the MCP SDK for tools. Needs the package `mcp`."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Any

import anyio.to_thread
from mcp.server.fastmcp import Context, FastMCP
from mcp.server.fastmcp.exceptions import ToolError
from mcp.types import ContentBlock, ToolAnnotations
from pydantic import ValidationError

from penstock.base.version import VERSION
from penstock.plugins.tool import Caller, Tool
from penstock.tools.answer_text import text_of

__all__ = ["Request", "ToolServer"]

Request = Context[Any, Any, Any]
"""The context of a call, as the SDK passes it."""


class ToolServer(FastMCP[None]):
    """Refuses arguments that a tool does not have, as the other ways to call it do; the SDK passes over them."""

    def __init__(self, about: str | None = None, **settings: Any) -> None:
        """`about`: what it offers, for an agent. `settings`: of the SDK's server."""
        super().__init__("penstock", about, log_level="ERROR", **settings)
        self._mcp_server.version = VERSION
        self._offered: dict[str, Tool] = {}

    def offer(self, tools: Iterable[Tool], caller: Callable[[Request], AbstractContextManager[Caller]]) -> None:
        """Offer `tools`. `caller` makes, for one call, the `Caller` that a tool gets."""
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
            self._offered[tool.name] = tool
            self.add_tool(
                _function(tool, caller),
                name=tool.name,
                title=tool.title,
                description=tool.about,
                annotations=hints,
                meta=meta,
                structured_output=False,
            )

    async def call_tool(self, name: str, arguments: dict[str, Any]) -> Sequence[ContentBlock] | dict[str, Any]:
        """Call a tool. Raises `InvalidArguments`, and what the SDK raises."""
        tool = self._offered.get(name)
        if tool is None:
            return await super().call_tool(name, arguments)
        tool.refuse_unknown(arguments)
        try:
            return await super().call_tool(name, arguments)
        except ToolError as e:
            if isinstance(e.__cause__, ValidationError):
                raise tool.refusal(e.__cause__) from e
            raise


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
