"""`penstock usage` (`usage`): prints what the keys of a workspace, or of all, used, summed by key, model, provider, day
or session, as a table, CSV or JSON; this month unless days are given. Raises `PenstockError` for an unknown grouping,
or a day that cannot be read."""

from __future__ import annotations

import csv
import re
import sys
from datetime import date
from typing import Annotated, Any

import typer

from penstock.base.errors import PenstockError
from penstock.base.format import columns, printable
from penstock.base.suggest import did_you_mean
from penstock.cli.store_option import StoreOption
from penstock.gateway.database import DEFAULT_WORKSPACE
from penstock.gateway.keys import list_keys
from penstock.gateway.periods import day_of
from penstock.gateway.quotas import in_words
from penstock.gateway.records import BILLION
from penstock.gateway.usage import BY, UsageSum, usage_by
from penstock.gateway.workspaces import find_workspace
from penstock_addons.cli.gateway.options import AsJson, Workspace, looked_at
from penstock_addons.cli.memory.printing import as_json, only, shortened

__all__ = ["usage"]

_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_NAME = 28
_COLUMNS = ("name", "requests", "input", "cache_read", "cache_write", "output", "dollars")


def usage(
    by: Annotated[str, typer.Option(help=f"{', '.join(BY)}.", metavar="WHAT", autocompletion=lambda: list(BY))] = "key",
    first: Annotated[str, typer.Option("--from", help="The first day (UTC), as 2026-11-01.", metavar="DAY")] = "",
    last: Annotated[str, typer.Option("--to", help="The last day.", metavar="DAY")] = "",
    workspace: Workspace = DEFAULT_WORKSPACE,
    every: Annotated[bool, typer.Option("--all", help="Of every workspace.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="CSV.")] = False,
    json_: AsJson = False,
    store: StoreOption = None,
) -> None:
    """Show what was used through the gateway: this month, unless --from and --to say otherwise."""
    what = next((one for one in BY if one == by), None)
    if what is None:
        raise PenstockError(f"--by {by[:40]!r}: usage is not grouped by that.{did_you_mean(by, BY)}")
    if as_csv and json_:
        raise typer.BadParameter("--csv and --json exclude each other")
    for option, day in (("--from", first), ("--to", last)):
        if day and not _is_day(day):
            raise PenstockError(f"{option} {day[:40]!r}: a day was expected, as 2026-11-23")
    with looked_at(store) as kept:
        find_workspace(kept, workspace)
        today = day_of(kept.clock.now())
        first, last = first or f"{(last or today)[:7]}-01", last or today
        if first > last:
            raise PenstockError(f"--from {first} is after the last day, {last}")
        found = usage_by(kept, None if every else workspace, what, first, last)
        names = {one.id: one.name for one in list_keys(kept, workspace)} if what == "key" else {}
    if json_:
        as_json({"by": what, "from": first, "to": last, "rows": [_plain(one, names) for one in found]})
        return
    if as_csv:
        out = csv.DictWriter(sys.stdout, _COLUMNS, lineterminator="\n", extrasaction="ignore")
        out.writeheader()
        out.writerows(_plain(one, names) for one in found)
        return
    if not found:
        only([f"nothing was used from {first} to {last}"])
        return
    total = UsageSum("together", *(sum(getattr(one, name) for one in found) for name in _COLUMNS[1:]))
    head = (what, "requests", "input", "cached", "output", "cost")
    for line in columns([head, *(_row(one, names) for one in (*found, total))], 1):
        typer.echo(line)


def _row(one: UsageSum, names: dict[str, str]) -> tuple[str, ...]:
    name = shortened(printable(names.get(one.name, one.name)) or "(none)", _NAME)
    amounts = (one.requests, one.input + one.cache_write, one.cache_read, one.output)
    return (name, *(f"{amount:,}" for amount in amounts), in_words("dollars", one.dollars))


def _is_day(text: str) -> bool:
    try:
        return bool(_DAY.fullmatch(text) and date.fromisoformat(text))
    except ValueError:  # there is no such day
        return False


def _plain(one: UsageSum, names: dict[str, str]) -> dict[str, Any]:
    plain = {name: getattr(one, name) for name in _COLUMNS} | {"dollars": one.dollars / BILLION}
    return {**plain, "name": names.get(one.name, one.name), "id": one.name}
