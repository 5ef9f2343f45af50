"""`penstock quotas`: lists the limits of keys, workspaces and models with what was used of each (`list_`); sets limits,
raises one until its period ends, and removes limits (`set_`, `raise_`, `clear`). Days and months are those of UTC."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from penstock.base.errors import PenstockError
from penstock.base.format import columns, moment, rfc3339
from penstock.cli.store_option import StoreOption
from penstock.gateway.database import DEFAULT_WORKSPACE, GatewayStore
from penstock.gateway.keys import list_keys
from penstock.gateway.quotas import in_words, limits_of, raise_limit, set_limits, show_limits
from penstock.gateway.records import BILLION, LimitState
from penstock.gateway.workspaces import find_workspace
from penstock_addons.cli.gateway.options import AsJson, Workspace, Yes, by_whom, limit_in, looked_at, named_key, opened
from penstock_addons.cli.memory.printing import as_json, confirmed, only, shortened

__all__ = ["app"]

app = typer.Typer(help="What keys, workspaces and models may use, and what they did use.")
_NAME = 26

Limits = Annotated[
    list[str],
    typer.Argument(
        help="Such as '5 dollars per day', '60 requests per minute', '2M tokens per month'.",
        metavar="LIMIT...",
        show_default=False,
    ),
]
More = Annotated[
    str, typer.Argument(help="So much more, as in '2 dollars per day'.", metavar="LIMIT", show_default=False)
]
OfKey = Annotated[str, typer.Option("--key", help="Of one key: its name or id.", metavar="KEY")]
OfModel = Annotated[str, typer.Option("--model", help="Of one model, as PROVIDER/NAME.", metavar="MODEL")]


@app.command(name="list")
def list_(
    workspace: Workspace = DEFAULT_WORKSPACE,
    every: Annotated[bool, typer.Option("--all", help="Of every workspace.")] = False,
    json_: AsJson = False,
    store: StoreOption = None,
) -> None:
    """List the limits, with what counts against them now. Days and months are those of UTC."""
    with looked_at(store) as kept:
        find_workspace(kept, workspace)
        names = _key_names(kept, workspace)
        found = [one for one in show_limits(kept) if every or one.scope in names or _is_of(one.scope, workspace)]
    if json_:
        as_json([_plain(one) for one in found])
        return
    if not found:
        only(["nothing is limited: `penstock quotas set '20 dollars per day'` limits the workspace"])
        return
    rows = [
        (
            shortened(_in_words(one.scope, names), _NAME),
            f"{in_words(one.unit, one.cap)} per {one.per}",
            _amount(one, one.spent),
            _amount(one, one.held) if one.held else "",
            moment(one.resets_at)[5:],
        )
        for one in found
    ]
    for line in columns([("limit of", "may use", "used", "held", "until"), *rows], 2):
        typer.echo(line)


@app.command(name="set")
def set_(
    limits: Limits,
    key: OfKey = "",
    model: OfModel = "",
    workspace: Workspace = DEFAULT_WORKSPACE,
    json_: AsJson = False,
    store: StoreOption = None,
) -> None:
    """Limit a workspace, or one key or model of it. Limits of the same unit and period are replaced, others stay."""
    new = [limit_in(one) for one in limits]
    with opened(store) as kept:
        scope = _scope(kept, workspace, key, model)
        same = {(one.per, one.unit) for one in new}
        old = [one for one in limits_of(kept, scope) if (one.per, one.unit) not in same]
        set_limits(kept, scope, [*old, *new], by_whom())
        _say(show_limits(kept, [scope]), _key_names(kept, workspace), json_)


@app.command(name="raise")
def raise_(
    limit: More,
    key: OfKey = "",
    model: OfModel = "",
    workspace: Workspace = DEFAULT_WORKSPACE,
    json_: AsJson = False,
    store: StoreOption = None,
) -> None:
    """Add to a limit until its period ends; after that it is what it was."""
    more = limit_in(limit)
    with opened(store) as kept:
        scope = _scope(kept, workspace, key, model)
        amount = more.cap / BILLION if more.unit == "dollars" else more.cap
        raised = raise_limit(kept, scope, more.per, more.unit, amount, by_whom())
        _say([raised], _key_names(kept, workspace), json_)


@app.command()
def clear(
    key: OfKey = "",
    model: OfModel = "",
    workspace: Workspace = DEFAULT_WORKSPACE,
    yes: Yes = False,
    store: StoreOption = None,
) -> None:
    """Remove the limits of a workspace, or of one key or model of it. What was used stays in the books."""
    with opened(store) as kept:
        scope = _scope(kept, workspace, key, model)
        old, named = limits_of(kept, scope), _in_words(scope, _key_names(kept, workspace))
        if not old:
            raise PenstockError(f"{named} has no limit: `penstock quotas list` shows those there are")
        said = ", ".join(f"{in_words(one.unit, one.cap)} per {one.per}" for one in old)
        if not yes:
            confirmed(f"Remove the limits of {named} ({said})?")
        set_limits(kept, scope, [], by_whom())
    typer.echo(f"{named} has no limit any more; it had {said}.")


def _scope(store: GatewayStore, workspace: str, key: str, model: str) -> str:
    if key and model:
        raise typer.BadParameter("--key and --model exclude each other")
    if key:
        return f"key:{named_key(store, workspace, key).id}"
    if not model:
        return f"workspace:{workspace}"
    if "/" not in model:
        raise PenstockError(f"model {model[:80]!r}: PROVIDER/NAME was expected, such as anthropic/claude-opus-5-5")
    return f"model:{workspace}/{model}"


def _is_of(scope: str, workspace: str) -> bool:
    return scope == f"workspace:{workspace}" or scope.startswith(f"model:{workspace}/")


def _key_names(store: GatewayStore, workspace: str) -> dict[str, str]:
    """What people call the scopes of a workspace's keys."""
    return {f"key:{one.id}": f"key {one.name}" for one in list_keys(store, workspace)}


def _in_words(scope: str, names: Mapping[str, str]) -> str:
    return names.get(scope) or scope.replace(":", " ", 1)


def _say(found: list[LimitState], names: Mapping[str, str], json_: bool) -> None:
    if json_:
        as_json([_plain(one) for one in found])
        return
    for one in found:
        cap, spent = in_words(one.unit, one.cap), in_words(one.unit, one.spent)
        typer.echo(f"{_in_words(one.scope, names)} may use {cap} per {one.per}, and has used {spent} of this one.")


def _amount(one: LimitState, counted: int) -> str:
    return in_words(one.unit, counted).partition(" ")[0]


def _plain(one: LimitState) -> dict[str, Any]:
    by = BILLION if one.unit == "dollars" else 1
    amounts = {"cap": one.cap, "spent": one.spent, "held": one.held}
    return {
        "scope": one.scope,
        "per": one.per,
        "unit": one.unit,
        **{name: counted / by if by > 1 else counted for name, counted in amounts.items()},
        "resets_at": rfc3339(one.resets_at),
    }
