"""The tools for agents: over MCP, as a client speaks it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest
from mcp import ClientSession
from mcp.server.fastmcp import FastMCP
from mcp.shared.memory import create_connected_server_and_client_session

from penstock import handle_of
from penstock.base.errors import PenstockError
from penstock.base.version import VERSION
from penstock.store.sql import SqlStore
from penstock.tools.answer_text import LIMIT
from penstock.tools.table import all_tools
from penstock_addons.mcp.server import DEFAULT, server

TEXT = "first\nsecond\nthird\n"


def connected(app: FastMCP[None]) -> AbstractAsyncContextManager[ClientSession]:
    """A client of the SDK's that is connected to the server."""
    return create_connected_server_and_client_session(app._mcp_server)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Path]:
    """A store with some originals; its proxy is up."""
    proxy = SqlStore(tmp_path / "penstock.db")
    proxy.add_original("talk", TEXT, "because", 1.0)
    yield proxy.path
    proxy.close()


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"id": "00000000"}, "past its time"),
        ({"id": "what"}, "no handle"),
        ({"id": handle_of(TEXT)[:7]}, "8 or more"),
        ({"id": handle_of(TEXT), "grep": "("}, "no regular expression"),
        ({"id": handle_of(TEXT), "lines": "9-10"}, "it has the lines 1-3"),
    ],
)
async def test_an_error_is_told_to_the_agent(store: Path, asked: dict[str, str], said: str) -> None:
    """In words that say what to do, as a tool's error; the server goes on."""
    async with connected(server(store)) as client:
        refused = await client.call_tool("expand", dict(asked))
        assert refused.isError
        assert said in refused.content[0].text  # type: ignore[union-attr]
        assert not (await client.call_tool("expand", {"id": handle_of(TEXT)})).isError


async def test_the_tool_says_what_it_is_for(store: Path) -> None:
    """It reads only, is not put off until searched for, and names the limit it keeps."""
    (tool,) = await server(store).list_tools()
    assert tool.name == "expand"
    assert f"{LIMIT:,}" in (tool.description or "")
    assert tool.annotations is not None
    assert tool.annotations.readOnlyHint
    assert tool.meta == {"anthropic/alwaysLoad": True}
    assert tool.inputSchema["required"] == ["id"]


def test_without_its_package_it_says_what_to_install(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The package is an extra."""
    monkeypatch.delitem(sys.modules, "penstock.tools.mcp_server")
    monkeypatch.setitem(sys.modules, "mcp.server.fastmcp", None)
    with pytest.raises(PenstockError, match=r"pip install 'penstock\[mcp\]'"):
        server(store)


def test_speaks_mcp_on_stdin_and_stdout(store: Path) -> None:
    """A process as a client starts it, while the proxy runs; it ends with its stdin."""
    hello = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "a test", "version": "1"}}
    said: list[dict[str, Any]] = [
        {"id": 1, "method": "initialize", "params": hello},
        {"method": "notifications/initialized"},
        {"id": 2, "method": "tools/call", "params": {"name": "expand", "arguments": {"id": handle_of(TEXT)}}},
    ]
    command = [sys.executable, "-P", "-m", "penstock", "mcp", "--store", str(store)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for message in said:
            process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
        process.stdin.flush()
        answers = [json.loads(process.stdout.readline()) for _ in range(2)]
        process.stdin.close()
        assert process.wait(30) == 0
    assert answers[0]["result"]["serverInfo"] == {"name": "penstock", "version": VERSION}
    assert answers[1]["result"]["content"] == [{"type": "text", "text": TEXT}]


async def test_there_are_tools_for_memory_where_a_project_is_named(store: Path) -> None:
    """Each says what it is for; those that write say so. Without a project: `expand` alone."""
    assert [tool.name for tool in await server(store).list_tools()] == ["expand"]
    listed = {tool.name: tool for tool in await server(store, "kiln").list_tools()}
    assert tuple(listed) == DEFAULT
    for tool in listed.values():
        assert len(tool.description or "") > 100
    assert listed["forget"].annotations is not None
    assert listed["forget"].annotations.destructiveHint
    assert listed["recall"].annotations is not None
    assert listed["recall"].annotations.readOnlyHint
    async with connected(server(store, "kiln")) as client:
        refused = await client.call_tool("expand", {"id": "0123456789"})
        assert "neither an original nor a memory" in str(refused.content)


async def test_all_tools_can_be_had(store: Path) -> None:
    """Contexts are kept beside the store, and their history names the client."""
    async with connected(server(store, "kiln", ["all"])) as client:
        assert {tool.name for tool in (await client.list_tools()).tools} == set(all_tools())
        put = await client.call_tool("context_put", {"key": "plan", "data": {"goal": 1}})
        assert not put.isError
        found = await client.call_tool("context_get", {"key": "plan"})
        assert '"by":"mcp"' in str(found.content)
    assert (store.parent / "contexts.db").exists()
    with pytest.raises(PenstockError, match=r"there is no tool 'context_gett'\. Did you mean"):
        server(store, tools=["context_gett"])


def test_no_memory_is_opened_before_it_is_asked_for(tmp_path: Path) -> None:
    """A server that nobody asks holds no file that a proxy wants."""
    server(tmp_path / "penstock.db", "kiln")
    assert not (tmp_path / "memory").exists()
