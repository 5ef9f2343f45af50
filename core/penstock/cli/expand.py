"""`penstock expand` (`expand`): prints the original text that an edit replaced, whole, by lines or by a regular
expression; without an id it lists the newest 20 originals."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from penstock.base.excerpt import excerpt
from penstock.base.format import printable
from penstock.cli.store_option import store_option
from penstock.store.original_lookup import find_originals, listed, the_original
from penstock.store.originals import Original

__all__ = ["expand"]

SHOWN = 20
"""Originals that are listed."""


def expand(
    id: Annotated[str, typer.Argument(help="What a stub calls the original, or its first 4 characters.")] = "",
    grep: Annotated[
        str, typer.Option(help="Only the lines that this regular expression finds, with their numbers.")
    ] = "",
    lines: Annotated[str, typer.Option(help="Only these lines.", metavar="A-B")] = "",
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object with the text, or a list of what was taken away.")
    ] = False,
    store: Annotated[
        Path | None, store_option("The store to look in. The proxy's own, and those beside it, when not given.")
    ] = None,
) -> None:
    """Show the original text in place of which a stub stands. Without an ID: list the newest originals."""
    if id:
        original = the_original(store, id)
        found = excerpt(original.text, grep=grep, lines=lines)
        if as_json:
            typer.echo(json.dumps({**_described(original), "text": found}, indent=1))
            return
        if grep and not found:
            typer.echo(f"No line{' of these' if lines else ''} matches {printable(grep)!r}.", err=True)
        _print(found)
        return
    if grep or lines:
        raise typer.BadParameter("say of which original: `penstock expand` lists them")
    taken = find_originals(store, limit=SHOWN)
    if as_json:
        typer.echo(json.dumps([_described(original) for original in taken], indent=1))
        return
    for original in taken:
        typer.echo(listed(original))
    if not taken:
        typer.echo("Nothing has been taken away.", err=True)


def _described(original: Original) -> dict[str, Any]:
    return {
        "original": original.digest,
        "at": original.at,
        "stage": original.stage or None,
        "reason": original.reason,
        "characters": len(original.text),
    }


def _print(text: str) -> None:
    """Print a text: unchanged into a file or a pipe, and with control characters made visible on a terminal."""
    if _on_terminal():
        typer.echo("\n".join(printable(line.expandtabs()) for line in text.split("\n")))
        return
    typer.echo(text.encode("utf-8", "surrogatepass"), nl=bool(text) and not text.endswith("\n"))


def _on_terminal() -> bool:
    return sys.stdout.isatty()
