"""What the commands of the gateway share: their common options (`AsJson`, `Workspace`, `Yes`, `Key`) with the
completion of names; `opened` opens the gateway's store, `looked_at` without beginning one, `by_whom` is the name for
the audit log, `named_key` finds a key by id or name or raises `PenstockError`; `limit_in`, `time_in` and `seconds_in`
parse limits and times as people write them, or raise `InvalidSetting`."""

from __future__ import annotations

import getpass
import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from penstock.base import paths
from penstock.base.errors import PenstockError
from penstock.gateway.database import DEFAULT_WORKSPACE, GatewayStore, has_gateway
from penstock.gateway.errors import InvalidSetting
from penstock.gateway.keys import list_keys
from penstock.gateway.providers import list_providers
from penstock.gateway.quotas import read_limit
from penstock.gateway.records import UNITS, ApiKey, Limit
from penstock.gateway.workspaces import list_workspaces

__all__ = [
    "AsJson",
    "Key",
    "Workspace",
    "Yes",
    "by_whom",
    "complete_providers",
    "complete_workspaces",
    "limit_in",
    "looked_at",
    "named_key",
    "opened",
    "seconds_in",
    "time_in",
]

_LIMIT = re.compile(r"\$?\s*([\d_,]*\.?\d+)\s*([kM]?)\s*([a-z]*)\s*(?:\b(?:per|an?)\b|/)\s*([a-z]+)")
_TIME = re.compile(r"(\d+(?:\.\d+)?)\s*([smhdw])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400}
_FACTORS = {"": 1, "k": 1_000, "M": 1_000_000}


@contextmanager
def opened(store: Path | None) -> Iterator[GatewayStore]:
    """Open the gateway's store, which is beside the proxy's `store`, for the block."""
    with closing(GatewayStore.beside((store or paths.store_path()).expanduser())) as found:
        yield found


@contextmanager
def looked_at(store: Path | None) -> Iterator[GatewayStore]:
    """`opened`, for a command that only reads: where there is no gateway yet, an empty one, of which nothing is left.
    One that is begun would have a tab on the screen and a warning of `penstock doctor`."""
    if has_gateway((store or paths.store_path()).expanduser()):
        with opened(store) as found:
            yield found
        return
    with tempfile.TemporaryDirectory(prefix="penstock-") as folder, opened(Path(folder) / "penstock.db") as found:
        yield found


def by_whom() -> str:
    """The name of the user who runs the command, for the audit log."""
    try:
        return f"{getpass.getuser()}, command line"
    except (KeyError, OSError):  # a container's user may have no name
        return "command line"


def named_key(store: GatewayStore, workspace: str, named: str) -> ApiKey:
    """Find a key by its id or name; of several keys of one name, the active one. Raises `PenstockError`."""
    keys, now = list_keys(store, workspace), store.clock.now()
    found = [one for one in keys if one.id == named] or [one for one in keys if one.name == named]
    found = [one for one in found if one.state(now) == "active"] or found[:1]
    if not found:
        raise PenstockError(f"workspace {workspace} has no key {named[:80]!r}: `penstock keys list` shows those it has")
    if len(found) > 1:
        raise PenstockError(f"there are {len(found)} keys {named}: take an id, {' or '.join(one.id for one in found)}")
    return found[0]


def limit_in(said: str) -> Limit:
    """A limit as in `5 dollars per day`, `$5/day`, `60 requests per minute`, `2M tokens per month`. Raises
    `InvalidSetting`."""
    found = _LIMIT.fullmatch(said.strip())
    if found is None:
        raise InvalidSetting(
            f"{said[:80]!r} is no limit: `5 dollars per day` was expected, or `60 requests per minute`"
        )
    number, factor, unit, per = found.groups()
    unit = "dollars" if "$" in said and not unit else unit
    unit = f"{unit}s" if f"{unit}s" in UNITS else unit
    return read_limit(per, unit, float(number.replace(",", "").replace("_", "")) * _FACTORS[factor])


def seconds_in(said: str) -> float:
    """A time as in `30d`, `12h`, `90m`. Raises `InvalidSetting`."""
    found = _TIME.fullmatch(said.strip())
    if found is None:
        raise InvalidSetting(f"{said[:80]!r} is no time: a number with s, m, h, d or w was expected, as in 30d")
    return float(found[1]) * _SECONDS[found[2]]


def time_in(said: str, now: float) -> float | None:
    """When something ends: after a time, as in `30d`, with a day, as in `2027-01-31` (UTC), or `never`: None. Raises
    `InvalidSetting`."""
    if said == "never":
        return None
    try:
        return datetime.strptime(said, "%Y-%m-%d").replace(tzinfo=UTC).timestamp() + 86_400
    except ValueError:
        return now + seconds_in(said)


def complete_workspaces(ctx: typer.Context) -> list[str]:
    """The names of all workspaces, for shell completion."""
    return _found(ctx, lambda store: [one.name for one in list_workspaces(store)])


def complete_providers(ctx: typer.Context) -> list[str]:
    """The names of the providers of all workspaces, for shell completion."""
    return _found(ctx, lambda store: sorted({one.name for one in list_providers(store)}))


def _complete_keys(ctx: typer.Context) -> list[str]:
    workspace = str(ctx.params.get("workspace") or DEFAULT_WORKSPACE)
    return _found(ctx, lambda store: sorted({one.name for one in list_keys(store, workspace)}))


def _found(ctx: typer.Context, names: Callable[[GatewayStore], list[str]]) -> list[str]:
    store = Path(ctx.params.get("store") or paths.store_path())
    if not has_gateway(store.expanduser()):
        return []
    try:
        with opened(store) as found:
            return names(found)
    except PenstockError:  # a shell is no place to say so
        return []


AsJson = Annotated[bool, typer.Option("--json", help="JSON.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
Workspace = Annotated[str, typer.Option("--workspace", "-w", help="The workspace.", autocompletion=complete_workspaces)]
Key = Annotated[
    str,
    typer.Argument(help="Its name or id.", metavar="KEY", show_default=False, autocompletion=_complete_keys),
]
