"""`penstock mcp` (`mcp`): runs the MCP server on stdin and stdout, with the tools, store and project that its options
name. `server.py` builds the server."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from penstock.cli.store_option import store_option
from penstock.profiles.profile import in_use
from penstock_addons.cli.memory.client import named_project

__all__ = ["mcp"]


def mcp(
    tools: Annotated[
        str,
        typer.Option(
            help="Which, with commas between them: names that `penstock tool` lists, or `all`. What an agent under a "
            "proxy needs when not given.",
            metavar="NAMES",
        ),
    ] = "",
    store: Annotated[
        Path | None, store_option("The store to look in. The proxy's own, and those beside it, when not given.")
    ] = None,
    project: Annotated[
        str, typer.Option(help="Whose memory it is. That of the folder it is started in when not given.", metavar="P")
    ] = "",
    memory: Annotated[bool, typer.Option(help="Whether there are tools for memory.")] = True,
) -> None:
    """Give an agent tools over MCP on stdin and stdout: originals of what was shortened, and the memory. `penstock run`
    has Claude Code and Codex start it.

    By hand: `claude mcp add penstock -- penstock mcp`.
    """
    from penstock_addons.mcp.server import DEFAULT, server

    named = [name for one in tools.split(",") if (name := one.strip())]
    server(store, _project(project) if memory else "", named or DEFAULT).run()


def _project(project: str) -> str:
    """The project whose memory the tools use; empty where the profile has no memory."""
    return named_project(project) if in_use().memory.enabled else ""
