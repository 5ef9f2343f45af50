"""`penstock expand`: prints the original text that an edit replaced; lists and finds originals by handle."""

from __future__ import annotations

import json
import re
import sys
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from penstock.base import paths
from penstock.base.errors import PenstockError, StoreError
from penstock.base.excerpt import excerpt
from penstock.base.format import printable
from penstock.store.originals import Original
from penstock.store.reading import open_log

__all__ = ["expand", "find_originals", "listed", "stores", "the_original"]

SHOWN = 20
"""Originals that are listed."""
LEAST = 4
"""Digits of a handle that tell a person's original, who may see all of them."""
_HANDLE = re.compile(r"[0-9a-f]{1,64}")


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
        Path | None, typer.Option(help="The store to look in. The proxy's own, and those beside it, when not given.")
    ] = None,
) -> None:
    """Show what stood where a stub stands now, as it was. Without an ID: what was taken away last."""
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


def the_original(store: Path | None, handle: str, *, digits: int = LEAST, names: bool = True) -> Original:
    """The one original whose handle begins so, given `digits` of it. Raises `PenstockError`: what to do when there is
    none, or more, with the `names` of those or without."""
    wanted = handle.strip().lower()
    if not _HANDLE.fullmatch(wanted) or len(wanted) < digits:
        raise PenstockError(f"{handle!r} is no handle of an original: {digits} or more of 0-9 and a-f were expected")
    found = find_originals(store, wanted, limit=SHOWN)
    if not found:
        looked = ", ".join(str(file) for file in stores(store))
        raise PenstockError(
            f"no original is called {handle} in {looked}. It may be past its time (`[originals]` in the profile: 30 "
            "days and 512 MB when nothing else is said), or in the store of another proxy: --store FILE"
        )
    if len(found) > 1 and not names:
        raise PenstockError(f"{len(found)} originals begin with {handle}: `penstock expand {handle}` tells them apart")
    if len(found) > 1:
        several = "\n".join(listed(original, digits=16) for original in found)
        raise PenstockError(f"{len(found)} originals begin with {handle}: give more of one of these\n{several}")
    return found[0]


def listed(original: Original, digits: int = 8) -> str:
    """An original in one line: its handle, when it was taken away, by whom, how large it is, and why."""
    when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(original.at))
    by = original.stage or "-"
    size = f"{len(original.text):,}"
    return printable(f"{original.digest[:digits]}  {when}  {by:<12}  {size:>11} characters  {original.reason}")


def _described(original: Original) -> dict[str, Any]:
    return {
        "original": original.digest,
        "at": original.at,
        "stage": original.stage or None,
        "reason": original.reason,
        "characters": len(original.text),
    }


def _print(text: str) -> None:
    """To the letter into a file or a pipe. On a terminal nothing of it may steer that."""
    if _on_terminal():
        typer.echo("\n".join(printable(line.expandtabs()) for line in text.split("\n")))
        return
    typer.echo(text.encode("utf-8", "surrogatepass"), nl=bool(text) and not text.endswith("\n"))


def _on_terminal() -> bool:
    return sys.stdout.isatty()


def stores(path: Path | None) -> list[Path]:
    """The store at `path`; when none is given, the proxy's own and those that stand beside it."""
    if path is not None:
        return [path.expanduser().absolute()]
    own = paths.store_path().absolute()
    return [own, *sorted(own.parent.glob(f"{own.stem}-*{own.suffix}"))]


def find_originals(path: Path | None, handle: str = "", limit: int = 50) -> list[Original]:
    """The originals whose handle begins with `handle`, newest first, of all `stores`. A store that can not be read is
    passed over where another has something. Raises `StoreError`."""
    found: dict[str, Original] = {}
    faults: list[StoreError] = []
    for file in stores(path):
        try:
            for original in _find(file, handle, limit):
                known = found.get(original.digest)
                if known is None or known.at < original.at:
                    found[original.digest] = original
        except StoreError as e:
            faults.append(e)
    if faults and not found:
        raise faults[0]
    return sorted(found.values(), key=lambda original: original.at, reverse=True)[:limit]


def _find(file: Path, handle: str, limit: int) -> list[Original]:
    store = open_log(file)
    try:
        return store.find_originals(handle, limit)
    finally:
        store.close()
