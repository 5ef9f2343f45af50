"""`find_sessions`: lists the sessions of a log with labels, times, sizes and numbers of requests (`FoundSession`);
`labels_of`: the labels that a person gave sessions."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from penstock.budget.scopes import storable
from penstock.conversation.exchange import Kind
from penstock.events.event import Event, EventKind
from penstock.events.proxy_events import StartedEvent
from penstock.events.request_events import ClassifiedEvent, RefusedEvent, RewrittenEvent
from penstock.events.response_events import AnsweredEvent, FailedEvent
from penstock.store.base import Store
from penstock.store.reading import all_events

__all__ = ["LABELS", "FoundSession", "find_sessions", "labels_of"]

LABELS = "session-label"
"""The kind of facts for the labels of sessions."""
_ENDS = frozenset({EventKind.ANSWERED, EventKind.FAILED, EventKind.REFUSED})
_KINDS = _ENDS | {EventKind.STARTED, EventKind.CLASSIFIED, EventKind.REWRITTEN}


@dataclass
class FoundSession:
    """A client's session, or a conversation of a client that names none."""

    name: str
    named: bool = False
    """Whether the name is the client's session id."""
    label: str = ""
    client: str = ""
    project: str = ""
    first_at: float = 0.0
    last_at: float = 0.0
    turns: int = 0
    events: int = 0
    bytes: int = 0
    """About how many bytes its events take in the log."""
    conversations: set[str] = field(default_factory=set)
    exchanges: set[str] = field(default_factory=set)
    tokens: dict[str, tuple[int, int, bool]] = field(default_factory=dict)
    """Tokens as received and as sent, and whether the provider counted them, by exchange. Exchanges that only count
    tokens are left out."""
    open: dict[str, float] = field(default_factory=dict)
    """Exchanges of the newest proxy whose end is not in the log, with when they came."""

    @property
    def tokens_in(self) -> int:
        return sum(came for came, _, _ in self.tokens.values())

    @property
    def tokens_out(self) -> int:
        return sum(sent for _, sent, _ in self.tokens.values())

    @property
    def uncounted(self) -> int:
        """Requests whose tokens are an estimate, since no provider counted them."""
        return sum(came > 0 and not is_counted for came, _, is_counted in self.tokens.values())

    @property
    def ratio(self) -> float | None:
        """Forwarded tokens as a share of those received. None: none were received."""
        return self.tokens_out / self.tokens_in if self.tokens_in else None

    def shown(self) -> dict[str, Any]:
        """The session and its numbers as plain data."""
        return {
            "session": self.name,
            "named": self.named,
            "label": self.label,
            "client": self.client,
            "project": self.project,
            "first_at": self.first_at,
            "last_at": self.last_at,
            "requests": len(self.exchanges),
            "turns": self.turns,
            "conversations": len(self.conversations),
            "tokens_in": self.tokens_in,
            "tokens_out": self.tokens_out,
            "uncounted": self.uncounted,
            "ratio": None if self.ratio is None else round(self.ratio, 4),
            "events": self.events,
            "bytes": self.bytes,
        }


def labels_of(store: Store) -> dict[str, str]:
    """The labels that a person gave sessions, by `storable` name. Raises `StoreError`."""
    found = {key: value.get("label") for key, value in store.values_of(LABELS).items()}
    return {key: label for key, label in found.items() if isinstance(label, str) and label}


def find_sessions(store: Store) -> dict[str, FoundSession]:
    """All sessions in the log, by name. Reads every request's beginning and end. Raises `StoreError`. Tokens are summed
    up as `ExchangeStats.traffic` has them."""
    sessions: dict[str, FoundSession] = {}
    of: dict[str, FoundSession] = {}
    for event in all_events(store, kinds=_KINDS):
        said = event.data
        if isinstance(said, StartedEvent):
            for session in sessions.values():
                session.open.clear()
        elif isinstance(said, ClassifiedEvent):
            _begin(event, said, sessions, of)
        elif event.exchange in of:
            _go_on(event, of[event.exchange])
    labels = labels_of(store)
    sizes = store.sizes(of)
    for exchange, session in of.items():
        events, size = sizes.get(exchange, (0, 0))
        session.events, session.bytes = session.events + events, session.bytes + size
    for session in sessions.values():
        session.label = labels.get(storable(session.name), "")
    return sessions


def _begin(event: Event, said: ClassifiedEvent, sessions: dict[str, FoundSession], of: dict[str, FoundSession]) -> None:
    name = said.session or said.conversation
    if not name:
        return
    session = sessions.setdefault(name, FoundSession(name, bool(said.session), first_at=event.at))
    of[event.exchange] = session
    session.first_at, session.last_at = min(session.first_at, event.at), max(session.last_at, event.at)
    session.client = said.client or session.client
    session.project = said.project or session.project
    session.turns += said.kind == Kind.MAIN and not said.retry
    session.conversations |= {said.conversation} - {""}
    session.exchanges.add(event.exchange)
    session.open[event.exchange] = event.at
    if said.kind != Kind.COUNT:
        came = said.tokens.total or 0
        session.tokens[event.exchange] = came, came, False


def _go_on(event: Event, session: FoundSession) -> None:
    session.last_at = max(session.last_at, event.at)
    said = event.data
    if not isinstance(said, RewrittenEvent):
        session.open.pop(event.exchange, None)
    if event.exchange in session.tokens:
        came, sent, is_counted = session.tokens[event.exchange]
        if isinstance(said, RewrittenEvent) and not is_counted:
            came = came if said.tokens_in is None else said.tokens_in
            session.tokens[event.exchange] = came, came if said.tokens_out is None else said.tokens_out, False
        elif isinstance(said, AnsweredEvent):
            session.tokens[event.exchange] = *(said.traffic or (came, sent)), said.is_counted
    if isinstance(said, RefusedEvent) or (isinstance(said, FailedEvent) and said.is_rejection):
        session.tokens.pop(event.exchange, None)
