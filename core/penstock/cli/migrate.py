"""`penstock migrate` (`migrate_store`): has `penstock.migration.migrating` move an installation from SQLite to
PostgreSQL, with a progress bar, and prints a digest of each table."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from penstock.base import paths
from penstock.base.format import columns
from penstock.migration.migrating import Progress, migrate, source_store
from penstock.store.store_file import file_for

__all__ = ["migrate_store"]


def migrate_store(
    to: Annotated[str, typer.Option("--to", help="The URL of an empty database: postgresql://USER@HOST/DATABASE.")],
    source: Annotated[
        Path | None,
        typer.Option("--from", help="The store, or its folder. The proxy's own when not given.", show_default=False),
    ] = None,
) -> None:
    """Move what a SQLite store has to PostgreSQL, and compare both sides. Interrupted, the same command goes on.

    No proxy and no service may write there meanwhile. The files keep all they have; start neither on them again, since
    all goes on in the database.
    """
    store = source_store((source or paths.store_path()).expanduser().absolute())
    with _bar() as progress:
        moved = migrate(store, to, progress)
    if not moved:
        typer.echo("Everything was moved there before.")
        return
    rows = [(one.name, str(one.content.rows), f"{one.content.sum:064x}"[:16]) for one in moved]
    for line in columns([("table", "rows", "digest"), *rows], 1):
        typer.echo(line)
    for one in moved:
        if one.content.nulled:
            typer.echo(
                f"{one.name}: {one.content.nulled} numbers that JSON does not have (NaN, Infinity) are null there"
            )
    typer.echo(f"The same on both sides. From now on: penstock up --store {file_for(to)}")


@contextmanager
def _bar() -> Iterator[Progress]:
    """A bar on stderr for each step, where that is a terminal; else a line."""
    from rich.console import Console
    from rich.progress import Progress as Bar

    console, tasks = Console(stderr=True), dict[str, int]()
    is_terminal = console.is_terminal
    with Bar(console=console, disable=not is_terminal) as bar:

        def progress(step: str, done: int, total: int) -> None:
            if step not in tasks:
                tasks[step] = bar.add_task(step, total=total)
                if not is_terminal:
                    typer.echo(f"{step}: {total} rows, {done} done", err=True)
            bar.update(tasks[step], completed=done, total=total)  # type: ignore[arg-type]

        yield progress
