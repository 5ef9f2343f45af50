"""`penstock providers`: adds, lists and deletes the gateway's providers (`add`, `list_`, `delete`), with their
credentials, and fetches and shows the lists of models that they serve (`models`). The credential comes from a prompt, a
file, stdin or the environment, never from an argument."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from penstock.base.errors import PenstockError
from penstock.base.format import columns, moment, plural, printable, rfc3339
from penstock.base.suggest import did_you_mean
from penstock.cli.store_option import StoreOption
from penstock.gateway.base_urls import check_base_url
from penstock.gateway.database import DEFAULT_WORKSPACE, GatewayStore
from penstock.gateway.model_lists import fetch_models, listed_models
from penstock.gateway.provider_kinds import KINDS
from penstock.gateway.providers import add_provider, delete_provider, list_providers
from penstock.gateway.records import Provider
from penstock.profiles.profile import in_use
from penstock_addons.cli.gateway.options import (
    AsJson,
    Workspace,
    Yes,
    by_whom,
    complete_providers,
    looked_at,
    opened,
)
from penstock_addons.cli.memory.printing import as_json, confirmed, only, shortened

__all__ = ["app"]

app = typer.Typer(help="The providers that the gateway asks, with the credentials it asks them with.")
_NAME, _WORKSPACE, _URL = 16, 12, 26
_SHOWN = 1000

Name = Annotated[
    str, typer.Argument(help="Its name.", metavar="NAME", show_default=False, autocompletion=complete_providers)
]
Everyone = Annotated[bool, typer.Option("--all", help="That of every workspace.")]


@app.command()
def add(
    name: Annotated[
        str,
        typer.Argument(
            help="What stands before the slash in anthropic/claude-opus-5-5.",
            metavar="NAME",
            show_default=False,
            autocompletion=lambda: list(KINDS),
        ),
    ],
    kind: Annotated[
        str, typer.Option(help=f"{', '.join(KINDS)}. Without: its name.", autocompletion=lambda: list(KINDS))
    ] = "",
    base_url: Annotated[str, typer.Option(help="Where it answers, if not where its kind does.", metavar="URL")] = "",
    credential_file: Annotated[
        str, typer.Option(help="Read its credential from this file; - reads stdin.", metavar="FILE")
    ] = "",
    credential_env: Annotated[
        str, typer.Option(help="Take its credential from this environment variable.", metavar="NAME")
    ] = "",
    allow_private: Annotated[
        bool, typer.Option("--allow-private", help="It may be on this machine or in a private network, and use http.")
    ] = False,
    workspace: Workspace = DEFAULT_WORKSPACE,
    every: Annotated[bool, typer.Option("--all", help="For every workspace.")] = False,
    json_: AsJson = False,
    store: StoreOption = None,
) -> None:
    """Add a provider. Its credential is asked for, and kept encrypted. It is no argument: others could see that."""
    found = KINDS.get(kind or name)
    if found is None:
        more = "" if kind else ", and --kind is not given"
        raise PenstockError(f"{kind or name!r} is no kind of provider{more}.{did_you_mean(kind or name, KINDS)}")
    credential = _credential(credential_file, credential_env, name if found.wants_credential else "")
    with opened(store) as kept:
        made = add_provider(
            kept,
            name,
            by_whom(),
            workspace=None if every else workspace,
            kind=found.name,
            base_url=base_url,
            credential=credential,
            allow_private=allow_private,
            allowed=in_use().gateway.allow_private,
        )
    if json_:
        as_json(_plain(made))
        return
    whose = "every workspace" if every else f"workspace {workspace}"
    typer.echo(f"{made.name} is a provider of {whose}, at {made.base_url}.")
    only([f"its models: `penstock providers models {made.name}`; keys for it: `penstock keys add NAME`"])


@app.command(name="list")
def list_(json_: AsJson = False, store: StoreOption = None) -> None:
    """List the providers of all workspaces, without their credentials."""
    with looked_at(store) as kept:
        found = list_providers(kept)
    if json_:
        as_json([_plain(one) for one in found])
        return
    if not found:
        only(["there is no provider: `penstock providers add anthropic` adds one"])
        return
    rows = [
        (
            shortened(one.name, _NAME),
            "" if one.kind == one.name else one.kind,
            shortened(one.workspace or "(all)", _WORKSPACE),
            shortened(one.base_url, _URL),
        )
        for one in found
    ]
    for line in columns([("provider", "kind", "workspace", "address"), *rows], 4):
        typer.echo(line)


@app.command()
def delete(
    name: Name,
    workspace: Workspace = DEFAULT_WORKSPACE,
    every: Everyone = False,
    yes: Yes = False,
    store: StoreOption = None,
) -> None:
    """Delete a provider with its credential and its list of models."""
    with opened(store) as kept:
        found = _named(kept, name, None if every else workspace)
        if not yes:
            confirmed(f"Delete provider {found.name} ({printable(found.base_url)}) with its credential?")
        delete_provider(kept, found.id, by_whom())
    typer.echo(f"Provider {found.name} is deleted.")


@app.command()
def models(
    name: Annotated[
        str, typer.Argument(help="One of them. Without: all.", show_default=False, autocompletion=complete_providers)
    ] = "",
    offline: Annotated[bool, typer.Option("--offline", help="Ask no provider: show what was fetched last.")] = False,
    workspace: Workspace = DEFAULT_WORKSPACE,
    json_: AsJson = False,
    store: StoreOption = None,
) -> None:
    """Fetch the lists of models from the providers of a workspace, and show them. A model without a provider's name
    goes to the provider that lists it."""
    failed: list[str] = []
    allowed = in_use().gateway.allow_private
    with opened(store) as kept:
        chosen = [one for one in list_providers(kept, workspace) if name in ("", one.name, one.id)]
        if not chosen:
            raise PenstockError(_none(kept, name, workspace))
        for one in chosen if not offline else ():
            try:
                check_base_url(one.base_url, is_private_allowed=one.allow_private, allowed=allowed)
                fetch_models(kept, one)
            except PenstockError as e:  # the others are asked all the same
                failed.append(printable(str(e)))
        names = {one.name for one in chosen}
        found = [one for one in listed_models(kept, workspace) if one.provider in names]
    if json_:
        as_json([{"id": one.id, "provider": one.provider, "fetched_at": rfc3339(one.at)} for one in found])
    else:
        for row in columns([(one.id, moment(one.at)) for one in found[:_SHOWN]], 2) if found else ():
            typer.echo(row)
        more = f"; {_SHOWN:,} are shown, --json has all" if len(found) > _SHOWN else ""
        only([f"{plural(len(found), 'model')}{more}"])
    only(failed)
    if failed:
        raise typer.Exit(1)


def _named(store: GatewayStore, name: str, workspace: str | None) -> Provider:
    """A workspace's own provider, or that of all (None), by its name or id."""
    mine = [one for one in list_providers(store) if one.workspace == workspace or one.id == name]
    found = next((one for one in mine if name in (one.id, one.name)), None)
    if found is None:
        raise PenstockError(_none(store, name, workspace))
    return found


