"""`penstock sessions`: lists the sessions in the log (`list_`), labels them (`label`), and deletes one (`delete`): its
events, the edits made in it, the originals that no other session uses, and its budgets; with `--memory`, what is
remembered of it, too. `delete` raises `PenstockError` for a session in use within the last hour, unless `--force` is
given."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from penstock.base import paths
from penstock.base.errors import PenstockError
from penstock.base.format import columns, moment, percent, plural, printable
from penstock.cli import completion
from penstock.cli.store_option import StoreOption
from penstock.control.client import do_sessions
from penstock_addons.cli.memory.client import open_memory
from penstock_addons.cli.memory.printing import confirmed, short_project, shortened

__all__ = ["app"]

app = typer.Typer(help="List the sessions in the log, name them, delete them.")
_NAME = 40

Session = Annotated[
    str,
    typer.Argument(
        help="Its id, the beginning of it, or its label.",
        metavar="SESSION",
        show_default=False,
        autocompletion=completion.sessions,
    ),
]


@app.command(name="list")
def list_(
    json_: Annotated[bool, typer.Option("--json", help="JSON.")] = False,
    limit: Annotated[int, typer.Option("--limit", "-n", help="So many at most.", min=1)] = 50,
    store: StoreOption = None,
) -> None:
    """List the sessions in the log, the one that was active last on top."""
    found = _do(store, "list", {})["sessions"]
    if json_:
        typer.echo(json.dumps(found, indent=1, ensure_ascii=False))
        return
    if not found:
        typer.echo("penstock: the log holds no session yet", err=True)
        return
    head = ("session", "client", "project", "last", "requests", "turns", "tokens in", "out", "sent", "in the log")
    for line in columns([head, *map(_row, found[:limit])], 4):
        typer.echo(line)
    if len(found) > limit:
        typer.echo(f"{len(found) - limit:,} more: --limit shows them")


@app.command()
def label(
    session: Session,
    name: Annotated[str, typer.Argument(help="What to call it; '' takes it away.", metavar="NAME", show_default=False)],
    store: StoreOption = None,
) -> None:
    """Give a session a name of your own."""
    done = _do(store, "label", {"session": session, "label": name})
    said = f"is called {printable(done['label'])!r} now" if done["label"] else "has no label any more"
    typer.echo(f"{printable(done['session'])} {said}.")


@app.command()
def delete(
    session: Session,
    memory: Annotated[bool, typer.Option("--memory", help="What is remembered of it, too.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Even if it was in use within the last hour.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    store: StoreOption = None,
) -> None:
    """Delete a session for good: its events, ledgers, originals and budgets. What is remembered of it stays, unless
    --memory goes with it.

    A client that goes on after that sends its history as it is, and pays once for caching it again. So a session that
    was in use within the last hour takes --force, and one with a request under way has to wait.
    """
    found = _resting(store, session, force=force)
    if not yes:
        for line in _deleted(found):
            typer.echo(line)
        typer.echo("What is remembered of it goes too." if memory else "What is remembered of it stays.")
        confirmed(f"Delete session {printable(found['session'])} for good?")
    gone = 0
    if memory:  # first: where that fails, all is as it was. A person may have thought for long before they said yes
        _resting(store, found["session"], force=force)
        with open_memory(store) as kept:
            gone = int(kept.do("forget_session", {"session": found["session"]})["forgotten"])
    done = _do(store, "delete", {"session": found["session"], "force": force})
    more = f" {gone:,} {'memory was' if gone == 1 else 'memories were'} forgotten." if memory else ""
    typer.echo(f"{plural(done['deleted']['events'], 'event')} deleted.{more}")


def _resting(store: Path | None, session: str, *, force: bool) -> dict[str, Any]:
    """What is known of a session that may be deleted now. Raises `PenstockError` when it may not."""
    found = _do(store, "show", {"session": session})
    if found["refused"] or (found["warning"] and not force):
        more = "" if found["refused"] else " --force deletes it all the same"
        raise PenstockError(f"{found['refused'] or found['warning']}{more}")
    return found


def _deleted(found: dict[str, Any]) -> list[str]:
    """What deleting a session deletes, in words."""
    gone = found["deletes"]
    return [
        f"{plural(found['requests'], 'request')} with {plural(gone['events'], 'event')}, "
        f"{gone['edits']:,} {'entry' if gone['edits'] == 1 else 'entries'} of ledgers,",
        f"{plural(gone['originals'], 'original')} that no other session uses, {plural(gone['tips'], 'tip')} and "
        f"{plural(gone['facts'], 'fact')} (budgets, limits, label).",
    ]


def _row(one: dict[str, Any]) -> tuple[str, ...]:
    name = f"{printable(one['label'])}  {printable(one['session'])}" if one["label"] else printable(one["session"])
    about = "~" if one["uncounted"] else ""
    return (
        shortened(name, _NAME),
        printable(one["client"]) or "?",
        short_project(one["project"]),
        moment(one["last_at"]),
        f"{one['requests']:,}",
        f"{one['turns']:,}",
        f"{about}{one['tokens_in']:,}",
        f"{about}{one['tokens_out']:,}",
        percent(one["ratio"]),
        f"{one['bytes'] / 1000:,.0f} kB",
    )


def _do(store: Path | None, command: str, arguments: dict[str, Any]) -> dict[str, Any]:
    return do_sessions(store or paths.store_path(), command, arguments)
