"""`Suite`: everything one proxy needs, built from a profile and opened and closed together: plugins, store, event log,
engine, memory, index of tool outputs and Redis. Once an hour it deletes what is too old; where several proxies share
the store, it reads their budgets every five seconds.

Raises `ProfileError` or `PluginError` at start for a bad configuration. Without a usable store, traffic goes on:
nothing is edited and nothing kept.
"""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from penstock.base import paths
from penstock.base.clock import Clock, SystemClock
from penstock.base.errors import StoreError
from penstock.base.keyfile import has_key, installation_key
from penstock.base.redis_server import RedisServer
from penstock.base.store_url import url_in
from penstock.budget.budgets import COUNTERS, LIMITS
from penstock.budget.shared_rates import SharedRates
from penstock.control.hook_commands import HookCommands
from penstock.control.request_commands import RequestCommands
from penstock.control.session_commands import Live, SessionCommands
from penstock.control.settings_commands import SettingsCommands
from penstock.dialects.base import Dialect
from penstock.dialects.bundled import bundled_dialects
from penstock.engine import event_builders
from penstock.engine.engine import Engine
from penstock.engine.pipeline import Pipeline
from penstock.events.log import EventLog
from penstock.events.proxy_events import FaultEvent
from penstock.gateway.key_cache import KeyCache
from penstock.plugins.manager import Plugins
from penstock.plugins.tagger import IngestedHistory, Tags
from penstock.profiles import profile as profiles
from penstock.profiles.profile import Profile
from penstock.profiles.service import service_values
from penstock.profiles.several_processes import check_for_several
from penstock.redaction.personal import redactors
from penstock.redaction.redaction import Redactor
from penstock.store import complete
from penstock.store.base import RetentionPolicy, Store
from penstock.store.in_memory import MemoryStore
from penstock.store.opening import open_store
from penstock.store.worker_files import is_worker_file

if TYPE_CHECKING:
    from penstock.memory.service import MemoryService
    from penstock.outputs.indexer import OutputIndexer

__all__ = ["Suite"]

logger = logging.getLogger(__name__)
PRUNE_EVERY_S = 3600.0
ADOPT_EVERY_S = 5.0
AWAIT_EVERY_S = 0.2
"""Seconds between two looks whether a store that was away at the start is open."""
SETTLE_S = 5.0
"""Seconds for which `Suite.settle` waits for what other proxies are at."""
_ENDS_S = 2.0
"""Seconds for which the end of the proxy waits for what a thread does at the store."""
LOST_DAYS = 30.0
"""Days for which a conversation whose ledger was lost may still continue."""


