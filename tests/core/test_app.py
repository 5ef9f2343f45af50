"""The parts put together: what one proxy needs, from what is configured."""

from __future__ import annotations

import asyncio
import hashlib
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from penstock import EventKind, app
from penstock.app import Suite
from penstock.base import paths
from penstock.base.errors import PluginError, ProfileError
from penstock.base.postgres_connection import engine_of
from penstock.budget.amount import Amount
from penstock.budget.budgets import COUNTERS
from penstock.budget.scopes import BudgetOwner, Scope
from penstock.budget.settings import Budget, Level, Limit
from penstock.dialects.bundled import bundled_dialects
from penstock.engine.proxy_decision import ProxyDecision
from penstock.events.event import Event
from penstock.events.request_events import BypassedEvent
from penstock.store import complete
from penstock.store.in_memory import MemoryStore
from penstock.store.sql import SqlStore
from penstock.testing import ManualClock, assistant, conversation, user
from tests.engines import request
from tests.leftover_threads import LeftoverThreads
from tests.road.proxy import wait_until

PLUGIN = """
from penstock import Stage, hookimpl

class Notes(Stage):
    name = "notes"

    def on_request(self, draft):
        draft.note("a note", reason="a test")

@hookimpl
def stages(profile):
    return [Notes()]
"""

PARTS = """
from penstock import Stage, Summary, hookimpl

made = []

class Counted:
    name = "counted"

    def __init__(self):
        made.append(self)
        self.number = len(made)

    def __call__(self, segment):
        return Summary("")

class Listener(Stage):
    name = "listener"

    def on_services(self, parts):
        self.told = parts

@hookimpl
def stages(profile):
    return [Listener()]

@hookimpl
def summarisers(profile):
    return [Counted()]
"""


def ask(suite: Suite, body: bytes, ident: str = "y1", *, headers: dict[str, str] | None = None) -> ProxyDecision:
    return asyncio.run(suite.engine.process(request(body, ident=ident, headers=headers)))


def test_it_opens_with_nothing_configured() -> None:
    """The default profile, the bundled plugins, a store where it belongs."""
    suite = Suite.open()
    assert suite.profile.name == "default"
    assert suite.degraded == ""
    assert paths.store_path().exists()
    assert isinstance(suite.store, SqlStore)
    assert "envelope" in suite.plugins.names()
    assert ask(suite, conversation(user("hello"))).exchange is not None
    suite.close()


def test_it_finds_what_a_person_has_written(penstock_home: Path) -> None:
    """Profiles and plugins in the configuration folder; or those it is told."""
    paths.plugins_dir().mkdir(parents=True)
    (paths.plugins_dir() / "notes.py").write_text(PLUGIN)
    paths.profiles_dir().mkdir(parents=True)
    (paths.profiles_dir() / "mine.toml").write_text('extends = "default"\nstages = ["notes", "envelope"]')
    suite = Suite.open("mine", store=penstock_home / "elsewhere" / "log.db")
    assert [stage.name for stage in suite.engine.pipeline("mine").stages] == ["notes", "envelope"]
    left = ask(suite, conversation(user("hello"))).body
    assert left is not None
    assert b"a note" in left
    suite.close()
    assert (penstock_home / "elsewhere" / "log.db").exists()
    assert (penstock_home / "elsewhere" / "key").exists()
    suite = Suite.open(blocked=["notes"])
    assert "notes" not in suite.plugins.names()
    suite.close()


def test_parts_are_made_once(penstock_home: Path) -> None:
    """A stage is told of the same at the start as with each request: they may have a spend cap or a memory."""
    paths.plugins_dir().mkdir(parents=True)
    (paths.plugins_dir() / "mine.py").write_text(PARTS)
    suite = Suite.open()
    pipeline = suite.engine.pipeline("default")
    (stage,) = [one for one in pipeline.stages if one.name == "listener"]
    assert stage.told is pipeline.parts  # type: ignore[attr-defined]
    assert [made.number for made in pipeline.parts.summarisers.values() if made.name == "counted"] == [1]  # type: ignore[attr-defined]
    suite.close()


