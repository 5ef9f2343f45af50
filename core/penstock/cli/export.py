"""`penstock export` (`export`): writes a snapshot of a session or of a whole log as one JSON document: settings,
metrics, tags, edits, events. Above 200 exchanges it shows a progress bar."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Annotated

import typer

from penstock.base.private_files import whole_file
from penstock.cli import completion
from penstock.cli.store_option import LogOption
from penstock.stats.export import write
from penstock.stats.selection import choose
from penstock.store.reading import open_log

__all__ = ["export"]

LONG = 200
"""More exchanges than this, and a bar shows how far it is."""


def export(
    store: LogOption = None,
    session: Annotated[
        str,
        typer.Option(
            help="Only the exchanges of this session; last: of the newest one.",
            metavar="ID",
            autocompletion=completion.sessions,
        ),
    ] = "",
    conversation: Annotated[str, typer.Option(help="Only the exchanges of this conversation.", metavar="ID")] = "",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The file; stdout, for a pipe, when not given.")
    ] = None,
) -> None:
    """Write a snapshot as JSON: settings, metrics, tags of each turn, edits, events.

    What clients authenticate with is not in a log; what looks like a credential in texts is taken out.
    """
    if session and conversation:
        raise typer.BadParameter("give a session or a conversation, not both")
    log = open_log(store)
    try:
        choice = choose(log, session=session, conversation=conversation)
        place = nullcontext(sys.stdout) if output is None else whole_file(output)
        with place as out, _progress(choice.ids, shown=not out.isatty()) as ids:
            write(out, log, choice, ids)
        if output is not None:
            typer.echo(f"Wrote {len(choice.ids)} exchanges to {output}", err=True)
    finally:
        log.close()


def _progress(ids: list[str], *, shown: bool) -> AbstractContextManager[Iterable[str]]:
    """`ids`, with a bar on stderr while they are gone through, where there are many and somebody watches."""
    if not shown or len(ids) < LONG or not sys.stderr.isatty():
        return nullcontext(ids)
    return typer.progressbar(ids, label="Exporting", file=sys.stderr)
