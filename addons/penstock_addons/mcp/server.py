"""Builds the MCP server, and its tool `expand`, which returns the original of a shortened text.

It runs as a process of its own beside the proxy, for as long as the client keeps stdin open. It reads originals from
the store; memory commands go to the process that owns the memory.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from penstock.base.errors import PenstockError
from penstock.base.excerpt import excerpt, lines_of
from penstock.cli.expand import the_original
from penstock_addons.mcp.memory_tools import MemoryTools, add_memory_tools

if TYPE_CHECKING:
    from mcp.server.fastmcp import FastMCP

__all__ = ["LIMIT", "expand", "server"]

LIMIT = 30_000
"""Characters that one call gives."""
DIGITS = 8
"""Of an id, at the least: so many a stub names."""
_ABOUT = """\
Show the original of a tool output, or of older messages, that stands shortened in this conversation. Where something \
was left out, a line in square brackets says so and names an id ("expand 1a2b3c4d"). Call this whenever the part you \
need may be among what was left out, instead of running the tool again: the original is what the tool said then.

id: the id that the line names.
grep: a regular expression (Python's); only matching lines are given, with their numbers. Best for large originals.
lines: a range of lines, such as "10-40", "10-" or "10".

At most 30,000 characters are given in one call; the end says how to get the rest."""


def server(store: Path | None, project: str = "") -> FastMCP[None]:
    """The server, not started yet; with memory tools if `project` is given. Raises `PenstockError` when the package
    `mcp` is not installed."""
    try:
        from mcp.server.fastmcp import FastMCP
        from mcp.types import ToolAnnotations
    except ImportError as e:
        raise PenstockError(f"`penstock mcp` needs one more package: pip install 'penstock[mcp]' ({e})") from e

    app: FastMCP[None] = FastMCP("penstock", log_level="ERROR")

    def call(id: str, grep: str = "", lines: str = "") -> str:
        return expand(store, id, grep, lines)

    app.add_tool(
        call,
        name="expand",
        title="Show an original",
        description=_ABOUT,
        annotations=ToolAnnotations(readOnlyHint=True, destructiveHint=False, openWorldHint=False),
        # Claude Code puts tools off until they are searched for; a stub must name one that is there.
        meta={"anthropic/alwaysLoad": True},
        structured_output=False,
    )
    if project:
        add_memory_tools(app, MemoryTools(store, project))
    return app


def expand(store: Path | None, id: str, grep: str = "", lines: str = "") -> str:
    """The text that the tool returns. Raises `PenstockError`, worded for the agent."""
    # A whole id, as a stub names it: nobody may page through the originals of other conversations.
    original = the_original(store, id, digits=DIGITS, names=False)
    text = excerpt(original.text, grep=grep, lines=lines)
    if not text and grep:
        return f"[no line matches {grep!r}]"
    # Half a character can not be sent.
    text = text.encode("utf-8", "replace").decode("utf-8")
    return text if len(text) <= LIMIT else _cut(text, grep, lines)


def _cut(text: str, grep: str, lines: str) -> str:
    """The beginning of a text, cut at a line end where possible, with how to get the rest."""
    end = text.rfind("\n", 0, LIMIT + 1)
    shown = text[: end if end > 0 else LIMIT]
    first = int(lines.partition("-")[0] or 1) if lines else 1
    last = first + len(lines_of(shown)) - 1
    if grep:
        last = int(shown.rpartition("\n")[2].partition(":")[0])
    rest = f'go on with lines="{last + 1}-"'
    if end <= 0 and not grep:
        return f"{shown}\n[line {last} is longer than this: grep shows what stands around a match; {rest}]"
    return f"{shown}\n[not all: line {last} is the last; {rest}{', the same grep' if grep else ', or give a grep'}]"
