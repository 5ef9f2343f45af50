"""The options `--url`, `--workspace` and `--json` of the commands that call the service (`Url`, `Workspace`,
`AsJson`)."""

from __future__ import annotations

from typing import Annotated

import typer

__all__ = ["AsJson", "Url", "Workspace"]

Url = Annotated[
    str | None,
    typer.Option(
        help="Where the service is, if not on this machine; PENSTOCK_SERVICE of the environment, too.",
        show_default=False,
    ),
]
Workspace = Annotated[str, typer.Option(help="The workspace.")]
AsJson = Annotated[bool, typer.Option("--json", help="JSON, for programs.")]
