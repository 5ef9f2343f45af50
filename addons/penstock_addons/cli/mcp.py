"""`penstock mcp`: the tools for agents, on stdin and stdout."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["mcp"]


def mcp(
    store: Annotated[
        Path | None, typer.Option(help="The store to look in. The proxy's own, and those beside it, when not given.")
    ] = None,
) -> None:
    """Give an agent the tool `expand`, over MCP on stdin and stdout. `penstock run` has Claude Code and Codex start it.

    By hand: `claude mcp add penstock -- penstock mcp`.
    """
    from penstock_addons.tools import server

    server(store).run()
