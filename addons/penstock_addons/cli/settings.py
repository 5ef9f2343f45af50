"""`penstock settings`: shows the running proxy's settings (`show`), changes them or resets them to those of its profile
for the rest of the run (`set_`, `reset`), and saves them as a profile (`save`). All changes of a call are made or none.
Raises `PenstockError` if no proxy runs, or for a key that may not change while it runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from penstock.base import paths
from penstock.base.errors import PenstockError
from penstock.base.format import printable
from penstock.cli import completion
from penstock.cli.store_option import StoreOption
from penstock.control.client import Remote
from penstock.profiles.renamed_keys import current_key
from penstock.settings.setting import Setting, Source
from penstock.settings.values import written

__all__ = ["app"]

app = typer.Typer(help="The settings of the running proxy; changes last for this run.")
WAIT_S = 60.0
_SIGNS = {Source.RUN: "●", Source.PROFILE: " ", Source.DEFAULT: " "}
_WORDS = {Source.RUN: "changed", Source.PROFILE: "profile", Source.DEFAULT: "default"}

OfProfile = Annotated[
    str,
    typer.Option(
        "--profile",
        help="One that a client uses. The proxy's own when not given.",
        autocompletion=completion.profiles,
    ),
]
Keys = Annotated[list[str] | None, typer.Argument(help="Settings, as `penstock settings show` names them.")]


@app.command()
def show(
    keys: Annotated[
        list[str] | None, typer.Argument(help="Only these, or all below a table: `window`, `memory.tags`.")
    ] = None,
    changed: Annotated[bool, typer.Option("--changed", "-c", help="Only what was changed in this run.")] = False,
    json_: Annotated[bool, typer.Option("--json", help="JSON.")] = False,
    profile: OfProfile = "",
    store: StoreOption = None,
) -> None:
    """Show what may be changed, what it is, and what it is for."""
    found = _do(store, "/settings/show", {"profile": profile})
    settings = _named([Setting.of(one) for one in found["settings"]], [current_key(key) for key in keys or ()])
    if keys and not settings and not json_:
        raise PenstockError(f"nothing of {', '.join(keys)} may change while the proxy runs: `penstock settings show`")
    settings = [one for one in settings if not changed or one.source is Source.RUN]
    if json_:
        typer.echo(json.dumps(found | {"settings": [one.payload() for one in settings]}, indent=1))
        return
    typer.echo(f"profile {printable(found['profile'])}{': PAUSED, nothing new is edited' if found['paused'] else ''}")
    part = ""
    for one in settings:
        if one.part != part:
            part = one.part
            typer.echo(f"\n{printable(part)}")
        _tell(one, at_length=bool(keys))
    if changed and not settings:
        typer.echo("Nothing was changed in this run.")


@app.command(name="set")
def set_(
    changes: Annotated[list[str], typer.Argument(help="`window.hard=0.8`, several at once.", metavar="KEY=VALUE...")],
    profile: OfProfile = "",
    store: StoreOption = None,
) -> None:
    """Change settings of the running proxy, all of them or none. They end with the run: `penstock settings save`."""
    values = {}
    for change in changes:
        key, sign, value = change.partition("=")
        if not sign:
            raise typer.BadParameter(f"{change!r}: KEY=VALUE was expected")
        values[key.strip()] = value
    _tell_changes(_do(store, "/settings/set", {"values": values, "profile": profile})["changed"])


@app.command()
def reset(keys: Keys = None, profile: OfProfile = "", store: StoreOption = None) -> None:
    """Have what the profile says count again: for some settings, or for all."""
    _tell_changes(_do(store, "/settings/reset", {"keys": keys or None, "profile": profile})["changed"])


@app.command()
def save(
    name: Annotated[str, typer.Argument(help="What the profile is to be called.")],
    replace: Annotated[bool, typer.Option("--replace", help="The one of that name goes to NAME.toml.old.")] = False,
    profile: OfProfile = "",
    store: StoreOption = None,
) -> None:
    """Keep what was changed as a profile of your own, which extends the one in use."""
    done = _do(store, "/settings/save", {"name": name, "profile": profile, "replace": replace})
    typer.echo(f"Wrote {printable(done['saved'])}. `penstock up --profile {name}` starts with it.")


def _do(store: Path | None, path: str, arguments: dict[str, Any]) -> dict[str, Any]:
    return Remote(store or paths.store_path()).do(path, arguments, WAIT_S)


def _named(settings: list[Setting], keys: list[str]) -> list[Setting]:
    """Those that `keys` name, by the beginning of their names, or where that is none's, by later parts of them."""
    named: set[str] = set()
    for key in keys:
        begin = {one.key for one in settings if f"{one.key}.".startswith(f"{key}.")}
        named |= begin or {one.key for one in settings if f".{key}." in f".{one.key}."}
    return [one for one in settings if not keys or one.key in named]


def _tell(one: Setting, *, at_length: bool) -> None:
    value = written(one.value) + (f" {one.unit}" if one.unit and one.value is not None else "")
    before = f", was {written(one.before)}" if one.source is Source.RUN else ""
    typer.echo(printable(f"{_SIGNS[one.source]} {one.key:<36} {value}  ({_WORDS[one.source]}{before})"))
    if at_length:
        may = " ".join(filter(None, (", ".join(one.choices), one.bounds, "or none" if one.may_be_none else "")))
        for said in filter(None, (one.help, may)):
            typer.echo(printable(f"    {said}"))


def _tell_changes(changed: dict[str, list[Any]]) -> None:
    for key, (before, after) in changed.items():
        typer.echo(printable(f"● {key}: {written(before)} → {written(after)}"))
    if not changed:
        typer.echo("Nothing changed.")