def test_a_bad_configuration_stops_the_start() -> None:
    """A profile nobody has, a plugin that is broken."""
    with pytest.raises(ProfileError, match="no profile is called"):
        Suite.open("nobody-has-it")
    paths.plugins_dir().mkdir(parents=True)
    (paths.plugins_dir() / "broken.py").write_text("raise RuntimeError('no')")
    with pytest.raises(PluginError, match="RuntimeError: no"):
        Suite.open()


def test_a_start_that_is_stopped_leaves_nothing_open(penstock_home: Path) -> None:
    """No thread, no memory, no store: the same folder can be opened at once."""
    paths.profiles_dir().mkdir(parents=True)
    broken = 'extends = "default"\nstages = ["memory", "trim"]\n[stage.trim]\nleast = "many"\n'
    (paths.profiles_dir() / "mine.toml").write_text(broken)
    threads = LeftoverThreads()
    with pytest.raises(ProfileError, match=r"stage\.trim\.least"):
        Suite.open("mine")
    assert threads.found() == []
    Suite.open().close()


def test_a_store_that_cannot_be_opened_stops_nothing(tmp_path: Path) -> None:
    """Traffic goes on, kept in memory; why is known."""
    (tmp_path / "log.db").mkdir()
    suite = Suite.open(store=tmp_path / "log.db")
    assert "is a folder" in suite.degraded
    assert isinstance(suite.store, MemoryStore)
    assert ask(suite, conversation(user("hello"))).exchange is not None
    suite.close()


def test_nothing_is_edited_that_cannot_be_kept(tmp_path: Path) -> None:
    """After a restart it would not be sent the same (P3). A person may have it edit all the same."""
    suite = Suite.open(store=tmp_path)
    try:
        assert suite.engine.is_paused
        suite.settings.do("resume", {})
        assert not suite.engine.is_paused
    finally:
        suite.close()


def test_the_ledger_goes_on_after_a_restart() -> None:
    """What was edited stays edited, byte for byte, in the next process."""
    paths.plugins_dir().mkdir(parents=True)
    (paths.plugins_dir() / "notes.py").write_text(PLUGIN)
    suite = Suite.open()
    first = ask(suite, conversation(user("hello"))).body
    suite.close()
    suite = Suite.open(blocked=["notes"])
    second = ask(suite, conversation(user("hello"), assistant("yes"), user("more"))).body
    suite.close()
    assert first == conversation(user("hello", "a note"))
    assert second == conversation(user("hello", "a note"), assistant("yes"), user("more"))


def test_old_events_are_deleted_at_the_start() -> None:
    """Those past the days the profile keeps them."""
    clock = ManualClock()
    store = SqlStore(paths.store_path())
    day = 86400.0
    store.add_events([Event(0, clock.now() - n * day, "x", EventKind.RECEIVED, {"n": n}) for n in (40, 31, 29, 0)])
    store.close()
    suite = Suite.open(clock=clock)
    pruner = next(t for t in threading.enumerate() if t.name == "penstock-prune")
    suite.close()
    pruner.join(timeout=30)
    reader = SqlStore(paths.store_path(), readonly=True)
    assert [e.payload["n"] for e in reader.events_after()] == [29, 0]
    reader.close()


def test_old_originals_are_deleted_at_the_start() -> None:
    """Those past the days, or the size, that the profile gives them; the newest stay."""
    paths.profiles_dir().mkdir(parents=True)
    (paths.profiles_dir() / "mine.toml").write_text('extends = "default"\n[originals]\ndays = 2\nmegabytes = 0.001\n')
    clock = ManualClock()
    store = SqlStore(paths.store_path())
    noise = [hashlib.sha512(bytes([n])).hexdigest() * 5 for n in range(9)]
    for n, text in enumerate(noise):
        store.add_original("talk", text, "w", clock.now() - n * 86400)
    store.close()
    suite = Suite.open("mine", clock=clock)
    pruner = next(t for t in threading.enumerate() if t.name == "penstock-prune")
    suite.close()
    pruner.join(timeout=30)
    reader = SqlStore(paths.store_path(), readonly=True)
    assert [o.text for o in reader.find_originals()] == noise[:3]
    reader.close()


