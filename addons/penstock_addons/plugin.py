"""What this room adds to the command line."""

from __future__ import annotations

import typer

from penstock.hookspecs import hookimpl

__all__ = ["commands"]


@hookimpl
def commands(app: typer.Typer) -> None:
    """Commands that start a proxy."""
