"""`choose`: selects exchanges of a log: all, those of a session, of a conversation, or of the latest session (`LAST`).
`Selection`: the result. Raises `PenstockError` if the log has no such session or conversation."""

from __future__ import annotations

from dataclasses import dataclass, field

from penstock.base.errors import PenstockError
from penstock.events.kinds import EventKind
from penstock.events.proxy_events import StartedEvent
from penstock.events.request_events import ClassifiedEvent, ReceivedEvent
from penstock.store.base import Store
from penstock.store.reading import all_events

__all__ = ["LAST", "Selection", "choose"]

_KINDS = frozenset((EventKind.STARTED, EventKind.RECEIVED, EventKind.CLASSIFIED))
LAST = "last"
"""Given in place of a session's id, it selects the latest active session."""


@dataclass(slots=True)
class Selection:
    """Exchanges by id, in the order they came."""

    ids: list[str] = field(default_factory=list)
    only: dict[str, str] = field(default_factory=dict)
    """What was asked for, as `session` or `conversation`. Empty: everything."""
    profiles: list[str] = field(default_factory=list)
    """What they went through; those of the proxies that wrote the log, where the exchanges do not say."""
    sessions: int = 0
    """How many sessions the log has, chosen or not."""


@dataclass(slots=True)
class _Known:
    session: str = ""
    conversation: str = ""
    profile: str = ""


def choose(log: Store, *, session: str = "", conversation: str = "") -> Selection:
    """The exchanges of `session` (an id, or `LAST`) or of `conversation`, or all. Reads the whole log once. Raises
    `PenstockError` if there is no such session or conversation."""
    known, started = _look(log)
    if session == LAST:
        session, conversation = _last(known)
    ids = [
        id
        for id, one in known.items()
        if (not session or one.session == session) and (not conversation or one.conversation == conversation)
    ]
    if (session or conversation) and not ids:
        raise PenstockError(
            f"no exchange of {session or conversation!r} is in this log. "
            "`penstock events --kind classified` shows the ids of sessions and conversations"
        )
    only = {"session": session} if session else {"conversation": conversation} if conversation else {}
    named = dict.fromkeys(profile for id in ids if (profile := known[id].profile))
    sessions = {one.session for one in known.values()} - {""}
    return Selection(ids, only, list(named) or started, len(sessions))


def _look(log: Store) -> tuple[dict[str, _Known], list[str]]:
    known: dict[str, _Known] = {}
    started: dict[str, None] = {}
    for event in all_events(log):
        said = event.data if event.kind in _KINDS else None
        if isinstance(said, StartedEvent):
            started[said.profile] = None
        if not event.exchange:
            continue
        one = known.setdefault(event.exchange, _Known())
        if isinstance(said, ReceivedEvent):
            one.profile = said.profile
        elif isinstance(said, ClassifiedEvent):
            one.session, one.conversation = said.session, said.conversation
    return known, [name for name in started if name]


def _last(known: dict[str, _Known]) -> tuple[str, str]:
    for one in reversed(known.values()):
        if one.session or one.conversation:
            return one.session, "" if one.session else one.conversation
    raise PenstockError("no session is in this log yet")
