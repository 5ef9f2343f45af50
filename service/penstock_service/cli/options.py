"""The options `--url`, `--store`, `--workspace` and `--json` of the commands that call the service (`Url`,
`ServiceStore`, `Workspace`, `AsJson`)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from penstock.cli.store_option import store_option

__all__ = ["AsJson", "ServiceStore", "Url", "Workspace"]

Url = Annotated[
    str | None,
    typer.Option(
        help="Where the service is, if not on this machine; PENSTOCK_SERVICE of the environment, too.",
        show_default=False,
    ),
]
ServiceStore = Annotated[
    Path | None, store_option("The store that the service was started with, if it was: its token is in that folder.")
]
Workspace = Annotated[str, typer.Option(help="The workspace.")]
AsJson = Annotated[bool, typer.Option("--json", help="JSON, for programs.")]
