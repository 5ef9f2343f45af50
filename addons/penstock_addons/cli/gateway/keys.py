"""`penstock keys`: adds, lists, rotates and revokes the keys of a workspace (`add`, `list_`, `rotate`, `revoke`). A new
key is printed once; Penstock keeps only its digest. `add` can limit it, too, and raises `PenstockError` if the name is
in use; `rotate` and `revoke` if there is no such key."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from penstock.base.errors import PenstockError
from penstock.base.format import columns, moment, rfc3339
from penstock.cli.store_option import StoreOption
from penstock.control.discovery import gateway_port
from penstock.gateway.database import DEFAULT_WORKSPACE
from penstock.gateway.keys import add_key, list_keys, revoke_key, rotate_key, scopes_in
from penstock.gateway.providers import list_providers
from penstock.gateway.quotas import in_words, set_limits
from penstock.gateway.records import DEFAULT_SCOPES, ApiKey
from penstock.profiles.gateway import DEFAULT_GATEWAY_PORT
from penstock.profiles.profile import in_use
from penstock_addons.cli.gateway.options import (
    AsJson,
    Key,
    Workspace,
    Yes,
    by_whom,
    limit_in,
    looked_at,
    named_key,
    opened,
    seconds_in,
    time_in,
)
from penstock_addons.cli.memory.printing import as_json, confirmed, only, shortened

__all__ = ["app"]

app = typer.Typer(help="The keys with which a team asks the gateway, in place of the providers' own.")
_NAME = 24
_SCOPES = scopes_in(DEFAULT_WORKSPACE)


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="What to call it: whose it is.", metavar="NAME", show_default=False)],
    workspace: Workspace = DEFAULT_WORKSPACE,
    scope: Annotated[
        list[str] | None,
        typer.Option(
            help=f"What it may do: {', '.join(_SCOPES)} (in `default`). Without: all but the last two.",
            autocompletion=lambda: list(_SCOPES),
        ),
    ] = None,
    model: Annotated[
        list[str] | None, typer.Option(help="A model it may ask, such as 'anthropic/*'. Without: every one.")
    ] = None,
    expires: Annotated[str, typer.Option(help="When it ends: 30d, 12h, 2027-01-31.", metavar="TIME")] = "never",
    limit: Annotated[
        list[str] | None, typer.Option(help="What it may use, such as '5 dollars per day'.", metavar="LIMIT")
    ] = None,
    json_: AsJson = False,
    store: StoreOption = None,
) -> None:
    """Add a key, and print it: once, since Penstock keeps only a digest of it."""
    limits = [limit_in(one) for one in limit or ()]
    with opened(store) as kept:
        now = kept.clock.now()
        same = next((one for one in list_keys(kept, workspace) if one.name == name), None)
        if same is not None and same.state(now) == "active":
            raise PenstockError(
                f"there is a key {name} already: `penstock keys rotate {name}` replaces it, or take another name"
            )
        ends = time_in(expires, now)
        key, secret = add_key(
            kept, workspace, name, by_whom(), scopes=scope or DEFAULT_SCOPES, models=model or (), expires_at=ends
        )
        if limits:
            set_limits(kept, f"key:{key.id}", limits, by_whom())
        has_provider, running = bool(list_providers(kept, workspace)), gateway_port(kept.path)
    if json_:
        as_json(_plain(key, now) | {"key": secret})
        return
    typer.echo(secret)  # alone on stdout, for KEY=$(penstock keys add ...)
    said = "".join(f", at most {in_words(one.unit, one.cap)} per {one.per}" for one in limits)
    only([f"the key {name} of workspace {workspace}{said}. It is shown this once: a digest of it is all that is kept."])
    for line in _uses(running):
        typer.echo(f"  {line}", err=True)
    if not has_provider:
        only([f"workspace {workspace} has no provider yet: `penstock providers add anthropic`"])


@app.command(name="list")
def list_(workspace: Workspace = DEFAULT_WORKSPACE, json_: AsJson = False, store: StoreOption = None) -> None:
    """List the keys of a workspace, the newest first."""
    with looked_at(store) as kept:
        found, now = list_keys(kept, workspace), kept.clock.now()
    if json_:
        as_json([_plain(one, now) for one in found])
        return
    if not found:
        only([f"workspace {workspace} has no key: `penstock keys add NAME` makes one"])
        return
    rows = [
        (
            one.id,
            shortened(one.name, _NAME),
            f"{one.prefix}…",
            one.state(now),
            moment(one.expires_at)[:10] if one.expires_at else "never",
            one.last_used_day or "",
        )
        for one in found
    ]
    for line in columns([("id", "name", "key", "state", "ends", "last used"), *rows], 6):
        typer.echo(line)


@app.command()
def rotate(
    key: Key,
    grace: Annotated[str, typer.Option(help="How long the old one is good: 24h, 7d.", metavar="TIME")] = "0s",
    workspace: Workspace = DEFAULT_WORKSPACE,
    json_: AsJson = False,
    store: StoreOption = None,
) -> None:
    """Replace a key by a new one, which keeps its limits and what it has used."""
    with opened(store) as kept:
        found = named_key(kept, workspace, key)
        rotated, secret = rotate_key(kept, workspace, found.id, by_whom(), grace_s=seconds_in(grace))
        now = kept.clock.now()
    if json_:
        as_json(_plain(rotated, now) | {"key": secret})
        return
    typer.echo(secret)
    old = f"is good for {grace} more" if seconds_in(grace) else "is refused from now on"
    only([f"the new key of {rotated.name}, shown this once. The old one {old}."])


@app.command()
def revoke(
    key: Key,
    yes: Yes = False,
    workspace: Workspace = DEFAULT_WORKSPACE,
    json_: AsJson = False,
    store: StoreOption = None,
) -> None:
    """Have a key refused from now on, for good."""
    with opened(store) as kept:
        found = named_key(kept, workspace, key)
        if not yes:
            confirmed(f"Have the key {found.name} ({found.prefix}…) refused for good?")
        revoked, now = revoke_key(kept, workspace, found.id, by_whom()), kept.clock.now()
    if json_:
        as_json(_plain(revoked, now))
        return
    typer.echo(f"The key {found.name} ({found.id}) is revoked.")


def _uses(running: int | None) -> list[str]:
    """How clients use a key. `running`: the port of the gateway that is up."""
    settings = in_use().gateway
    host = "THIS-MACHINE" if settings.host in ("0.0.0.0", "::") else settings.host
    url = f"http://{f'[{host}]' if ':' in host else host}:{running or settings.port or DEFAULT_GATEWAY_PORT}"
    rows = (
        ("Claude Code", f"ANTHROPIC_BASE_URL={url}", "ANTHROPIC_AUTH_TOKEN=KEY"),
        ("OpenAI SDKs", f"OPENAI_BASE_URL={url}/v1", "OPENAI_API_KEY=KEY"),
        ("Gemini", f"GOOGLE_GEMINI_BASE_URL={url}", "GEMINI_API_KEY=KEY"),
    )
    return columns(rows, 3)


def _plain(one: ApiKey, now: float) -> dict[str, Any]:
    times = {"expires_at": one.expires_at, "revoked_at": one.revoked_at}
    return {
        "id": one.id,
        "workspace": one.workspace,
        "name": one.name,
        "prefix": one.prefix,
        "state": one.state(now),
        "scopes": list(one.scopes),
        "models": list(one.models),
        "created_at": rfc3339(one.created_at),
        **{name: None if at is None else rfc3339(at) for name, at in times.items()},
        "last_used_day": one.last_used_day,
    }
