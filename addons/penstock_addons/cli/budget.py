"""The commands `penstock budget`: `show` prints spending against the limits, and providers' rate limits; `set_` sets
limits, `raise_` adds to them for this period, `reset` counts from nothing again. They work through the proxy that owns
the store or, where none runs, on the store itself. `raise_` and `reset` raise `PenstockError` if there is nothing to
raise or reset."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from penstock.base import paths
from penstock.base.errors import PenstockError
from penstock.base.format import columns, moment, printable
from penstock.budget.amount import amount_in_words, part_in_words
from penstock.cli.numbers import finite
from penstock.cli.store_option import StoreOption
from penstock.control.client import do_budget
from penstock.profiles.profile import in_use
from penstock_addons.cli.memory.printing import confirmed, shortened

__all__ = ["app"]

app = typer.Typer(help="What was spent, what may be, and how to go on when it is used up.")
_COLOURS = {"REDUCED": "yellow", "MINIMAL": "magenta", "BLOCKED": "red"}
_NAME = 40


Scope = Annotated[
    str, typer.Argument(help="day, project, agent, session or conversation.", metavar="SCOPE", show_default=False)
]
MaybeScope = Annotated[
    str,
    typer.Argument(help="day, project, agent, session or conversation.", metavar="[SCOPE]", show_default=False),
]
Name = Annotated[str, typer.Argument(help="One of them, by its name. All when not given.", show_default=False)]
Dollars = Annotated[float | None, typer.Option(help="Dollars.", min=0, callback=finite, show_default=False)]
Tokens = Annotated[
    float | None, typer.Option(help="Tokens, cache reads too.", min=0, callback=finite, show_default=False)
]
Requests = Annotated[float | None, typer.Option(help="Answered requests.", min=0, callback=finite, show_default=False)]


@app.command()
def show(
    every: Annotated[bool, typer.Option("--all", "-a", help="Also what has no limit.")] = False,
    json_: Annotated[bool, typer.Option("--json", help="JSON.")] = False,
    store: StoreOption = None,
) -> None:
    """Show what was spent, what may be, and what providers say of their limits."""
    found = _do(store, "show", {})
    if json_:
        typer.echo(json.dumps(found, indent=1))
        return
    rows = [row for row in found["budgets"] if _is_shown(row, every)]
    for line in columns([("budget", "period", "used", "level"), *map(_line, rows)], 4):
        typer.echo(line)
    if not found["limited"]:
        typer.echo(
            "\nNothing is limited: `penstock budget set day --dollars 20`, or `[budget]` in a profile, does that."
        )
    for line in _rates(found["rates"]):
        typer.echo(line)


@app.command(name="set")
def set_(
    scope: Scope,
    name: Name = "",
    dollars: Dollars = None,
    tokens: Tokens = None,
    requests: Requests = None,
    none: Annotated[bool, typer.Option("--none", help="What the profile says counts again.")] = False,
    store: StoreOption = None,
) -> None:
    """Set the limits of a budget, in place of the profile's, until they are set again."""
    if none and any(amount is not None for amount in (dollars, tokens, requests)):
        raise typer.BadParameter("--none and an amount exclude each other")
    given = {"dollars": dollars, "tokens": tokens, "requests": requests, "none": none}
    done = _do(store, "set", {"scope": scope, "name": name, **given})
    typer.echo(f"The limits of {printable(done['set'])} are {'those of the profile again' if none else 'set'}.")


@app.command(name="raise")
def raise_(
    scope: MaybeScope = "",
    name: Name = "",
    dollars: Dollars = None,
    tokens: Tokens = None,
    requests: Requests = None,
    store: StoreOption = None,
) -> None:
    """Let what is blocked go on: add to the limits of this period, by half of each when no amount is given."""
    given = {"dollars": dollars or 0, "tokens": tokens or 0, "requests": requests or 0}
    done = _do(store, "raise", {"scope": scope or None, "name": name, **given})["raised"]
    if not done:
        what = f"no {scope} {name}".strip() if scope else "nothing is blocked, and nothing"
        raise PenstockError(f"{what} has a limit that this raises: `penstock budget show` lists them")
    typer.echo(f"Raised: {', '.join(map(printable, done))}.")


@app.command()
def reset(
    scope: MaybeScope = "",
    name: Name = "",
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    store: StoreOption = None,
) -> None:
    """Count from nothing again: one budget, those of a scope, or all."""
    what = f"{scope} {name}".strip() or "every budget"
    if not yes:
        confirmed(f"Count {printable(what)} from nothing again?")
    done = _do(store, "reset", {"scope": scope or None, "name": name})["reset"]
    if not done:
        raise PenstockError(f"nothing was counted for {what} in this period")
    typer.echo(f"{len(done)} {'budgets count' if len(done) > 1 else 'budget counts'} from nothing again.")


def _do(store: Path | None, command: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """Send a command to the proxy that owns the store; where none runs, carry it out on the store."""
    return do_budget(store or paths.store_path(), lambda: in_use().budget, command, arguments)


def _is_shown(row: dict[str, Any], every: bool) -> bool:
    is_used = any(row["used"].values()) or any(row["held"].values())
    return row["scope"] == "day" or (is_used and bool(every or row["limits"] or row.get("pool")))


def _line(row: dict[str, Any]) -> tuple[str, ...]:
    name = shortened(printable(row["name"]), _NAME)
    limits, whose = row["limits"], ""
    if not limits and row.get("pool"):
        limits, whose = row["pool"], " (its share)"
    used = ", ".join(part_in_words(m, row["used"][m], limit) for m, limit in limits.items())
    if not limits:
        used = ", ".join(amount_in_words(m, row["used"][m]) for m in ("dollars", "tokens", "requests"))
    level = typer.style(row["level"], fg=_COLOURS.get(row["level"])) if limits else "no limit"
    return f"{row['scope']} {name}".strip(), row["period"] or "ever", used + whose, level


def _rates(rates: dict[str, Sequence[dict[str, Any]]]) -> Iterator[str]:
    if rates["ours"]:
        yield "\nlimits of speed"
    for row in rates["ours"]:
        left = f"{row['left']:,.0f} of {row['size']:,.0f} left now"
        yield f"  {row['scope']} {printable(row['name'])}: {row['per_minute']:,.0f} {row['measure']} a minute, {left}"
    if rates["providers"]:
        yield "\nlimits that providers reported"
    for row in rates["providers"]:
        yield f"  {row['provider']} {row['name']}: {_told(row)}"


def _told(row: dict[str, Any]) -> str:
    said = []
    if "remaining" in row:
        whole = f" of {row['limit']:,.0f}" if "limit" in row else ""
        said.append(f"{row['remaining']:,.0f}{whole} left")
    if "used" in row:
        said.append(f"{row['used']:.0%} used")
    if "resets_at" in row:
        said.append(f"until {moment(row['resets_at'])}")
    return ", ".join(said)
