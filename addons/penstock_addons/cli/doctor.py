"""`penstock doctor` (`doctor`): prints the results of the checks in `checks.py`, each on a line with its fix, or as
JSON. Ends with status 1 if a check fails."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from penstock.base import paths
from penstock.cli import completion
from penstock.store.store_file import NamedStore, named_store
from penstock_addons.cli.up import PORT, PROFILE_VARIABLE

__all__ = ["doctor"]

_COLOURS = {"ok": typer.colors.GREEN, "warn": typer.colors.YELLOW, "fail": typer.colors.RED}


def doctor(
    profile: Annotated[
        str,
        typer.Option(help="The profile to look at.", envvar=PROFILE_VARIABLE, autocompletion=completion.profiles),
    ] = "default",
    port: Annotated[int, typer.Option(help="The port a proxy would listen on.", min=1, max=65535)] = PORT,
    store: Annotated[
        NamedStore | None,
        # Not `store_option`, which makes a file for the URL of a database.
        typer.Option(parser=named_store, metavar="PATH", help="The store to look at. The proxy's own when not given."),
    ] = None,
    confdir: Annotated[Path | None, typer.Option(help="The folder of the certificate authority.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="A JSON list.")] = False,
) -> None:
    """Look at everything a proxy needs, a line each, and change nothing. Ends with status 1 when something fails."""
    from penstock_addons.cli.certificate_authority import default_confdir
    from penstock_addons.cli.check_result import Installation, Level
    from penstock_addons.cli.checks import check_all

    file, url = store or NamedStore(paths.store_path(), "")
    found = check_all(
        Installation(
            profile=profile,
            port=port,
            store=file.expanduser().absolute(),
            named_url=url,
            confdir=(confdir or default_confdir()).expanduser().absolute(),
        )
    )
    if as_json:
        typer.echo(json.dumps([asdict(check) for check in found], indent=1))
    for check in found if not as_json else ():
        level = typer.style(f"{check.level:<4}", fg=_COLOURS[check.level])
        typer.echo(f"{level}  {check.name}: {_sentences(check.said, check.fix)}")
    if any(check.level is Level.FAIL for check in found):
        raise typer.Exit(1)


def _sentences(said: str, fix: str) -> str:
    if not fix:
        return said
    return f"{said} {fix}" if said.endswith((".", "?", "!")) else f"{said}. {fix}"
