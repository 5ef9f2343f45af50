"""The command `penstock report`: writes a session, or the whole log, as an HTML page with plots."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from penstock.base.format import plural, printable
from penstock.base.paths import store_path
from penstock.base.private_files import free_name
from penstock.cli import completion
from penstock.cli.store_option import LogOption
from penstock.stats.selection import LAST

__all__ = ["report"]


def report(
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="The HTML file to write. When not given: a new one in this folder.",
            metavar="FILE.html",
        ),
    ] = None,
    session: Annotated[
        str,
        typer.Option(
            help="The session's id; last: the newest one; all: everything in the log.",
            metavar="ID",
            autocompletion=completion.sessions,
        ),
    ] = LAST,
    texts: Annotated[bool, typer.Option("--texts", help="Also how results and edits begin, redacted.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
    store: LogOption = None,
) -> None:
    """Write a session as one HTML page with plots, to share: it opens offline and loads nothing.

    No words of a message are in it unless you ask for them with --texts; tags and names of tools are.
    """
    from penstock_tui.report.write import write_report

    file = output or free_name(Path.cwd(), "penstock", session, ".html")
    wanted = "" if session == "all" else session
    written = write_report(
        store or store_path(), file, session=wanted, texts=texts, replace=force and output is not None
    )
    is_newest = session == LAST and written.sessions > 1
    which = f" of session {printable(written.session)}" if written.session else ""
    newest = " (the newest; --session all for everything)" if is_newest else ""
    typer.echo(f"Wrote {plural(written.exchanges, 'exchange')}{which}{newest} to {file}", err=True)