@dataclass
class Suite:
    """The parts that one proxy needs, opened and closed together."""

    engine: Engine
    log: EventLog
    store: Store
    plugins: Plugins
    profile: Profile
    """The proxy's own profile, with the changes made in this run."""
    dialects: list[Dialect]
    degraded: str = ""
    """Why the store is only in memory; empty when it is on disk."""
    memory: MemoryService | None = None
    """The memory service. None: the profile turns memory off."""
    outputs: OutputIndexer | None = None
    """Indexes tool outputs that are shortened. None: the profile turns that off."""
    redis: RedisServer | None = None
    """The Redis that several proxies share. None: the profile names none."""
    keys: KeyCache | None = None
    """The gateway's keys that were read lately; only with Redis."""
    settings: SettingsCommands = field(init=False)
    """Takes a person's commands about settings."""
    _path: Path = field(init=False)
    _clock: Clock = field(init=False)
    _retried_until: float = 0.0
    """Seconds since the epoch until which clients may retry requests of an earlier proxy that are not in the store."""
    _closing: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    @cached_property
    def hooks(self) -> HookCommands:
        """The commands that a client's hooks call. They write to the store: do not call them on the event loop."""
        sessions = self.sessions()
        return HookCommands(
            self.engine.admission,
            lambda name, text, why: sessions.do("keep", {"text": text, "why": why, "conversation": name}),
            self.outputs.submit if self.outputs is not None else lambda _: False,
            lambda profile, name: any(tool.name == name for tool in self.plugins.tools(profile)),
        )

    @classmethod
    def open(
        cls,
        profile: str = "default",
        *,
        store: Path | None = None,
        plugins_dir: Path | None = None,
        blocked: Iterable[str] = (),
        clock: Clock | None = None,
        plugins: Plugins | None = None,
    ) -> Suite:
        """Load what is configured. Raises `ProfileError` and `PluginError`: a bad configuration stops start-up. A store
        that cannot be opened does not: traffic goes on, and the screen says so."""
        clock = clock or SystemClock()
        chosen = profiles.load(profile)
        plugins = plugins or Plugins.load(plugins_dir, blocked)
        url = profiles.changed(chosen, {"service": service_values()}).service.redis
        redis = RedisServer(url) if url else None
        path = store or paths.store_path()
        # With a key and without a store, ledgers are gone: what was sent in conversations that go on is not known.
        is_new = not path.exists()
        is_gone = is_new and has_key(path.parent)
        was_complete = complete.is_complete(path)
        kept, degraded = _open_store(path, chosen.limits.store_ms)
        is_incomplete = not degraded and not is_new and not was_complete
        if not degraded and not is_incomplete and not kept.is_awaited:
            complete.mark_complete(path)
        with ExitStack() as opened:
            opened.callback(kept.close)
            if redis is not None:
                opened.callback(redis.close)
            log = EventLog(kept, listeners=plugins.listeners(), clock=clock)
            opened.callback(log.close)
            dialects = [*plugins.dialects(), *bundled_dialects()]
            memory_service = None
            if chosen.memory.enabled:
                from penstock.memory.service import MemoryService

                memory_service = MemoryService.of(
                    paths.memory_dir(path),
                    chosen,
                    plugins.embedders,
                    plugins.redactors(),
                    lambda error: log.append(FaultEvent("memory", error)),
                    url_in(path),
                )
                opened.callback(memory_service.close)
            outputs = None
            if chosen.outputs.enabled:
                from penstock.outputs.indexer import OutputIndexer

                outputs = OutputIndexer(path, redactors(chosen.redact.personal, plugins.redactors()))
                opened.callback(outputs.close)
            make = _maker(plugins, clock, log, memory_service)
            if is_worker_file(path):
                make = _made_for_several(make, has_redis=redis is not None)
            engine = Engine(
                dialects=dialects,
                pipelines=lambda name: make(profiles.load(name)),
                profile=profile,
                store=kept,
                log=log,
                key=kept.identity_key or installation_key(path.parent),
                clock=clock,
                redactors=plugins.redactors(),
                is_lost=bool(degraded) or kept.is_awaited or _is_lost(kept, clock.now(), is_gone=is_gone),
                is_incomplete=is_incomplete,
                outputs=outputs,
                rates=SharedRates(redis) if redis is not None else None,
            )
            opened.pop_all()  # from here on `close` does it
        # What can not be kept can not be sent the same after a restart (P3): what is sent then stays as it comes.
        engine.is_paused = bool(degraded) or kept.is_awaited
        engine.whole_requests.resize(chosen.log.whole)
        suite = cls(engine, log, kept, plugins, chosen, dialects, degraded, memory_service, outputs, redis)
        suite.keys = KeyCache(redis) if redis is not None else None
        suite._retried_until = clock.now() + complete.RETRIED_S if is_incomplete else 0.0
        suite._path, suite._clock = path, clock
        suite.settings = SettingsCommands(engine, log, make, suite._changed)
        suite._start(lambda: suite._prune(clock), "penstock-prune")
        if kept.is_awaited:
            suite._start(suite._await_store, "penstock-awaiting")
        if kept.is_shared:
            suite._start(suite._adopt_budgets, "penstock-budgets")
        return suite

    def _start(self, work: Callable[[], None], name: str) -> None:
        self._threads.append(threading.Thread(target=work, name=name, daemon=True))
        self._threads[-1].start()

    def _changed(self, name: str, profile: Profile) -> None:
        if name == self.engine.pipelines.own:
            self.profile = profile
            self.engine.whole_requests.resize(profile.log.whole)
        if not profile.log.whole:
            self.engine.whole_requests.forget_profile(name)

    def _prune(self, clock: Clock) -> None:
        """Delete what is older than the profile keeps: at start, then every hour until closed."""
        while True:
            log, originals = self.profile.log, self.profile.originals
            size = int(originals.megabytes * (1 << 20))
            try:
                keep = RetentionPolicy(since=clock.now() - originals.days * 86400, size=size)
                self.store.prune(before=clock.now() - log.days * 86400, keep_events=log.events, originals=keep)
            except StoreError as e:
                logger.warning("old events cannot be deleted: %s", e)
            if self.memory is not None and self.memory.ready is not None:
                self.memory.submit(lambda memory: memory.expire(clock.now()))
            if self.outputs is not None:
                limits = self.profile.outputs
                size = int(limits.megabytes * 1_000_000)
                self.outputs.prune(RetentionPolicy(since=clock.now() - limits.days * 86400, size=size))
            if self._closing.wait(PRUNE_EVERY_S):
                return
            self._note_complete(is_stored=not self.log.degraded)

    def _adopt_budgets(self) -> None:
        """Take over what other proxies have spent, and the limits that were set there, again and again until closed."""
        while not self._closing.wait(ADOPT_EVERY_S):
            # What is written between the reading and the taking over would not be counted until the next time.
            self.log.between_writes("budgets of others", self._adopt)

    def _adopt(self) -> None:
        try:
            self.engine.admission.budgets.adopt(self.store.values_of(COUNTERS), self.store.values_of(LIMITS))
        except (StoreError, ValueError) as e:
            logger.debug("budgets of other proxies cannot be read: %s", e)

    def _await_store(self) -> None:
        """Edit from when the store is open."""
        while not self._closing.wait(AWAIT_EVERY_S):
            if self.store.is_awaited or self.store.identity_key is None:
                continue
            try:
                is_lost = _was_lost(self.store, self._clock.now())
            except StoreError as e:
                logger.debug("the store is away again: %s", e)
                continue
            self.engine.resume(self.store.identity_key, is_lost=is_lost)
            logger.info("the store is open: requests are edited from now on")
            return

    def _note_complete(self, *, is_stored: bool) -> None:
        """Mark the store complete, if all is stored and retries of requests of an earlier, killed proxy are over."""
        is_stored = is_stored and not self.degraded and not self.store.is_missing
        if is_stored and self._clock.now() >= self._retried_until:
            complete.mark_complete(self._path)

    def settle(self) -> bool:
        """Store the events so far, and wait until who reads the log gets them. False: not within some seconds. Do not
        call it on the event loop."""
        try:
            return self.log.drain() and self.store.settle(SETTLE_S)
        except StoreError as e:
            logger.debug("whether all that is stored can be read is not known: %s", e)
            return False

    def sessions(self) -> SessionCommands:
        """The commands about sessions. They read the store: do not call them on the event loop."""
        live = Live(self.settle, self.engine.forgotten, self.engine.admission.budgets.forget)
        forget = self.outputs.forget_conversations if self.outputs is not None else lambda _: None
        return SessionCommands(self.store, live, forget_outputs=forget)

    def requests(self) -> RequestCommands:
        """The commands about whole requests. They redact whole bodies: do not call them on the event loop."""

        def redactor_of(profile: Profile) -> Redactor:
            return Redactor(sys.maxsize, redactors(profile.redact.personal, self.plugins.redactors()))

        return RequestCommands(self.engine.whole_requests, redactor_of, self.profile)

    def close(self) -> None:
        """Store what is pending, and close all parts."""
        self._closing.set()
        self.settings.close()
        self.engine.close()
        if self.memory is not None:
            self.memory.close()
        if self.outputs is not None:
            self.outputs.close()
        if self.redis is not None:
            self.redis.close()
        is_stored = self.log.close()
        self._note_complete(is_stored=is_stored)
        for thread in self._threads:
            thread.join(_ENDS_S)
        self.store.close()


