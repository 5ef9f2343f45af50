"""Shell completion for the values of options and arguments: names of `profiles` and `models`, ids of `sessions` and
`exchanges` in the log. Looks at the newest 20,000 events and offers at most 100 exchanges. Errors give no completions
and no message."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from penstock.base.errors import PenstockError

if TYPE_CHECKING:
    from penstock.events.event import Event

__all__ = ["exchanges", "models", "profiles", "sessions"]

RECENT = 20_000
"""Events that are read, at most, since a person waits."""
OFFERED = 100
"""Exchanges at most."""


def profiles(incomplete: str) -> list[str]:
    """The names of profiles; behind a `+` the names of presets."""
    from penstock.profiles.files import PRESETS, available

    below, plus, _ = incomplete.partition("+")
    return [f"{below}+{preset}" for preset in PRESETS] if plus else list(available())


def models() -> list[str]:
    """The names of the bundled table."""
    from penstock.models import Table

    return sorted({row.name for row in Table().rows()} - {""})


def sessions(ctx: typer.Context) -> list[tuple[str, str]]:
    """Ids of sessions with their clients, the newest first; of conversations where no session is known."""
    return _found(ctx, lambda event: _text(event, "session") or _text(event, "conversation"), "client")


def exchanges(ctx: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """Ids of exchanges with their models, the newest first."""
    found = _found(ctx, lambda event: event.exchange, "model")
    return [(id, about) for id, about in found if id.startswith(incomplete)][:OFFERED]


def _found(ctx: typer.Context, name: Callable[[Event], str], about: str) -> list[tuple[str, str]]:
    found = {name(event): _text(event, about) for event in reversed(list(_classified(ctx.params.get("store"))))}
    return [(id, text) for id, text in found.items() if id]


def _classified(store: Path | None) -> Iterable[Event]:
    from penstock.base import paths
    from penstock.events.kinds import EventKind

    if not (store or paths.store_path()).expanduser().is_file():
        return []
    from penstock.store.reading import open_log

    try:
        log = open_log(store)
        try:
            return log.events_after(log.tail(RECENT), RECENT, (EventKind.CLASSIFIED,))
        finally:
            log.close()
    except PenstockError:  # of another version, or damaged: a shell is no place to say so
        return []


def _text(event: Event, name: str) -> str:
    return str(getattr(event.data, name, ""))
