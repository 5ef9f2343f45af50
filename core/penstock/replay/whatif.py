"""`WhatIf`: replays recorded requests under a profile, without a network: what would have been paid, and what retained
(`Result`). A session counts as dearer from one cent on.

The answers are those of the recording: a profile changes what is sent, not what the agent does then. Nothing is sent
anywhere and nothing is written to disk; what stages keep, they keep in memory.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from penstock.base.clock import ManualClock
from penstock.conversation.conversation import Conversation
from penstock.conversation.exchange import Exchange, Request, State
from penstock.conversation.reply import Reply, Usage
from penstock.cost.bill import Bill, bill
from penstock.dialects import content_encoding
from penstock.dialects.base import Dialect
from penstock.engine.admission import prices_for
from penstock.engine.keep_alive import KINDS
from penstock.engine.proxy_decision import ProxyDecision
from penstock.events.event import Event, EventKind
from penstock.events.request_events import EditEvent
from penstock.identify.login import is_login
from penstock.plugins.manager import Plugins
from penstock.profiles import profile as profiles
from penstock.profiles.profile import Profile
from penstock.replay.keep_alive_estimate import LONGEST_S, STAGE
from penstock.replay.recording import Recorded
from penstock.replay.retention import RetentionStats, RetentionTracker
from penstock.store.in_memory import MemoryStore
from penstock.testing.session import Session

__all__ = ["Result", "WhatIf"]

DRAIN_EVERY = 100
"""Requests after which the events so far are waited for: their queue is bounded."""
CENT = 0.01
"""Dollars by which a session must cost more to be counted in `dearer`."""


@dataclass(slots=True)
class Result:
    """The result of replaying a recording under one profile."""

    profile: str
    requests: int = 0
    """Model requests that were read and answered, calls that only count tokens left out."""
    skipped: int = 0
    """Requests that were not answered or not readable: no money is counted for them."""
    refused: int = 0
    recorded: float = 0.0
    """Dollars that were paid; where the recording does not say what the provider counted, by our estimate."""
    estimated: int = 0
    """Requests whose counts the recording lacks."""
    paid: float = 0.0
    """Dollars under the profile."""
    unpriced: int = 0
    """Requests to models whose price is not known; they count tokens but no dollars."""
    naive: float = 0.0
    """Dollars of a client that compacts by itself; see `penstock.cost.baseline`."""
    came: int = 0
    """Input tokens as recorded."""
    sent: int = 0
    largest_came: int = 0
    largest_sent: int = 0
    flushes: int = 0
    edits: Counter[str] = field(default_factory=Counter)
    """Edits applied, by stage."""
    sessions: int = 0
    dearer: int = 0
    """Sessions that would have cost at least a cent more."""
    kept: RetentionStats = field(default_factory=RetentionStats)
    reads: int = 0
    """Keep-alive requests that would have been sent."""
    reads_cost: float = 0.0
    """Dollars for the keep-alive requests, part of `paid`."""


class WhatIf:
    """Replays requests under one profile. Take the requests in the order they were sent, then close."""

    def __init__(
        self, profile: str, plugins: Plugins, dialects: Sequence[Dialect], *, keep_alive: bool = False
    ) -> None:
        """`keep_alive`: with that stage after those of the profile. Raises `ProfileError` and `PluginError`."""
        found = profiles.load(profile)
        is_added = keep_alive and STAGE not in found.stages
        found = profiles.changed(found, {"stages": [*found.stages, STAGE]}) if is_added else found
        self._clock, self._counts = ManualClock(), _Counts()
        self._session = Session(
            profile=_quiet(found),
            plugins=plugins,
            dialects=dialects,
            store=self._counts,
            clock=self._clock,
            is_offline=True,
        )
        self._taken = 0
        self._watches: dict[str, RetentionTracker] = {}
        self._saved: dict[str, float] = defaultdict(float)
        """Dollars by session."""
        self._due: dict[str, float] = {}
        """By conversation, when its last request is sent once more."""
        self.result = Result(f"{found.name}, kept alive" if is_added else found.name)

    def take(self, recorded: Recorded) -> bool:
        """Replay one request. False: it is no model request."""
        found = self._session.engine.route(recorded.method, recorded.path)
        if found is None:
            return False
        self._taken += 1
        self._keep_alive(recorded.at)
        self._clock.at = recorded.at
        one = recorded
        request = Request(str(self._taken), one.method, one.host, one.path, one.headers, one.body, port=one.port)
        outcome = self._session.ask(request)
        if outcome.refusal is not None:
            self.result.refused += 1
        elif outcome.exchange is None:
            self.result.skipped += 1
        else:
            self._answer(found[0], recorded, outcome, outcome.exchange)
        if self._taken % DRAIN_EVERY == 0:
            self._session.log.drain()
        return True

    def close(self) -> Result:
        """Finish, and return the result."""
        self._keep_alive(self._clock.at + LONGEST_S)
        self._session.close()
        self.result.edits, self.result.flushes = self._counts.edits, self._counts.flushes
        self.result.sessions = len(self._saved)
        self.result.dearer = sum(saved <= -CENT for saved in self._saved.values())
        return self.result

    def _answer(self, dialect: Dialect, recorded: Recorded, outcome: ProxyDecision, exchange: Exchange) -> None:
        if exchange.kind in KINDS:
            self._due.pop(outcome.conversation, None)
        if exchange.kind.is_real and not exchange.is_retry:
            self._watch(dialect, recorded, outcome, exchange)
        reply = _reply(dialect, recorded)
        if recorded.status >= 400 or not recorded.status or reply.error or not reply.complete:
            exchange.advance(State.FAILED)
            self.result.skipped += 1
            return
        if outcome.booking is not None:
            paid = bill(outcome.booking, reply.usage, counted="original", price_of=prices_for(outcome))
            self._count(exchange, paid)
            if paid.counted:  # what the provider would have counted
                reply.usage = _usage(paid, reply.usage)
        self._clock.at = max(recorded.at, recorded.ended or 0.0)
        self._session.answered(reply)
        due = self._session.engine.keep_alive.answered(outcome, is_login=is_login(recorded.headers))
        if due is not None:
            self._due[outcome.conversation] = due

    def _count(self, exchange: Exchange, paid: Bill) -> None:
        one = self.result
        one.requests += 1
        one.estimated += not paid.counted
        one.unpriced += not paid.is_known
        one.recorded += paid.baseline
        one.paid += paid.paid + paid.own
        one.naive += paid.self_compacting
        one.came += paid.original.total
        one.sent += paid.forwarded.total
        one.largest_came = max(one.largest_came, paid.original.total)
        one.largest_sent = max(one.largest_sent, paid.forwarded.total)
        self._saved[exchange.identity.session or exchange.identity.conversation] += paid.saved

    def _keep_alive(self, end: float) -> None:
        """Count the keep-alive requests that would have been sent before `end`, each assumed to find its cache
        entry."""
        keep_alive = self._session.engine.keep_alive
        while self._due and min(self._due.values()) < end:
            name = min(self._due, key=self._due.__getitem__)
            self._clock.at = max(self._clock.at, self._due.pop(name))
            read = keep_alive.begin(name)
            if read is None:
                continue
            due = keep_alive.end(name, Usage(cache_read=1, cache_write=0))
            if due is not None:
                self._due[name] = due
            keep_alive.paid(read, read.dollars)
            self.result.reads += 1
            self.result.reads_cost += read.dollars
            self.result.paid += read.dollars
            self._saved[read.exchange.identity.session or name] -= read.dollars

    def _watch(self, dialect: Dialect, recorded: Recorded, outcome: ProxyDecision, exchange: Exchange) -> None:
        came = self._read(dialect, recorded, recorded.body)
        sent = came if outcome.body is None else self._read(dialect, recorded, outcome.body)
        watch = self._watches.setdefault(exchange.identity.conversation, RetentionTracker())
        watch.take(came, sent, self.result.kept)

    def _read(self, dialect: Dialect, recorded: Recorded, body: bytes) -> Conversation:
        encoding = recorded.headers.get("content-encoding")
        return dialect.read(
            content_encoding.decode(body, encoding, self._session.profile.limits.body_bytes), recorded.path
        )


class _Counts(MemoryStore):
    """A store that counts events and keeps none."""

    def __init__(self) -> None:
        super().__init__()
        self.edits: Counter[str] = Counter()
        self.flushes = 0

    def add_events(self, events: Sequence[Event]) -> None:
        for event in events:
            self.flushes += event.kind is EventKind.FLUSH
            if isinstance(event.data, EditEvent) and event.data.has_landed:
                self.edits[event.data.stage] += 1


def _quiet(profile: Profile) -> Profile:
    """The profile with no texts in events, since they are not read here."""
    return profile.model_copy(update={"log": profile.log.model_copy(update={"preview": 0})})


def _reply(dialect: Dialect, recorded: Recorded) -> Reply:
    if recorded.answer:
        reader = dialect.reply_reader(recorded.answer_type)
        reader.feed(recorded.answer)
        reply = reader.close()
    else:
        reply = Reply(complete=True)
    if recorded.usage is not None:
        reply.usage = recorded.usage
    return reply


def _usage(paid: Bill, said: Usage) -> Usage:
    cost = paid.forwarded
    return replace(
        said,
        input=cost.plain,
        cache_read=cost.read,
        cache_write=cost.write + cost.write_hour,
        cache_write_hour=cost.write_hour,
        dollars=None,
    )