def test_closing_writes_what_is_left_and_ends_every_thread() -> None:
    """Nothing of it stays behind."""
    before = set(threading.enumerate())
    suite = Suite.open()
    ask(suite, conversation(user("hello")))
    suite.close()
    for thread in set(threading.enumerate()) - before:
        thread.join(timeout=30)
        assert not thread.is_alive()
    reader = SqlStore(paths.store_path(), readonly=True)
    assert [e.kind for e in reader.events_of("y1")][-1] is EventKind.REWRITTEN
    reader.close()


def test_every_bundled_dialect_has_a_name_of_its_own() -> None:
    """Events and profiles tell them apart by it."""
    names = [dialect.name for dialect in bundled_dialects()]
    assert names == ["anthropic", "openai-chat", "openai-responses", "ollama-chat", "ollama-generate", "gemini"]


def kill(suite: Suite) -> None:
    """As far as the next one can tell: nothing says that it ended, and the store is free."""
    suite.degraded = "killed"
    suite.close()


def test_a_proxy_that_finds_its_store_incomplete_edits_nothing_that_may_be_a_retry() -> None:
    """P10: what another sent last may not be in the store. After one that was killed while it could write all is as
    ever, and so it is with a new store."""
    paths.plugins_dir().mkdir(parents=True)
    (paths.plugins_dir() / "notes.py").write_text(PLUGIN)
    clock = ManualClock()
    body, edited = conversation(user("hello")), conversation(user("hello", "a note"))

    def kill_on_a_full_disk(suite: Suite) -> None:
        complete.mark_incomplete(paths.store_path())
        kill(suite)

    for session, expected, end in [
        ("a new store", edited, kill),
        ("after a kill", edited, kill_on_a_full_disk),
        ("after a kill on a full disk", body, Suite.close),
        ("still within the hour", body, Suite.close),
    ]:
        suite = Suite.open(clock=clock)
        assert (ask(suite, body, headers={"x-session-id": session}).body or body) == expected
        end(suite)
    suite = Suite.open(clock=clock)
    clock.advance(complete.RETRIED_S)
    suite.close()
    suite = Suite.open(clock=clock)
    assert ask(suite, body, headers={"x-session-id": "after an end in good order"}).body == edited
    suite.close()


def test_whole_requests_follow_the_setting(tmp_path: Path) -> None:
    """As many as the profile says; none, at once, when that is set to 0 in this run."""
    suite = Suite.open("observe", store=tmp_path / "penstock.db")
    try:
        ask(suite, conversation(user("one")))
        assert suite.requests().do("whole", {"exchange": "y1"})["forwarded"] is None
        suite.settings.do("set", {"values": {"log.whole": 0}})
        assert len(suite.engine.whole_requests) == 0
        ask(suite, conversation(user("one")), "y2")
        assert len(suite.engine.whole_requests) == 0
    finally:
        suite.close()


@pytest.mark.parametrize(
    ("setting", "table", "said"),
    [
        ({"rate.project.requests_per_minute": 2}, "[rate.project]\nrequests_per_minute = 2", "redis"),
        ({"stages": ["trim", "keepalive"]}, 'stages = ["trim", "keepalive"]', "keepalive"),
    ],
)
def test_one_of_several_processes_takes_no_setting_that_needs_one(
    setting: dict[str, object], table: str, said: str, tmp_path: Path
) -> None:
    """Neither while it runs nor with a profile that a client asks for: that client gets the proxy's own."""
    paths.profiles_dir().mkdir(parents=True)
    (paths.profiles_dir() / "alone.toml").write_text(f'extends = "default"\n{table}\n', encoding="utf-8")
    suite = Suite.open(store=tmp_path / "penstock.db.worker-1")
    try:
        with pytest.raises(ProfileError, match=said):
            suite.settings.do("set", {"values": setting})
        assert said in suite.engine.pipelines.prepare("alone")
        assert suite.engine.pipelines.of("alone").profile.name == "default"
    finally:
        suite.close()
    alone = Suite.open(store=tmp_path / "penstock.db")
    try:
        assert alone.engine.pipelines.prepare("alone") == ""
    finally:
        alone.close()


