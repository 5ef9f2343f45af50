"""`EventKind`: the kinds of events; `stored_names`: their names in a store, those of earlier versions too."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

__all__ = ["OLD_NAMES", "EventKind", "stored_names"]

OLD_NAMES = {"enriched": "rewritten", "remembered": "processed", "kept": "history_archived"}
"""Names of kinds in earlier versions, each with the present one. They are read, but no longer written."""


class EventKind(StrEnum):
    """What happened. The payload of each is a class named after it, and described in `docs/reference/events.md`."""

    STARTED = "started"
    """A proxy began to write to this log."""
    STOPPED = "stopped"
    RECEIVED = "received"
    CLASSIFIED = "classified"
    STAGE = "stage"
    """A stage ended on a request."""
    EDIT = "edit"
    """An edit landed, waits, or was left out."""
    FLUSH = "flush"
    """Pending edits landed together."""
    TAGGED = "tagged"
    """What a request, or a turn that is complete, is about."""
    INGESTED_TURN = "ingested_turn"
    """What a turn of the history is about that a conversation's first request brought."""
    HISTORY_INGESTION = "history_ingestion"
    """The history that a conversation's first request brought is tagged."""
    REWRITTEN = "rewritten"
    """The stages have run, and the request is as it will leave."""
    FORWARDED = "forwarded"
    BYPASSED = "bypassed"
    """Went through untouched and unread, because the client asked or the body could not be read."""
    REFUSED = "refused"
    ANSWERED = "answered"
    FAILED = "failed"
    PROCESSED = "processed"
    """The work in the background after the answer is done."""
    HISTORY_ARCHIVED = "history_archived"
    """A history that a client is about to summarise was stored as received."""
    KEPT_ALIVE = "kept_alive"
    """While the user was idle, the last request was sent once more, so that the provider's cache lives on."""
    BUDGET = "budget"
    """A budget is at another level now."""
    DELETED = "deleted"
    """A person deleted a session: its events are deleted, and figures read from them are out of date."""
    SETTINGS = "settings"
    """A person changed settings of the running proxy, or paused or resumed it."""
    FAULT = "fault"
    """A part failed: a stage, the store, the check of a request."""

    @classmethod
    def _missing_(cls, value: object) -> EventKind | None:
        new = OLD_NAMES.get(value) if isinstance(value, str) else None
        return None if new is None else cls(new)


def stored_names(kinds: Iterable[EventKind]) -> list[str]:
    """The names of `kinds` in a store, old names included, in alphabetical order."""
    names = {kind.value for kind in kinds}
    return sorted(names | {old for old, new in OLD_NAMES.items() if new in names})
