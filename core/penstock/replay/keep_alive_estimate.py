"""`estimate_keep_alive`: estimates what keep-alive would have saved in the sessions of a log, had it been on
(`KeepAliveEstimate`); raises `PluginError` and `ProfileError`. `last_sessions` reads the requests of the newest
sessions for it, from at most 100,000 events; raises `StoreError`.

The stage itself decides, asked for each pause as in a proxy; the cost of a pause is taken from what the provider
counted. Not considered: the history might have been edited differently after a pause during which the cache was kept.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from itertools import chain, takewhile

from penstock.base.clock import SystemClock
from penstock.conversation.exchange import Exchange, Identity, Kind
from penstock.cost.prices import Price
from penstock.engine.keep_alive import KINDS
from penstock.engine.pipeline import Pipeline
from penstock.events.cursor import Cursor
from penstock.events.event import Event, EventKind
from penstock.plugins.idle import Idle
from penstock.plugins.manager import Plugins
from penstock.profiles import profile as profiles
from penstock.profiles.profile import Cache, Profile
from penstock.stats.exchange import ExchangeStats
from penstock.stats.pauses import PriceOf, extra_cost
from penstock.store.base import Store
from penstock.store.reading import all_events

__all__ = ["LONGEST_S", "STAGE", "KeepAliveEstimate", "estimate_keep_alive", "last_sessions"]

STAGE = "keepalive"
"""The name of the bundled keep-alive stage."""
LONGEST_S = 4 * 3600.0
"""Seconds after its last request until the proxy drops a conversation's request."""
EVENTS = 100_000
"""How many of the newest events of a log are read."""
_KINDS = (EventKind.CLASSIFIED, EventKind.ANSWERED)


@dataclass(slots=True)
class KeepAliveEstimate:
    """The estimated effect of keep-alive on some requests."""

    reads: int = 0
    """Keep-alive requests that would have been sent."""
    reads_cost: float = 0.0
    """Dollars for the keep-alive requests."""
    spared: float = 0.0
    """Dollars that would have been saved by not writing to the cache again."""

    @property
    def saved(self) -> float:
        """Below zero: it would have cost more than it spared."""
        return self.spared - self.reads_cost


@dataclass(slots=True)
class _Talk:
    """A conversation at its last request."""

    idle: Idle
    tokens: int
    """The tokens of its last request that the cache held."""
    epoch: int
    alive_until: float
    due: float | None = None


def estimate_keep_alive(
    requests: Iterable[ExchangeStats], profile: Profile, plugins: Plugins, price_of: PriceOf
) -> KeepAliveEstimate:
    """Estimate keep-alive for `requests`, in order, with their answers, by the settings of the stage in `profile`.
    Requests that are not known to be billed by token are left out, unless the stage includes logins. Raises
    `PluginError` and `ProfileError`."""
    kept = profiles.changed(profile, {"stages": [STAGE]})
    parts = plugins.parts(kept)
    pipeline = Pipeline(kept, plugins.stages(kept, parts), SystemClock(), parts)
    play = _Play(pipeline.keeps_alive, kept.cache, price_of)
    for one in requests:
        play.take(one)
    play.read_until(float("inf"))
    return play.found


def last_sessions(log: Store, count: int, newest: Iterable[Event], before: Cursor) -> list[ExchangeStats]:
    """The requests of the newest `count` sessions, in their order, with who sent them and what was counted and paid.
    `newest`: the events after the place `before`, which are known already; only older ones are read. Raises
    `StoreError`."""
    found: dict[str, ExchangeStats] = {}
    older = takewhile(lambda e: e.cursor <= before, all_events(log, log.tail(EVENTS), _KINDS))
    for event in chain(older, (e for e in newest if e.kind in _KINDS)):
        found.setdefault(event.exchange, ExchangeStats(event.exchange)).fold(event)
    names: dict[str, None] = {}
    for one in reversed(found.values()):
        if one.session and one.money is not None and len(names) < count:
            names[one.session] = None
    return [one for one in found.values() if one.session in names]