def _none(store: GatewayStore, name: str, workspace: str | None) -> str:
    whose = f"workspace {workspace}" if workspace else "what all workspaces share"
    if workspace and name in [one.name for one in list_providers(store) if one.workspace is None]:
        return f"{name} is a provider of all workspaces: say --all"
    what = f"no provider {name[:80]!r}" if name else "no provider"
    return f"{whose} has {what}: `penstock providers list` shows all, `penstock providers add` adds one"


def _credential(file: str, variable: str, wanted_by: str) -> str:
    """From a file, stdin, the environment, or a person. Empty where none is wanted and none was given."""
    if file and variable:
        raise typer.BadParameter("--credential-file and --credential-env exclude each other")
    if variable:
        if not os.environ.get(variable):
            raise PenstockError(f"the environment variable {variable} is not set, or is empty")
        return os.environ[variable].strip()
    if file:
        try:
            text = sys.stdin.read() if file == "-" else Path(file).expanduser().read_text()
        except (OSError, UnicodeDecodeError) as e:
            raise PenstockError(f"the credential cannot be read from {file}: {e}") from e
        if not text.strip():
            raise PenstockError(f"there is no credential in {'stdin' if file == '-' else file}: it is empty")
        return text.strip()
    if not wanted_by:
        return ""
    if not sys.stdin.isatty():
        raise PenstockError(
            f"{wanted_by} needs a credential, and stdin is not a terminal: --credential-file FILE (- for stdin) or "
            "--credential-env NAME says where it is"
        )
    return str(typer.prompt(f"Credential of {wanted_by}", hide_input=True, err=True)).strip()


def _plain(one: Provider) -> dict[str, Any]:
    return {
        "id": one.id,
        "workspace": one.workspace,
        "name": one.name,
        "kind": one.kind,
        "base_url": one.base_url,
        "allow_private": one.allow_private,
        "has_credential": one.credential is not None,
        "created_at": rfc3339(one.created_at),
    }
