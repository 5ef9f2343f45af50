"""Leases: which proxy may change the ledger of a conversation."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from penstock.edits.edit import Edit, Landed, Op, Place
from penstock.events.event import Event, EventKind, PrefixHash
from penstock.store import postgres
from penstock.store.base import Deletion, Store
from penstock.store.in_memory import MemoryStore
from penstock.store.postgres import PostgresStore
from penstock.store.sql import SqlStore

NOW = 1_700_000_000.0
TIP = PrefixHash(0, b"t" * 16, 3)
LATER = PrefixHash(0, b"u" * 16, 5)


def landed(revision: int = 1, text: str = "new") -> Landed:
    return Landed(revision, Edit(Op.REPLACE, Place(b"k" * 16), text, "s", "r", "old"))


def texts(store: Store) -> list[str]:
    return [one.edit.text for one in store.edits_of("talk")]


@pytest.fixture(params=["memory", "sql", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    kind, path = request.param, tmp_path / "penstock.db"
    opened: Store = MemoryStore()
    if kind != "memory":
        opened = SqlStore(path) if kind == "sql" else PostgresStore(request.getfixturevalue("postgres_url"), path)
    with closing(opened):
        yield opened


@pytest.fixture
def proxies(postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[PostgresStore]]:
    """Two that share a database, and do not wait for each other."""
    monkeypatch.setattr(postgres, "_WAITS_S", (0.0,))
    with ExitStack() as stack:
        opened = (PostgresStore(postgres_url, tmp_path / f"{n}.db") for n in range(2))
        yield [stack.enter_context(closing(one)) for one in opened]


def test_a_proxy_lands_edits_again_and_again(store: Store) -> None:
    """It may take a lease that it has, and what it knows of the ledger stays true while no other takes it."""
    first = store.take("talk")
    assert first is not None
    assert first == store.take("talk") == store.read("talk")
    assert store.land(first, [landed()], TIP, NOW)
    second = store.take("talk")
    assert second == first
    assert store.land(first, [landed(2, "more")], LATER, NOW + 1)
    assert texts(store) == ["new", "more"]
    assert [o.text for o in store.find_originals()] == ["old"]
    store.release(first)
    assert store.take("talk") == first


def test_another_proxy_waits_until_it_is_given_back(proxies: list[PostgresStore]) -> None:
    """Then it has a lease of its own, and the tip of what was sent."""
    one, other = proxies
    mine = one.take("talk")
    assert mine is not None
    assert (other.take("talk"), other.read("talk")) == (None, None)
    assert other.take("another talk") is not None
    assert one.land(mine, [landed()], TIP, NOW)
    assert other.read("talk") == mine
    its = other.take("talk")
    assert its is not None
    assert its.fence > mine.fence
    assert (texts(other), other.tip_of("talk")) == (["new"], TIP)


def test_the_tip_lands_without_edits_too(proxies: list[PostgresStore]) -> None:
    """Another proxy must know what was sent, edited or not."""
    one, other = proxies
    mine = one.take("talk")
    assert mine is not None
    assert one.land(mine, [], TIP, NOW)
    assert other.tip_of("talk") == TIP


def test_a_released_lease_is_free(proxies: list[PostgresStore]) -> None:
    one, other = proxies
    mine = one.take("talk")
    assert mine is not None
    one.release(mine)
    assert other.take("talk") is not None


def test_who_stalls_is_fenced_out(proxies: list[PostgresStore], monkeypatch: pytest.MonkeyPatch) -> None:
    """Its lease expired, and another has taken it over: it lands nothing, neither before nor after the other did."""
    one, other = proxies
    with monkeypatch.context() as patch:
        patch.setattr(postgres, "LEASE_S", 0.0)
        mine = one.take("talk")
    its = other.take("talk")
    assert mine is not None
    assert its is not None
    assert not one.land(mine, [landed(1, "stale")], TIP, NOW)
    assert other.land(its, [landed()], LATER, NOW)
    assert not one.land(mine, [landed(1, "stale")], TIP, NOW)
    one.release(mine)
    assert (texts(other), other.tip_of("talk")) == (["new"], LATER)
    assert one.find_originals()[0].text == "old"


def test_an_expired_lease_that_nobody_took_still_lands(
    proxies: list[PostgresStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing has changed meanwhile. Others do not take the ledger for settled before it has."""
    one, other = proxies
    monkeypatch.setattr(postgres, "LEASE_S", 0.0)
    mine = one.take("talk")
    assert mine is not None
    assert other.read("talk") is None
    assert one.land(mine, [landed()], TIP, NOW)


def test_a_deleted_conversation_has_another_lease(proxies: list[PostgresStore]) -> None:
    """Whoever has its ledger in memory finds out."""
    one, other = proxies
    mine = one.take("talk")
    assert mine is not None
    assert one.land(mine, [landed()], TIP, NOW)
    other.delete(Deletion(frozenset({"talk"}), frozenset()), Event(0, NOW, "", EventKind.DELETED, {}))
    assert not one.land(mine, [landed(2)], TIP, NOW)
    again = one.take("talk")
    assert again is not None
    assert again != mine


def test_leases_of_old_conversations_are_deleted(proxies: list[PostgresStore]) -> None:
    """With their ledgers."""
    one, _ = proxies
    mine = one.take("talk")
    one.prune(before=NOW, keep_events=10)
    assert one.take("talk") == mine
    one.prune(before=NOW * 10, keep_events=10)
    assert one.take("talk") != mine
