"""`SessionCommands`: the commands `list`, `show`, `label` and `delete` of sessions, and `keep`, which stores a text as
an original, with plain data in and out. They run in a proxy, which also drops what it has loaded of a deleted session
(`Live`), and, where none runs, on the store. Raises `SessionConflict` if a session is in use or a label is taken,
`NotFound`, or another `PenstockError` for a name that several sessions have.

A session can be deleted when no request of it is under way and, unless forced, its provider cache has expired (an hour
after its last request). The ledger keeps each request consistent with the one before: a client that continues a deleted
session sends its history unedited, and pays once for writing it into the cache again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, field
from typing import Any

from penstock.base.dispatch import run_command
from penstock.base.errors import NotFound, PenstockError
from penstock.base.format import printable
from penstock.budget.budgets import COUNTERS, LIMITS
from penstock.budget.scopes import Key, Scope, storable
from penstock.events.event import Event, EventKind
from penstock.events.proxy_events import BudgetEvent, DeletedEvent
from penstock.redaction.redaction import redact
from penstock.stats.sessions import LABELS, FoundSession, find_sessions, labels_of
from penstock.store.base import Deletion, Store
from penstock.store.reading import all_events

__all__ = ["COMMANDS", "Live", "SessionCommands", "SessionConflict"]

Answer = dict[str, Any]
COMMANDS = frozenset({"list", "show", "label", "delete", "keep"})
QUIET_S = 60.0
"""Seconds after its end within which a proxy has written everything about a request."""
WARM_S = 3600.0
"""Seconds since the last request after which the provider's cache counts as expired."""
LOST_S = 3600.0
"""Seconds after which a request without an end in the log counts as ended."""
LONGEST = 80
"""Characters of a label."""
LEAST = 4
"""The fewest characters of a name's beginning by which a session can be named."""


class SessionConflict(PenstockError):
    """The command cannot be done now: the session is in use, or another one has that label."""


@dataclass(frozen=True)
class Live:
    """The part of a running proxy in commands: it stores what is pending, and drops its state of deleted
    conversations."""

    settle: Callable[[], object] = lambda: None
    """Writes all pending events to the store."""
    forgotten: Callable[[Collection[str]], AbstractContextManager[None]] = field(default=lambda _: nullcontext())
    """Blocks access to the state of these conversations while the block runs; it is loaded again afterwards."""
    forget_budgets: Callable[[str, Collection[str]], None] = lambda _session, _conversations: None


