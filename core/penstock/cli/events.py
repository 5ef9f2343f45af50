"""`penstock events` (`events`): prints the event log, one line for each event (`line`), the newest last; with --follow
it looks for new ones five times a second. A line shows 60 characters of a text."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Any

import typer

from penstock.base.format import printable
from penstock.base.suggest import did_you_mean
from penstock.cli import completion
from penstock.cli.numbers import MOST
from penstock.cli.store_option import LogOption
from penstock.events.cursor import Cursor
from penstock.events.event import Event, EventKind
from penstock.store.base import Store
from penstock.store.reading import all_events, newest, open_log

__all__ = ["events", "line"]

POLL_S = 0.2
TEXT = 60
"""Characters of a text that a line shows."""


def _kind(name: str) -> EventKind:
    """Takes what earlier versions called a kind, too."""
    try:
        return EventKind(name)
    except ValueError as e:
        raise typer.BadParameter(f"{name!r} is no kind of event.{did_you_mean(name, EventKind)}") from e


_KINDS = f"[{'|'.join(EventKind)}]"


def events(
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with what is to come, until Ctrl-C.")] = False,
    kind: Annotated[
        list[EventKind] | None,
        typer.Option(help="Only events of this kind. May be repeated.", parser=_kind, metavar=_KINDS),
    ] = None,
    exchange: Annotated[
        str,
        typer.Option(help="Only the events of this exchange.", metavar="ID", autocompletion=completion.exchanges),
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line, nothing cut.")] = False,
    store: LogOption = None,
    count: Annotated[int, typer.Option("-n", help="How many of the newest to begin with.", min=0, max=MOST)] = 50,
) -> None:
    """Show the newest events, oldest first: what came, what was done with it, what was answered."""

    def wanted(event: Event) -> bool:
        return (not kind or event.kind in kind) and (not exchange or event.exchange == exchange)

    log = open_log(store)
    try:
        last = log.end()
        for event in newest(log, count, wanted, upto=last):
            typer.echo(_json(event) if as_json else line(event))
        if follow:
            for event in _following(log, last, wanted, lambda: time.sleep(POLL_S)):
                typer.echo(_json(event) if as_json else line(event))
    except KeyboardInterrupt:
        if not follow:
            raise
    finally:
        log.close()


def line(event: Event) -> str:
    """An event for a person: when, which exchange, what, and the fields that fit."""
    when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(event.at))
    return f"{when}  {event.exchange or '-':<16}  {event.kind:<10}  {_fields(event.payload)}".rstrip()


def _following(log: Store, after: Cursor, wanted: Callable[[Event], bool], wait: Callable[[], None]) -> Iterator[Event]:
    while True:
        for event in all_events(log, after):
            after = event.cursor
            if wanted(event):
                yield event
        wait()


def _json(event: Event) -> str:
    return json.dumps({name: getattr(event, name) for name in ("seq", "at", "exchange", "kind", "payload")})


def _fields(payload: Mapping[str, Any]) -> str:
    return " ".join(f"{name}={_short(value)}" for name, value in payload.items() if value not in ("", None, [], {}))


def _short(value: Any) -> str:
    if isinstance(value, dict):
        return _short(value["total"]) if "total" in value else "{" + _fields(value) + "}"
    if isinstance(value, list):
        return f"[{len(value)}]" if any(isinstance(v, dict) for v in value) else ",".join(_short(v) for v in value)
    if not isinstance(value, str):
        return json.dumps(value)
    # Nothing that a log holds may steer the terminal that shows it.
    text = printable(value)
    text = text if len(text) <= TEXT else text[:TEXT] + "…"
    return f'"{text}"' if " " in text else text
