"""The command `penstock relay`: publishes the events of a proxy's log to a message broker."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from penstock.base import paths
from penstock.base.format import plural
from penstock.cli.store_option import LogOption
from penstock.events.cursor import START, Cursor
from penstock.store.reading import open_log
from penstock_service.relay.position import open_position, shown
from penstock_service.relay.publishers import open_publisher, topic_in
from penstock_service.relay.relay import Relay, RelayStatus

__all__ = ["From", "relay"]

TOPIC = "penstock.events.v1"
_SHOW_S = 1.0
"""Seconds between two looks at the relay."""
_ENDING = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]


class From(StrEnum):
    """Where the first run of a relay begins."""

    START = "start"
    NOW = "now"


def relay(
    url: Annotated[
        str,
        typer.Argument(
            help="The broker: redis://HOST, nats://HOST, amqp://HOST or kafka://HOST. Other users of this machine see "
            "a password in it, unless it comes from the environment.",
            envvar="PENSTOCK_RELAY",
            show_envvar=True,
        ),
    ],
    store: LogOption = None,
    begin: Annotated[
        From, typer.Option("--from", help="Where the first run begins; later ones go on where the last one ended.")
    ] = From.START,
    topic: Annotated[
        str, typer.Option(help="The stream, subject, exchange or topic to publish to, unless the URL names one.")
    ] = TOPIC,
) -> None:
    """Publish the events of the log to a message broker as CloudEvents, without any text, and stay until Ctrl-C."""
    where = (store or paths.store_path()).expanduser().absolute()
    topic = topic_in(url) or topic
    publisher = open_publisher(url, topic)
    with closing(open_position(where, url, topic)) as position:
        if position.lead() and position.read() is None:
            position.move(_end(where) if begin is From.NOW else START)
        typer.echo(f"Publishing {where} to {shown(url)}, {topic}. Ctrl-C ends it.")
        if not where.exists():
            typer.echo("It does not exist yet: a proxy that starts makes it.")
        running = Relay(where, publisher, position)
        with _ending() as is_over, closing(running):
            running.start()
            _show(running, is_over)
        typer.echo(_line(running.status))


def _end(store: Path) -> Cursor:
    """Raises `StoreError`."""
    if not store.exists():
        return START
    with closing(open_log(store)) as log:
        return log.end()


@contextmanager
def _ending() -> Iterator[threading.Event]:
    """An event that Ctrl-C, SIGTERM and SIGHUP set."""
    is_over = threading.Event()
    before = {number: signal.signal(number, lambda *_: is_over.set()) for number in _ENDING}
    try:
        yield is_over
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _show(running: Relay, is_over: threading.Event) -> None:
    """A line that changes, on a terminal; else one when an error comes or goes."""
    last, is_terminal = RelayStatus(), sys.stdout.isatty()
    while not is_over.wait(_SHOW_S):
        now = running.status
        if is_terminal and now != last:
            typer.echo(f"\r\x1b[K{_line(now)}", nl=False)
        elif (now.error, now.is_standby) != (last.error, last.is_standby):
            typer.echo(_line(now))
        last = now
    if is_terminal:
        typer.echo("\r\x1b[K", nl=False)


def _line(status: RelayStatus) -> str:
    if status.is_standby:
        return f"{plural(status.published, 'event')} published; another relay publishes now"
    said = f"{plural(status.published, 'event')} published, {status.lag} waiting"
    return f"{said}: {status.error}" if status.error else said
