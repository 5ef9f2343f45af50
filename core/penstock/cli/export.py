"""`penstock export`: exchanges with their events, as one JSON document."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, TextIO

import typer

from penstock import __version__
from penstock.cli.reading import all_events, open_log
from penstock.errors import PenstockError
from penstock.events import Event, EventKind
from penstock.redact import redact
from penstock.store.base import Store

__all__ = ["export"]

LONG = 200
"""More exchanges than this, and a bar shows how far it is."""
_ENDS = (EventKind.REFUSED, EventKind.ANSWERED, EventKind.FAILED)
_ABOUT = ("kind", "client", "provider", "model", "conversation", "session", "agent", "epoch", "turn", "retry")


@dataclass
class _Known:
    """What the first look at a log says about one exchange."""

    session: str = ""
    conversation: str = ""


def export(
    store: Annotated[Path | None, typer.Option(help="The log to read. The proxy's own when not given.")] = None,
    session: Annotated[str, typer.Option(help="Only the exchanges of this session.", metavar="ID")] = "",
    conversation: Annotated[str, typer.Option(help="Only the exchanges of this conversation.", metavar="ID")] = "",
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write to this file, not to stdout.")] = None,
) -> None:
    """Write exchanges with their events as JSON. No credential is in a log; what looks like one is taken out again."""
    if session and conversation:
        raise typer.BadParameter("give a session or a conversation, not both")
    log = open_log(store)
    try:
        known = _look(log)
        chosen = [
            id
            for id, k in known.items()
            if (not session or k.session == session) and (not conversation or k.conversation == conversation)
        ]
        if (session or conversation) and not chosen:
            raise PenstockError(
                f"no exchange of {session or conversation!r} is in this log. "
                "`penstock events --kind classified` shows the ids of sessions and conversations"
            )
        asked = {"session": session} if session else {"conversation": conversation} if conversation else {}
        with _destination(output) as out:
            _write(out, log, chosen, asked)
        if output is not None:
            typer.echo(f"Wrote {len(chosen)} exchanges to {output}", err=True)
    finally:
        log.close()


def _look(log: Store) -> dict[str, _Known]:
    known: dict[str, _Known] = {}
    for event in all_events(log):
        if event.exchange:
            about = known.setdefault(event.exchange, _Known())
            if event.kind is EventKind.CLASSIFIED:
                about.session = str(event.payload.get("session", ""))
                about.conversation = str(event.payload.get("conversation", ""))
    return known


def _write(out: TextIO, log: Store, chosen: list[str], asked: dict[str, str]) -> None:
    """Exchange by exchange: a log may be larger than memory."""
    head = {
        "penstock": __version__,
        "exported_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "only": asked,
        "proxy": [] if asked else [_event(e) for e in log.events_of("")],
    }
    out.write(json.dumps(head)[:-1] + ', "exchanges": [')
    with _progress(chosen, shown=not out.isatty()) as ids:
        for i, id in enumerate(ids):
            out.write(("," if i else "") + "\n" + json.dumps(_exchange(id, log.events_of(id))))
    out.write("\n]}\n")


def _progress(ids: list[str], *, shown: bool) -> AbstractContextManager[Iterable[str]]:
    """`ids`, with a bar on stderr while they are gone through, where there are many and somebody watches."""
    if not shown or len(ids) < LONG or not sys.stderr.isatty():
        return nullcontext(ids)
    return typer.progressbar(ids, label="Exporting", file=sys.stderr)


def _exchange(id: str, events: list[Event]) -> dict[str, Any]:
    said = next((e.payload for e in events if e.kind is EventKind.CLASSIFIED), {})
    end = next((e for e in events if e.kind in _ENDS), None)
    return {
        "id": id,
        "at": events[0].at if events else None,
        **{name: _clean(said[name]) for name in _ABOUT if name in said},
        "outcome": end.kind if end is not None else "open",
        "usage": end.payload.get("usage", {}) if end is not None else {},
        "events": [_event(e) for e in events],
    }


def _event(event: Event) -> dict[str, Any]:
    return {"seq": event.seq, "at": event.at, "kind": event.kind, "payload": _clean(dict(event.payload))}


def _clean(value: Any) -> Any:
    """Once more through the redactor: an older version, with fewer patterns, may have written the log."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, list):
        return [_clean(v) for v in value]
    if isinstance(value, dict):
        return {k: _clean(v) for k, v in value.items()}
    return value


@contextmanager
def _destination(file: Path | None) -> Iterator[TextIO]:
    """stdout, or a file that only its owner can read and that is there whole or not at all."""
    if file is None:
        yield sys.stdout
        return
    part = file.with_name(file.name + ".part")
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as out:
            yield out
        part.replace(file)
    except OSError as e:
        raise PenstockError(f"{file} cannot be written: {e}") from e
    finally:
        part.unlink(missing_ok=True)