class _Play:
    """Walks through the requests in time, and counts the keep-alive requests between them."""

    def __init__(self, keeps_alive: Callable[[Idle], bool], cache: Cache, price_of: PriceOf) -> None:
        self._keeps_alive, self._cache, self._price_of = keeps_alive, cache, price_of
        self._talks: dict[str, _Talk] = {}
        self._due: list[tuple[float, str]] = []
        self.found = KeepAliveEstimate()

    def take(self, one: ExchangeStats) -> None:
        """Add the next request, in order of time."""
        self.read_until(one.at)
        if one.kind not in KINDS or one.usage.prompt is None or not one.conversation:
            return
        price = self._price_of(one.provider, one.model)
        before = self._talks.get(one.conversation)
        saved = untouched = 0.0
        if before is not None:
            saved, untouched = before.idle.saved + self._spared(one, before, price), before.idle.untouched
        if one.money is not None and one.money.is_known:
            came = one.money.came
            saved += one.saved or 0.0
            untouched += price.dollars(plain=came.plain, read=came.read, write=came.write)
        tokens = (one.usage.cache_read or 0) + (one.usage.cache_write or 0)
        lifetime = self._cache.ttl_s or self._lifetime(one, price, before)
        idle = Idle(
            exchange=_exchange(one),
            at=one.at,
            is_login=one.login is not False,
            is_due=False,
            price=price,
            tokens=tokens,
            plain=max(0, one.usage.prompt - tokens),
            lifetime_s=lifetime,
            step_s=lifetime - self._cache.margin_s,
            is_long=lifetime > price.ttl_s,
            waits_for_tool=bool(one.tools),
            requests=before.idle.requests + 1 if before is not None else 1,
            reads=0,
            saved=saved,
            untouched=untouched,
            paused_s=one.at - before.idle.exchange.received_at if before is not None else None,
        )
        talk = self._talks[one.conversation] = _Talk(idle, tokens, one.epoch, one.at + lifetime)
        if price.is_known and price.marks and tokens and lifetime:
            self._plan(one.conversation, talk)

    def read_until(self, end: float) -> None:
        """Count the keep-alive requests that would have been sent before `end`."""
        while self._due and self._due[0][0] < end:
            due, name = heapq.heappop(self._due)
            talk = self._talks[name]
            if talk.due != due:  # the conversation went on before
                continue
            talk.idle = replace(talk.idle, is_due=True)
            if not self._keeps_alive(talk.idle):
                continue
            cost = talk.idle.cost
            self.found.reads += 1
            self.found.reads_cost += cost
            saved, reads = talk.idle.saved - cost, talk.idle.reads + 1
            talk.idle = replace(talk.idle, is_due=False, at=due, reads=reads, saved=saved)
            talk.alive_until = due + talk.idle.lifetime_s
            self._plan(name, talk)

    def _plan(self, name: str, talk: _Talk) -> None:
        talk.due = None
        due = talk.idle.at + talk.idle.step_s
        is_soon = due < talk.idle.exchange.received_at + LONGEST_S
        if talk.idle.step_s > 0 and is_soon and self._keeps_alive(talk.idle):
            talk.due = due
            heapq.heappush(self._due, (due, name))

    def _spared(self, one: ExchangeStats, before: _Talk, price: Price) -> float:
        """The dollars that a request would have saved, had the cache entry been kept alive."""
        if not before.idle.reads or one.at > before.alive_until or one.epoch != before.epoch:
            return 0.0
        again = min(one.usage.cache_write or 0, max(0, before.tokens - (one.usage.cache_read or 0)))
        spared = extra_cost(one, price, again)
        self.found.spared += spared
        return spared

    def _lifetime(self, one: ExchangeStats, price: Price, before: _Talk | None) -> float:
        """The shortest lifetime of the entries that it wrote; if it wrote none, as before."""
        written = one.usage.cache_write or 0
        if not written:
            return before.idle.lifetime_s if before is not None else price.ttl_s
        return price.ttl_hour_s if one.usage.cache_write_hour == written else price.ttl_s


def _exchange(one: ExchangeStats) -> Exchange:
    who = Identity(one.conversation, one.provider, one.session, one.agent, one.client, one.project)
    kind = Kind(one.kind)
    return Exchange(one.id, one.dialect, one.path, kind, who, one.model, epoch=one.epoch, received_at=one.at)
