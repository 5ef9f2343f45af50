"""The tools for agents: over MCP, as a client speaks it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from mcp.server.fastmcp.exceptions import ToolError

from penstock import handle_of
from penstock.base.errors import PenstockError
from penstock.store.originals import Original
from penstock.store.sql import SqlStore
from penstock_addons.mcp.server import LIMIT, expand, server

TEXT = "first\nsecond\nthird\n"
NUMBERS = "\n".join(f"line {n}" for n in range(1, 10_001))
WIDE = "x" * 50_000 + "!\nlast"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Path]:
    """A store with some originals; its proxy is up."""
    proxy = SqlStore(tmp_path / "penstock.db")
    for text in (TEXT, NUMBERS, WIDE, "half \ud800"):
        proxy.add_original("talk", text, "because", 1.0)
    yield proxy.path
    proxy.close()


def test_gives_the_original(store: Path) -> None:
    """All of it, a range, or what matches."""
    handle = handle_of(TEXT)
    assert expand(store, handle) == TEXT
    assert expand(store, handle, lines="2-3") == "second\nthird"
    assert expand(store, handle, grep="d$") == "2:second\n3:third"
    assert expand(store, handle, grep="fourth") == "[no line matches 'fourth']"


def test_what_cannot_be_sent_is_shown_as_unknown(store: Path) -> None:
    """Half a character has no bytes."""
    assert expand(store, handle_of("half \ud800")) == "half ?"


@pytest.mark.parametrize("grep", ["", "line"])
def test_a_large_original_comes_in_parts(store: Path, grep: str) -> None:
    """Each says where the next begins, and together they are all of it."""
    lines, parts = "", []
    for _ in range(20):
        said = expand(store, handle_of(NUMBERS), grep, lines)
        assert len(said) <= LIMIT + 100
        if not said.endswith("]"):
            parts.append(said)
            break
        part, _, note = said.rpartition("\n")
        parts.append(part)
        lines = note.partition('lines="')[2].partition('"')[0]
    whole = "\n".join(f"{n}:line {n}" for n in range(1, 10_001)) if grep else NUMBERS
    assert "\n".join(parts) == whole
    assert len(parts) > 2


def test_a_line_that_is_too_long_is_cut(store: Path) -> None:
    """It says so, how to look into it, and how to go past it."""
    said = expand(store, handle_of(WIDE))
    assert said.startswith("x" * LIMIT + "\n[line 1 is longer than this: grep shows")
    assert 'lines="2-"' in said
    assert expand(store, handle_of(WIDE), lines="2-") == "last"


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
    app = server(store)
    with pytest.raises(ToolError, match=said):
        await app.call_tool("expand", asked)
    assert await app.call_tool("expand", {"id": handle_of(TEXT)})


def test_others_originals_are_not_named(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An id that is not enough says only that: from the answer nobody learns what other conversations have."""
    found = [Original(f"{handle_of(TEXT)}{n:056}", "x", "talk", "s", "replace", f"secret {n}", 1.0) for n in range(2)]
    monkeypatch.setattr("penstock.cli.expand.find_originals", lambda *_, **__: found)
    with pytest.raises(PenstockError, match="2 originals begin with") as e:
        expand(store, handle_of(TEXT))
    assert "secret" not in str(e.value)
    assert "0" * 20 not in str(e.value)


def test_an_expression_without_end_is_ended(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server goes on: an agent's pattern can not hold it up."""
    monkeypatch.setattr("penstock.base.excerpt.SECONDS", 0.3)
    with pytest.raises(PenstockError, match="simpler expression"):
        expand(store, handle_of(WIDE), grep="(x+)+$", lines="1")
    assert expand(store, handle_of(WIDE), lines="2") == "last"


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
    assert answers[0]["result"]["serverInfo"]["name"] == "penstock"
    assert answers[1]["result"]["content"] == [{"type": "text", "text": TEXT}]