class SessionCommands:
    """Runs commands for the sessions in one store. `live`: the part of a running proxy, if there is one."""

    def __init__(
        self,
        store: Store,
        live: Live | None = None,
        now: Callable[[], float] = time.time,
        forget_outputs: Callable[[Collection[str]], object] = lambda _: None,
    ) -> None:
        """`forget_outputs` deletes the tool outputs of these conversations from their index."""
        self._store, self._live, self._now, self._forget_outputs = store, live, now, forget_outputs

    def do(self, command: str, arguments: Mapping[str, object]) -> Answer:
        """Carry a command out. Raises `PenstockError`, with a text for the person who asked."""
        return run_command(self, COMMANDS, command, arguments)

    def _keep(self, text: str, why: str, conversation: str = "") -> Answer:
        """Store a text of which an agent was given a part, such as what a program printed, as an original. It is
        deleted with its `conversation`, if that is known."""
        self._store.add_original(conversation, text, why, self._now())
        return {}

    def _list(self) -> Answer:
        found = sorted(self._sessions().values(), key=lambda one: -one.last_at)
        return {"sessions": [one.shown() for one in found]}

    def _show(self, session: str) -> Answer:
        """One session, with what deleting it would delete, and why it cannot be deleted now."""
        found = self._the(session)
        gone = self._store.weigh(self._doomed(found))
        return {
            **found.shown(),
            "deletes": asdict(gone),
            "refused": self._busy(found),
            "warning": self._warm(found),
        }

    def _label(self, session: str, label: str = "") -> Answer:
        """Give a session a label; an empty one removes it."""
        found = self._the(session)
        label = redact(" ".join(printable(label).split()))[:LONGEST]
        taken = [name for name, one in labels_of(self._store).items() if one == label and name != storable(found.name)]
        if label and taken:
            raise SessionConflict(f"another session is called {label!r} already: {taken[0]}")
        self._store.set_values(LABELS, {storable(found.name): {"label": label} if label else None})
        return {"session": found.name, "label": label}

    def _delete(self, session: str, force: bool = False) -> Answer:
        """Delete a session from the log, the ledgers, the originals, the index of tool outputs and the budgets. The
        memory keeps its items."""
        found = self._the(session)
        if busy := self._busy(found):
            raise SessionConflict(busy)
        if not force and (warm := self._warm(found)):
            raise SessionConflict(f"{warm} `force` deletes it all the same")
        live = self._live or Live()
        with live.forgotten(sorted(found.conversations)):
            gone = self._store.delete(self._doomed(found), self._told(found))
        live.forget_budgets(found.name, sorted(found.conversations))
        self._forget_outputs(sorted(found.conversations))
        return {"session": found.name, "label": found.label, "deleted": asdict(gone)}

    # ---------------------------------------------------------------- within

    def _sessions(self) -> dict[str, FoundSession]:
        if self._live is not None:
            self._live.settle()
        return find_sessions(self._store)

    def _the(self, name: str) -> FoundSession:
        """The session with this name or label, or whose name begins so. Raises `NotFound`, and `PenstockError` if there
        are several."""
        sessions = self._sessions()
        if name in sessions:
            return sessions[name]
        found = [one for one in sessions.values() if name and one.label == name]
        if not found and len(name) >= LEAST:
            found = [one for one in sessions.values() if one.name.startswith(name)]
        if len(found) == 1:
            return found[0]
        if not found:
            raise NotFound(f"no session in the log is called {name!r}: `penstock sessions list` shows them")
        several = ", ".join(sorted(one.name for one in found)[:5])
        raise PenstockError(f"{len(found)} sessions are called {name!r}: give more of one of {several}")

    def _busy(self, session: FoundSession) -> str:
        """Why the session cannot be deleted now. Empty: it can."""
        if self._live is None:
            return ""
        now = self._now()
        running = sum(1 for at in session.open.values() if now - at < LOST_S)
        if running:
            return f"session {session.name} has {running} requests under way: delete it once they have their answers"
        if now - session.last_at < QUIET_S:
            return f"session {session.name} was in use {now - session.last_at:.0f} s ago: delete it in a minute"
        return ""

    def _warm(self, session: FoundSession) -> str:
        """What deleting the session costs a client that continues it. Empty: nothing."""
        ago = self._now() - session.last_at
        if ago >= WARM_S:
            return ""
        return (
            f"session {session.name} was in use {max(ago, 0) / 60:.0f} minutes ago, and the provider may still cache "
            "what it sent: if its client goes on, the next request pays for writing its whole history again."
        )

    def _doomed(self, session: FoundSession) -> Deletion:
        names = {
            Scope.SESSION: {storable(session.name)},
            Scope.CONVERSATION: {storable(one) for one in session.conversations},
        }
        keys = [(text, Key.read(text)) for text in self._store.values_of(COUNTERS)]
        facts = {(COUNTERS, text) for text, key in keys if key is not None and key.name in names.get(key.scope, ())}
        places = {f"{scope}|{name}" for scope, some in names.items() for name in some}
        facts |= {(LIMITS, place) for place in self._store.values_of(LIMITS).keys() & places}
        if storable(session.name) in self._store.values_of(LABELS):
            facts.add((LABELS, storable(session.name)))
        labels = {f"{scope} {name}" for scope, some in names.items() for name in some}
        return Deletion(
            frozenset(session.conversations),
            frozenset(session.exchanges),
            self._budget_events(labels),
            frozenset(facts),
        )

    def _budget_events(self, labels: Collection[str]) -> frozenset[int]:
        """The events about budgets of these labels, which belong to no exchange."""
        told = [e for e in all_events(self._store, kinds={EventKind.BUDGET}) if not e.exchange]
        return frozenset(e.seq for e in told if isinstance(e.data, BudgetEvent) and e.data.budget in labels)

    def _told(self, session: FoundSession) -> Event:
        """The event that a deletion leaves: how much was deleted, with opaque ids only."""
        told = DeletedEvent(tuple(sorted(session.conversations)), len(session.exchanges), session.events)
        return Event.of(told, self._now())
