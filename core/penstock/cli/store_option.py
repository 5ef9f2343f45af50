"""The option `--store` of commands: `StoreOption` for those that use the proxy's store, `LogOption` for those that read
its log, `store_option` for the rest, with a help text of their own. It takes a file or the URL of a database, and gives
the command the store's file on this machine. Raises `StoreError` for a URL of no such database."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from penstock.store.store_file import store_file

__all__ = ["LogOption", "StoreOption", "store_option"]


def store_option(help: str) -> Any:
    """The option `--store` with this help text."""
    return typer.Option("--store", parser=store_file, metavar="PATH", help=help, show_default=False)


StoreOption = Annotated[Path | None, store_option("The proxy's store, where it was started with one of its own.")]
LogOption = Annotated[Path | None, store_option("The log to read. The proxy's own when not given.")]
