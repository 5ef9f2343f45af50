"""`tool_router`: a route for each agent tool, `POST /v1/tools/NAME` with its arguments as the body, and the list of
tools."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, create_model

from penstock.plugins.tool import Tool
from penstock_service.http.body import Body
from penstock_service.http.errors import error_responses
from penstock_service.http.route_dependencies import PartsOf
from penstock_service.tools.callers import caller_of

__all__ = ["tool_router"]


class ToolLine(BaseModel):
    """A tool."""

    name: str
    title: str
    effect: str
    """What a call does: `reads`, `adds`, `changes` or `deletes`."""
    about: str
    arguments: dict[str, Any]
    """The JSON Schema of its arguments."""


class ToolAnswer(BaseModel):
    """What a tool gave: a text, or JSON."""

    result: Any


def tool_router(tools: Sequence[Tool]) -> APIRouter:
    """A router with the routes of these tools."""
    router = APIRouter(prefix="/v1/tools", tags=["tools"], responses=error_responses())

    @router.get("")
    def list_tools() -> list[ToolLine]:
        """The tools that agents have over MCP, each a call below this path."""
        return [
            ToolLine(
                name=tool.name,
                title=tool.title,
                effect=tool.effect,
                about=tool.about,
                arguments=tool.arguments().model_json_schema(),
            )
            for tool in tools
        ]

    for tool in tools:
        router.post(f"/{tool.name}", summary=tool.title, description=tool.about, operation_id=f"tool_{tool.name}")(
            _call(tool)
        )
    return router


def _call(tool: Tool) -> Callable[..., ToolAnswer]:
    model = create_model(tool.name, __base__=(Body, tool.arguments()))

    def call(body: Any, request: Request, parts: PartsOf) -> ToolAnswer:
        arguments = {name: getattr(body, name) for name in type(body).model_fields}
        return ToolAnswer(result=tool.run(caller_of(request, parts, tool), **arguments))

    call.__annotations__ = {"body": model, "request": Request, "parts": PartsOf, "return": ToolAnswer}
    return call
