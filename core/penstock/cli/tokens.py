"""`penstock tokens` (`app`): lists and installs the vocabularies with which tokens are counted exactly. Raises
`VocabularyError` for an unknown name, or a file that is not that vocabulary."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from penstock.base.errors import VocabularyError
from penstock.base.format import columns
from penstock.base.suggest import did_you_mean
from penstock.tokens.vocabulary import KNOWN, Vocabulary, find, install_folder, read_verified

if TYPE_CHECKING:
    from penstock.tokens.vocabulary_install import Progress

__all__ = ["app"]

DEFAULT = "o200k_base"
"""What is installed when no name is given: that of all current models with a public vocabulary."""


def app(vocabularies: Mapping[str, Vocabulary] = KNOWN) -> typer.Typer:
    """The commands under `penstock tokens`."""
    group = typer.Typer(help="Show and install the vocabularies that tokens are counted with.")

    @group.command("list")
    def _(as_json: Annotated[bool, typer.Option("--json", help="A JSON list.")] = False) -> None:
        """List the vocabularies Penstock can count with, whose they are, and where they are on this machine."""
        found = [_described(one) for one in vocabularies.values()]
        if as_json:
            typer.echo(json.dumps(found, indent=1))
        else:
            _show(found)

    @group.command("install")
    def _(
        names: Annotated[
            list[str] | None, typer.Argument(metavar="NAME", help=f"Which ones. {DEFAULT} when not given.")
        ] = None,
        source: Annotated[
            str, typer.Option("--from", help="Take the file from here, a path or an address, not from its publisher.")
        ] = "",
        force: Annotated[bool, typer.Option("--force", help="Fetch it again if it is there.")] = False,
    ) -> None:
        """Fetch vocabularies from OpenAI, check them against their published checksum, and keep them.

        They are put into the folder that TIKTOKEN_CACHE_DIR names, else into one of Penstock's own. Nothing else in
        Penstock ever fetches one.
        """
        wanted = [_named(name, vocabularies) for name in dict.fromkeys(names or [DEFAULT])]
        if source and len(wanted) > 1:
            raise typer.BadParameter("it is the file of one vocabulary: name one", param_hint="--from")
        for one in wanted:
            _install(one, source, force=force)

    return group


def _described(one: Vocabulary) -> dict[str, str | None]:
    path = find(one)
    state = "not installed" if path is None else "installed" if _is_intact(one, path) else "damaged"
    return {"vocabulary": one.name, "models": one.models, "state": state, "file": str(path) if path else None}


def _show(found: list[dict[str, str | None]]) -> None:
    heads = ("vocabulary", "models", "state", "file")
    for line in columns([heads, *([one[head] or "" for head in heads] for one in found)], 4):
        typer.echo(line)
    states = {one["state"] for one in found}
    if "damaged" in states:
        typer.echo("A damaged file is not used. `penstock tokens install NAME` replaces it.")
    if states == {"not installed"}:
        typer.echo(f"`penstock tokens install` fetches {DEFAULT}. Without it OpenAI's models are estimated.")


def _install(vocabulary: Vocabulary, source: str, *, force: bool) -> None:
    from penstock.tokens.vocabulary_install import install

    path = None if force else find(vocabulary)
    if path is not None and _is_intact(vocabulary, path):
        typer.echo(f"{vocabulary.name} is there already: {path}")
        return
    with _bar(vocabulary.name) as progress:
        path = install(vocabulary, install_folder(), source, progress)
    typer.echo(f"Installed {vocabulary.name}: {path}")


def _named(name: str, vocabularies: Mapping[str, Vocabulary]) -> Vocabulary:
    if name not in vocabularies:
        raise VocabularyError(f"there is no vocabulary {name!r}.{did_you_mean(name, vocabularies)}")
    return vocabularies[name]


def _is_intact(vocabulary: Vocabulary, path: Path) -> bool:
    try:
        read_verified(vocabulary, path)
    except VocabularyError:
        return False
    return True


@contextmanager
def _bar(name: str) -> Iterator[Progress]:
    """A bar on stderr, where that is a terminal; else a line."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, TextColumn, TransferSpeedColumn
    from rich.progress import Progress as Bar

    console = Console(stderr=True)
    if not console.is_terminal:
        typer.echo(f"Fetching {name}", err=True)
    parts = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Bar(*parts, console=console, disable=not console.is_terminal, transient=True) as bar:
        task = bar.add_task(f"Fetching {name}", total=None)
        yield lambda done, whole: bar.update(task, completed=done, total=whole)