def test_what_one_of_several_processes_has_stored_is_read_once_others_have_stored_theirs(
    postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A command about sessions, too, sees what was said so far."""
    monkeypatch.setattr(app, "SETTLE_S", 0.0)
    file = tmp_path / "penstock.db"
    file.write_text(postgres_url)
    with closing(Suite.open(store=file)) as suite:
        other = engine_of(postgres_url)
        with other.begin() as db:
            db.execute(sa.text("SELECT pg_current_xact_id()"))
            suite.log.append(BypassedEvent("", 0, 0), "x1")
            assert not suite.settle()
        monkeypatch.setattr(app, "SETTLE_S", 60.0)
        assert suite.settle()
        assert "x1" in {event.exchange for event in suite.store.events_after()}
        other.dispose()
        looked: list[None] = []
        monkeypatch.setattr(suite, "settle", lambda: looked.append(None))
        suite.sessions().do("list", {})
        assert looked


def test_proxies_on_one_database_know_what_the_others_spend(
    postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The number that refuses is that of all of them, and so is the limit that a person sets at one."""
    monkeypatch.setattr(app, "ADOPT_EVERY_S", 0.01)
    files = [tmp_path / str(n) / "penstock.db" for n in range(2)]
    for file in files:
        file.parent.mkdir()
        file.write_text(postgres_url)
        complete.mark_complete(file)
    one, other = (Suite.open(store=file) for file in files)
    now, budget = time.time(), Budget(day=Limit(requests=3))
    budgets = one.engine.admission.budgets
    budgets.settle("x1", BudgetOwner("c"), budget, Amount(requests=3), now)
    there = other.engine.admission.budgets
    wait_until(
        lambda: there.standing(BudgetOwner("d"), budget, now).level is Level.BLOCKED, "the other proxy refuses, too"
    )
    budgets.set(Scope.DAY, "", Limit(requests=100))
    wait_until(lambda: there.standing(BudgetOwner("d"), budget, now).level is Level.NORMAL, "it has the new limit")
    one.close()
    other.close()


class SlowlyRead(MemoryStore):
    """Of several proxies. Something is spent while its counters are read, for the first time after the start."""

    is_shared = True

    def __init__(self) -> None:
        super().__init__()
        self.suite: Suite | None = None
        self.levels: list[Level] = []
        """Before each reading of the counters after that."""
        self.is_over = threading.Event()

    def values_of(self, kind: str) -> dict[str, dict[str, Any]]:
        found = super().values_of(kind)
        if self.suite is None or kind != COUNTERS:
            return found
        budgets, who, budget = self.suite.engine.admission.budgets, BudgetOwner("c"), Budget(day=Limit(requests=3))
        now = time.time()
        self.levels.append(budgets.standing(who, budget, now).level)
        if len(self.levels) == 1:
            budgets.settle("x1", who, budget, Amount(requests=3), now)
            self.suite.log.drain(0.5)  # in vain where nothing is written meanwhile
        elif len(self.levels) == 3:
            self.is_over.set()
        return found


def test_what_is_spent_while_counters_are_read_is_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At any moment, also when it is in the store before those are taken over that were read earlier."""
    monkeypatch.setattr(app, "ADOPT_EVERY_S", 0.01)
    store = SlowlyRead()
    monkeypatch.setattr(app, "_open_store", lambda *_: (store, ""))
    suite = Suite.open(store=tmp_path / "penstock.db")
    suite.engine.admission.budgets.settle("x0", BudgetOwner("c"), Budget(), Amount(requests=1), time.time())
    suite.log.drain()
    store.suite = suite
    assert store.is_over.wait(30)
    suite.close()
    assert store.levels[:3] == [Level.NORMAL, Level.BLOCKED, Level.BLOCKED]
