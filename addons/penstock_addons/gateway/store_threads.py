"""`StoreThreads`: does the gateway's work on its store in threads (`do`), so that the event loop waits for none of it:
it checks keys, holds and settles what requests cost, and deletes old usage from time to time. While the store is down,
`Outage` says which requests go on, and up to 100,000 settlements are kept until it is back."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import count
from typing import TypeVar

import sqlalchemy as sa

from penstock.base.errors import PenstockError, StoreError
from penstock.base.loop_wait import done_within
from penstock.base.postgres import is_unsure
from penstock.base.recurring_fault import RecurringFault
from penstock.gateway.admit import Directory, Hold
from penstock.gateway.database import GatewayStore
from penstock.gateway.errors import KeyChanged
from penstock.gateway.holds import Call, hold, keep_holds, sweep
from penstock.gateway.key_cache import KeyCache
from penstock.gateway.keys import check_key, key_in, note_use
from penstock.gateway.periods import day_of
from penstock.gateway.placeholder_store import sweep_placeholders
from penstock.gateway.records import ApiKey, Reached, Usage
from penstock.gateway.routing import Translations
from penstock.gateway.usage import prune_usage
from penstock_addons.gateway.outage import Outage
from penstock_addons.gateway.translate import translations_of
from penstock_addons.gateway.webhooks import announce
from penstock_addons.wire.model_requests import ModelRequests
from penstock_addons.wire.options import ProxyOptions

__all__ = ["StoreThreads"]

T = TypeVar("T")
logger = logging.getLogger(__name__)
_THREADS = 4
_ROUND_S = 60.0
"""Seconds between two rounds that renew what is held and count what dead proxies held."""
_PRUNED = 60
"""Rounds between two in which old usage is deleted."""
_RETRY_S = 2.0
"""Seconds until a settlement is tried again that the store did not take, or the store is opened that could not be."""
_CLOSE_S = 10.0
_LATE = 100_000
"""Settlements that wait for the store, at most. Of older ones the input is counted, when their holds end."""


class StoreThreads:
    """Opens the store at the first call. What is to be settled is kept until the store takes it."""

    def __init__(self, options: ProxyOptions, requests: ModelRequests) -> None:
        self._options, self._requests = options, requests
        self._lock = threading.Lock()
        self._store: GatewayStore | None = None
        self._directory: Directory | None = None
        self._pool = ThreadPoolExecutor(_THREADS, "penstock-gateway")
        self._held: dict[str, str] = {}
        """The workspace of each request that something is held for."""
        self._outage = Outage()
        self._closing = threading.Event()
        self._is_due = threading.Event()
        """Set when a round is due before its time: a settlement is late, or the proxy ends."""
        self._late: deque[tuple[str, Usage | None, str]] = deque()
        """Settlements that the store did not take."""
        self._rounds: threading.Thread | None = None
        self._unsettled = RecurringFault(logger, "the usage of requests cannot be stored, and is tried again: %s")
        self._unrenewed = RecurringFault(logger, "what is held for requests cannot be renewed: %s")
        self._not_opened: tuple[str, float] = ("", 0.0)
        """Why the store could not be opened, and until when that is not tried again."""

    async def do(self, work: Callable[[GatewayStore, Directory], T]) -> T:
        """Have a thread carry `work` out. Raises what that raises, and `StoreError` when the store cannot be opened."""
        done = self._pool.submit(lambda: work(*self._opened()))
        await done_within(done, None)
        return done.result()

    async def key(self, secret: str) -> ApiKey:
        """The key that `secret` is, by what is known of it; `check` looks again. Raises `BadKey` and `StoreError`."""
        known = self._outage.known(secret)
        if known is not None:
            return known
        return await self.do(lambda store, _: self.check(store, secret))

    def check(self, store: GatewayStore, secret: str) -> ApiKey:
        """The key that `secret` is, as the store has it; with Redis, as it had it lately. While the store is
        down, one that was seen lately. Raises `BadKey` and `StoreError`. Waits for the store."""
        try:
            cache = self._cache
            key = cache.key(secret, lambda: _read(store, secret)) if cache is not None else _read(store, secret)
            return self._outage.saw(secret, key, store)
        except StoreError as e:
            return self._outage.key(secret, e)

    def hold(self, store: GatewayStore, call: Call, check: Callable[[sa.Connection], None] | None = None) -> None:
        """Hold what a request may cost until it is settled; `check` as in `penstock.gateway.holds.hold`. While the
        store is down, lend it. Raises `QuotaFull` and `StoreError`, and what `check` raises."""
        try:
            hold(store, call, check)
        except StoreError as e:
            try:
                self._outage.lend(call, e)
            except StoreError:
                if is_unsure(e):  # it does not leave, and may be held for
                    self.settle(call.id, None, "")
                raise
        else:
            self._held[call.id] = call.workspace

    def hold_for(self, key: ApiKey, secret: str) -> Hold:
        """`hold` for a request that came with `secret`, which was `key` when it came. Raises besides `BadKey` if that
        is not valid any more, and `KeyChanged` if it is another by now. It is looked at in the transaction that holds,
        which costs less than one of its own."""

        def hold(store: GatewayStore, call: Call) -> None:
            def look(db: sa.Connection) -> None:
                now = store.clock.now()
                _same(key, key_in(db, secret, now), day_of(now))

            if self._cache is not None:  # most of its keys need no look at the store
                _same(key, self.check(store, secret))
            self.hold(store, call, look if self._cache is None else None)

        return hold

    def settle(self, number: str, usage: Usage | None, exchange: str) -> None:
        """Count what a request cost; None: nothing, and what is held for it is free again. Returns at once."""
        try:
            self._pool.submit(self._settle, number, usage, exchange)
        except RuntimeError:  # closed meanwhile: what is held is counted when its time is over
            logger.warning("the usage of a request that ended after the proxy is counted as an estimate")

    def tell(self, reached: Sequence[Reached]) -> None:
        """Announce that so much of a limit is spent, in a thread of its own: a webhook may take its time. Any thread
        may call."""
        store, _ = self._opened()
        for one in reached:
            threading.Thread(
                target=announce, args=(store, one, self._closing), name="penstock-webhook", daemon=True
            ).start()

    def close(self) -> None:
        """Write the settlements that are left, and end the threads."""
        self._closing.set()
        self._is_due.set()
        self._pool.shutdown(wait=True)
        if self._rounds is not None:
            self._rounds.join(_CLOSE_S)
        with self._lock:
            if self._store is not None:
                self._store.close()

    @property
    def _cache(self) -> KeyCache | None:
        suite = self._requests.suite
        return suite.keys if suite is not None else None

    def _translations(self) -> Translations:
        suite = self._requests.suite
        return translations_of(suite.plugins.translators()) if suite is not None else {}

    def _opened(self) -> tuple[GatewayStore, Directory]:
        with self._lock:
            if self._store is None or self._directory is None:
                why, until = self._not_opened
                if time.monotonic() < until:  # each of those who wait for the lock would wait for the server, too
                    raise StoreError(why)
                try:
                    self._store = GatewayStore.beside(self._options.store)
                except StoreError as e:
                    self._not_opened = str(e), time.monotonic() + _RETRY_S
                    raise
                self._directory = Directory(self._store, self._translations)
                self._rounds = threading.Thread(target=self._keep, name="penstock-gateway-rounds", daemon=True)
                self._rounds.start()
            return self._store, self._directory

    def _settle(self, number: str, usage: Usage | None, exchange: str) -> None:
        """Once; what the store does not take is kept for a later round, so that no thread waits for the store."""
        try:
            store, _ = self._opened()
            reached = self._outage.settle(store, number, usage, exchange, self._held.get(number, ""))
        except StoreError as e:
            self._unsettled.met(e)
            if len(self._late) >= _LATE:
                self._held.pop(self._late.popleft()[0], None)
            self._late.append((number, usage, exchange))
            self._is_due.set()
            return
        except Exception:  # its hold ends by itself, and its input is counted then
            logger.exception("the usage of request %s cannot be counted", number)
            reached = []
        else:
            self._unsettled.over()
        self._held.pop(number, None)
        if reached:
            self.tell(reached)

    def _settle_late(self) -> None:
        for _ in range(len(self._late)):
            self._settle(*self._late.popleft())

    def _prune(self, store: GatewayStore) -> None:
        sweep_placeholders(store)
        suite, now = self._requests.suite, store.clock.now()
        if suite is not None:
            oldest = now - 86400 * suite.profile.gateway.usage_days
            prune_usage(store, oldest, day_of(oldest))

    def _keep(self) -> None:
        for number in count():
            try:
                self._settle_late()
                store, _ = self._opened()
                keep_holds(store, tuple(self._held))
                if dead := sweep(store):
                    logger.warning("%d requests of a proxy that has died are counted as estimates", dead)
                if number % _PRUNED == 1:
                    self._prune(store)
                self._unrenewed.over()
            except PenstockError as e:
                self._unrenewed.met(e)
            except Exception:
                logger.exception("a round over what is held failed")
            if not self._late:
                self._is_due.wait(_ROUND_S)
            self._is_due.clear()
            if self._late:
                self._closing.wait(_RETRY_S)
            if self._closing.is_set():
                self._settle_late()
                return


def _read(store: GatewayStore, secret: str) -> ApiKey:
    key, day = check_key(store, secret), day_of(store.clock.now())
    if _is_noted(key, day):
        return key
    note_use(store, key.id, day)
    return replace(key, last_used_day=day)


def _same(before: ApiKey, now: ApiKey, day: str = "") -> None:
    """Raises `KeyChanged`, also for a key whose use on this day is not stored yet."""
    if (before is not now and before != now) or not _is_noted(now, day):
        raise KeyChanged("this key is being changed: try again")


def _is_noted(key: ApiKey, day: str) -> bool:
    """Whether its use on this day is stored, or on a later one: of a proxy whose clock is ahead at midnight."""
    return (key.last_used_day or "") >= day
