"""The tools over MCP, called by the SDK's own client over HTTP."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client

from penstock.tools.answer_text import LIMIT
from penstock.tools.table import all_tools
from tests.service.conftest import TOKEN, Service


@asynccontextmanager
async def session(service: Service, **headers: str) -> AsyncIterator[ClientSession]:
    sent = {"authorization": f"Bearer {TOKEN}", **headers}
    async with (
        httpx.AsyncClient(headers=sent, trust_env=False, timeout=60) as http,
        streamable_http_client(f"{service.url}/mcp", http_client=http) as (read, write, _),
        ClientSession(read, write) as client,
    ):
        await client.initialize()
        yield client


async def call(client: ClientSession, tool: str, **arguments: Any) -> Any:
    answer = await client.call_tool(tool, arguments)
    text = answer.content[0].text  # type: ignore[union-attr]
    return text if answer.isError else json.loads(text)


async def test_what_one_agent_keeps_another_reads(service: Service) -> None:
    plan = {"goal": "one gateway", "steps": [1, 2]}
    async with session(service, **{"user-agent": "planner/1.0"}) as first:
        assert (await call(first, "context_put", key="mcp/plan", data=plan, tags=["plan"]))["version"] == 1
    async with session(service, **{"x-penstock-by": "builder"}) as second:
        found = await call(second, "context_get", key="mcp/plan")
        assert (found["data"], found["by"]) == (plan, "planner")
        assert (await call(second, "context_list", prefix="mcp/"))["items"][0]["key"] == "mcp/plan"
        assert (await call(second, "context_search", query="gateways"))["hits"][0]["key"] == "mcp/plan"
        assert (await call(second, "context_put", key="mcp/plan", data="text", expected_version=1))["version"] == 2
        assert (await call(second, "context_rollback", key="mcp/plan", to=1))["by"] == "builder"
    assert service.contexts.get("default", "mcp/plan").data == plan


async def test_the_tools_say_which_of_them_only_read(service: Service) -> None:
    async with session(service) as client:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
    reading = {name for name, tool in tools.items() if tool.annotations and tool.annotations.readOnlyHint}
    assert reading == {tool.name for tool in all_tools().values() if tool.effect == "reads"}
    assert set(tools) - reading == {"context_put", "context_rollback", "remember", "forget", "feedback"}
    again = {name for name, tool in tools.items() if tool.annotations and tool.annotations.idempotentHint is not None}
    assert again == reading
    assert all(tool.description and "request" not in tool.inputSchema["properties"] for tool in tools.values())


async def test_errors_are_in_words_for_the_agent(service: Service) -> None:
    async with session(service) as client:
        assert "there is no context mcp/none" in await call(client, "context_get", key="mcp/none")
        assert "is no key" in await call(client, "context_put", key="a b", data=1)
        await call(client, "context_put", key="mcp/v", data=1)
        assert "version 1" in await call(client, "context_put", key="mcp/v", data=2, expected_version=7)
        await call(client, "context_put", key="mcp/large", data="x" * LIMIT)
        assert "in parts" in await call(client, "context_get", key="mcp/large")
    assert service.contexts.get("default", "mcp/v").head.version == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"data": 2, "expected": 1}, "context_put has no argument 'expected'. Did you mean 'expected_version'?"),
        ({"dta": 2}, "context_put has no argument 'dta'. Did you mean 'data'?"),
        ({"data": 2, "ttl": "soon"}, "context_put: ttl: Input should be a valid number"),
        ({}, "context_put: data: Field required"),
    ],
)
async def test_an_argument_that_is_none_is_refused(service: Service, arguments: dict[str, Any], said: str) -> None:
    """As over HTTP: the SDK passes over what it does not know, and a write meant for one version hit any."""
    async with session(service) as client:
        await call(client, "context_put", key="args/one", data=1)
        found = await call(client, "context_put", key="args/one", **arguments)
    assert found.startswith(said)
    assert "\n" not in found
    assert service.contexts.get("default", "args/one").data == 1


async def test_workspaces_are_apart_here_too(service: Service) -> None:
    async with session(service, **{"x-penstock-workspace": "mine"}) as client:
        await call(client, "context_put", key="mcp/mine", data=1)
    async with session(service) as client:
        assert "there is no context" in await call(client, "context_get", key="mcp/mine")
    async with session(service, **{"x-penstock-workspace": "a b"}) as client:
        assert "is not a valid workspace" in await call(client, "context_list")


@pytest.mark.parametrize("headers", [{}, {"authorization": f"Bearer {TOKEN}", "host": "evil.example"}])
def test_the_token_and_the_host_are_checked(service: Service, headers: dict[str, str]) -> None:
    answer = httpx.post(f"{service.url}/mcp", headers=headers, json={}, trust_env=False, timeout=60)
    assert answer.status_code == (421 if headers else 401)
