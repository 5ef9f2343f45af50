"""`penstock workspaces`: adds, lists and deletes the gateway's workspaces (`add`, `list_`, `delete`), and changes their
settings (`set_`: profile, model aliases, fallbacks, redaction, webhook). `set_` raises `PenstockError` if no setting is
named; `add` and `set_` for an alias or fallback without `=`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from penstock.base.errors import PenstockError
from penstock.base.format import columns, plural, printable, rfc3339
from penstock.cli.store_option import StoreOption
from penstock.gateway.keys import list_keys
from penstock.gateway.records import Workspace
from penstock.gateway.workspaces import (
    add_workspace,
    change_workspace,
    delete_workspace,
    find_workspace,
    list_workspaces,
)
from penstock_addons.cli.gateway.options import AsJson, Yes, by_whom, complete_workspaces, looked_at, opened
from penstock_addons.cli.memory.printing import as_json, confirmed

__all__ = ["app"]

app = typer.Typer(help="The workspaces of the gateway: each has keys, limits and usage of its own.")

Name = Annotated[
    str, typer.Argument(help="Its name.", metavar="NAME", show_default=False, autocompletion=complete_workspaces)
]
New = Annotated[str, typer.Argument(help="What to call it.", metavar="NAME", show_default=False)]
ProfileName = Annotated[
    str | None, typer.Option("--profile", help="The profile of its requests; '' for the proxy's own.")
]
Aliases = Annotated[
    list[str] | None,
    typer.Option("--alias", help="Another name of a model, as in fast=anthropic/claude-haiku-5-5; fast= removes it."),
]
Fallbacks = Annotated[
    list[str] | None,
    typer.Option("--fallback", help="MODEL=OTHER: asked when MODEL's provider cannot be reached; MODEL= removes it."),
]
Redact = Annotated[
    bool | None, typer.Option("--redact/--no-redact", help="Replace personal data before requests leave.")
]
Webhook = Annotated[
    str | None, typer.Option(help="The address that is told when 80 and 100 % of a limit are spent; '' for none.")
]


@app.command()
def add(
    name: New,
    profile: ProfileName = None,
    alias: Aliases = None,
    fallback: Fallbacks = None,
    redact: Redact = None,
    webhook: Webhook = None,
    json_: AsJson = False,
    store: StoreOption = None,
) -> None:
    """Add a workspace."""
    given = _given(profile, redact, webhook) | {"aliases": _pairs(alias, {}), "fallbacks": _pairs(fallback, {})}
    with opened(store) as kept:
        made = add_workspace(kept, name, by_whom(), given)
    if json_:
        as_json(_plain(made))
        return
    typer.echo(f"Workspace {made.name} is added. Keys of it: `penstock keys add NAME --workspace {made.name}`.")


@app.command(name="list")
def list_(json_: AsJson = False, store: StoreOption = None) -> None:
    """List the workspaces."""
    with looked_at(store) as kept:
        found = [(one, list_keys(kept, one.name)) for one in list_workspaces(kept)]
        now = kept.clock.now()
    if json_:
        as_json([_plain(one) | {"keys": len(keys)} for one, keys in found])
        return
    rows = [
        (one.name, str(sum(key.state(now) == "active" for key in keys)), _settings(one.settings.model_dump()))
        for one, keys in found
    ]
    for line in columns([("workspace", "keys", "settings"), *rows], 3):
        typer.echo(line)


@app.command(name="set")
def set_(
    name: Name,
    profile: ProfileName = None,
    alias: Aliases = None,
    fallback: Fallbacks = None,
    redact: Redact = None,
    webhook: Webhook = None,
    json_: AsJson = False,
    store: StoreOption = None,
) -> None:
    """Change settings of a workspace; those that are not named stay."""
    given = _given(profile, redact, webhook)
    with opened(store) as kept:
        old = find_workspace(kept, name).settings
        if alias is not None:
            given["aliases"] = _pairs(alias, old.aliases)
        if fallback is not None:
            given["fallbacks"] = _pairs(fallback, old.fallbacks)
        if not given:
            raise PenstockError(f"nothing to change in {name}: name a setting, such as --alias fast=PROVIDER/MODEL")
        made = change_workspace(kept, name, by_whom(), given)
    if json_:
        as_json(_plain(made))
        return
    typer.echo(f"{made.name}: {_settings(made.settings.model_dump()) or 'all settings are the defaults'}")


@app.command()
def delete(name: Name, yes: Yes = False, store: StoreOption = None) -> None:
    """Delete a workspace with its keys, limits and providers. What was used stays in the books."""
    with opened(store) as kept:
        find_workspace(kept, name)
        if not yes:
            keys = plural(len(list_keys(kept, name)), "key")
            confirmed(f"Delete workspace {name} with its {keys}, limits and providers?")
        delete_workspace(kept, name, by_whom())
    typer.echo(f"Workspace {name} is deleted.")


def _given(profile: str | None, redact: bool | None, webhook: str | None) -> dict[str, Any]:
    given = {"profile": profile, "redact": redact, "webhook": webhook}
    return {name: value for name, value in given.items() if value is not None}


def _pairs(said: list[str] | None, old: Mapping[str, str]) -> dict[str, str]:
    pairs = dict(old)
    for one in said or ():
        name, equals, other = one.partition("=")
        if not equals or not name:
            raise PenstockError(f"{one[:80]!r}: NAME=PROVIDER/MODEL was expected")
        pairs[name] = other
    return {name: other for name, other in pairs.items() if other}


def _settings(settings: dict[str, Any]) -> str:
    said = []
    for name, value in settings.items():
        if isinstance(value, dict):
            said += [f"{key} -> {other}" for key, other in value.items()]
        elif value:
            said.append(name if value is True else f"{name} {value}")
    return printable(", ".join(said))


def _plain(one: Workspace) -> dict[str, Any]:
    return {"name": one.name, "settings": one.settings.model_dump(), "created_at": rfc3339(one.created_at)}