def _open_store(path: Path, wait_ms: float) -> tuple[Store, str]:
    try:
        store = open_store(path, wait_ms=wait_ms, awaits_server=True)
        if store.is_awaited:
            logger.warning(
                "Traffic goes on; nothing is edited until the database answers, and events wait for it. Start its "
                "server, or correct the URL in %s",
                path,
            )
        return store, ""
    except StoreError as e:
        logger.warning(
            "%s. Traffic goes on; nothing is edited and nothing kept until this is mended and the proxy restarted", e
        )
        return MemoryStore(), str(e)


def _is_lost(store: Store, now: float, *, is_gone: bool) -> bool:
    """Whether an earlier store was lost within `LOST_DAYS`; noted in the new one."""
    try:
        if is_gone:
            store.set_values("ledger", {"lost": {"at": now}})
        return _was_lost(store, now)
    except StoreError:
        return True


def _was_lost(store: Store, now: float) -> bool:
    """Whether that is noted in the store. Raises `StoreError`."""
    at = store.values_of("ledger").get("lost", {}).get("at")
    return isinstance(at, int | float) and now - at < LOST_DAYS * 86400


def _maker(
    plugins: Plugins, clock: Clock, log: EventLog, memory_service: MemoryService | None
) -> Callable[[Profile], Pipeline]:
    def tagged(exchange: str, of: str, tags: Tags) -> None:
        if not log.has_stopped:
            log.append(event_builders.tagged(of, tags), exchange)

    def ingested(exchange: str, history: IngestedHistory) -> None:
        if not log.has_stopped:
            for one in event_builders.ingested(history):
                log.append(one, exchange)

    def make(profile: Profile) -> Pipeline:
        # Once: a summariser has a spend cap and a memory of its own.
        parts = replace(
            plugins.parts(profile),
            memory=memory_service if profile.memory.enabled else None,
            tagged=tagged,
            ingested=ingested,
        )
        return Pipeline(profile, plugins.stages(profile, parts), clock, parts)

    return make


def _made_for_several(make: Callable[[Profile], Pipeline], *, has_redis: bool) -> Callable[[Profile], Pipeline]:
    """Also of profiles that clients ask for, and of settings that are changed while it runs."""

    def checked(profile: Profile) -> Pipeline:
        check_for_several(profile, has_redis=has_redis)
        return make(profile)

    return checked
