"""Two proxies that share a store: whichever one a request comes through, its conversation begins as it was sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from penstock import Draft, Stage
from penstock.base.postgres_connection import engine_of
from penstock.events.event import EventKind
from penstock.store import postgres
from penstock.store.lease import Lease, SoleOwner
from penstock.store.postgres import PostgresStore
from penstock.testing import PromiseBroken, Session, Turn, assistant, check_prefix, conversation, user


class Counting(Stage):
    """Adds a note that is never the same."""

    name = "counting"

    def __init__(self, proxy: str) -> None:
        self.proxy, self.calls = proxy, 0
        self.during: Callable[[], object] = lambda: None
        """Called while the stage runs."""

    def on_request(self, draft: Draft) -> str | None:
        self.calls += 1
        self.during()
        draft.note(f"note {self.calls} of {self.proxy}", reason="counted")
        return None


class Unfenced(SoleOwner, PostgresStore):
    """A shared store that takes itself for its only user's."""


class Proxies:
    """Two proxies on one database, and the conversation that alternates between them."""

    def __init__(self, stack: ExitStack, url: str, folder: Path, store: type[PostgresStore]) -> None:
        self.stages = [Counting("one"), Counting("another")]
        self.sessions = [
            stack.enter_context(
                Session(stage, store=stack.enter_context(closing(store(url, folder / f"{stage.proxy}.db"))))
            )
            for stage in self.stages
        ]
        self.said: list[Turn] = []
        self.left = b""

    def send(self, by: int, text: str) -> bytes:
        """The next turn, through one of the proxies. Raises `PromiseBroken` if what was sent before is not sent the
        same."""
        if self.said:
            self.said.append(assistant("Fine."))
        self.said.append(user(text))
        return self.again(by)

    def again(self, by: int) -> bytes:
        """The last turn once more."""
        left = self.sessions[by].send(conversation(*self.said))
        if self.left:
            check_prefix(self.left, left)
        self.left = left
        self.sessions[by].reply("Fine.")
        self.sessions[by].log.drain()
        return left


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as opened:
        yield opened


@pytest.fixture
def proxies(stack: ExitStack, postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Proxies:
    monkeypatch.setattr(postgres, "_WAITS_S", (0.0,))
    return Proxies(stack, postgres_url, tmp_path, PostgresStore)


def test_a_conversation_may_change_its_proxy_with_each_request(proxies: Proxies) -> None:
    """Each lands edits of its own, and repeats those of the other."""
    for n, by in enumerate([0, 1, 0, 0, 1, 1, 0, 1]):
        left = proxies.send(by, f"turn {n}")
        assert left.count(b"note ") == n + 1
    assert b"note 4 of another" in left


def test_without_the_fence_it_would_not_begin_as_it_was_sent(
    stack: ExitStack, postgres_url: str, tmp_path: Path
) -> None:
    """The control: that the proxies share a database is not enough."""
    apart = Proxies(stack, postgres_url, tmp_path, Unfenced)
    apart.send(0, "begin")
    with pytest.raises(PromiseBroken):
        apart.send(1, "go on") and apart.send(0, "and on")


def test_a_retry_through_the_other_proxy_is_sent_the_same(proxies: Proxies) -> None:
    """P10: what the first one sent is in the ledger."""
    proxies.send(0, "begin")
    sent = proxies.send(0, "go on")
    assert proxies.again(1) == sent


def test_a_request_past_the_pipeline_repeats_the_edits_of_both(proxies: Proxies) -> None:
    """What a proxy has in memory of the ledger may be old."""
    proxies.send(0, "begin")
    proxies.send(1, "go on")
    proxies.said += [assistant("Fine."), user("and on")]
    left = proxies.sessions[0].send(conversation(*proxies.said), bypass=True)
    check_prefix(proxies.left, left)
    assert left.count(b"note ") == 2


def test_a_busy_conversation_gets_no_new_edits(proxies: Proxies) -> None:
    """While the other proxy works on it, what is in the ledger is sent, and nothing else; afterwards edits land again,
    at both."""
    proxies.send(0, "begin")
    other = proxies.sessions[0].store
    held = other.take(proxies.sessions[0].outcome.conversation)
    assert isinstance(held, Lease)
    assert proxies.send(1, "go on").count(b"note ") == 1
    (fault,) = proxies.sessions[1].events(EventKind.FAULT)
    assert fault.payload["where"] == "lease"
    other.release(held)
    assert proxies.send(1, "and on").count(b"note ") == 2
    assert proxies.send(0, "to the end").count(b"note ") == 3


def test_who_is_fenced_out_sends_the_ledger(proxies: Proxies, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its stages took longer than its lease, and the other proxy sent a turn meanwhile: its own edits are not sent, and
    the other's are."""
    proxies.send(0, "begin")
    monkeypatch.setattr(postgres, "LEASE_S", 0.0)
    store = proxies.sessions[1].store
    name = proxies.sessions[0].outcome.conversation

    def overtake() -> None:
        lease = store.take(name)
        assert lease is not None
        tip = store.tip_of(name)
        assert tip is not None
        assert store.land(lease, [], tip, 0.0)

    proxies.stages[0].during = overtake
    assert proxies.send(0, "go on").count(b"note ") == 1
    assert proxies.sessions[0].events(EventKind.BYPASSED)[0].payload["why"].startswith("another proxy has changed")
    proxies.stages[0].during = lambda: None
    monkeypatch.setattr(postgres, "LEASE_S", 5.0)
    assert proxies.send(1, "and on").count(b"note ") == 2
    assert proxies.send(0, "to the end").count(b"note ") == 3


def test_a_database_that_lost_its_last_commits_costs_one_cache_miss(proxies: Proxies, postgres_url: str) -> None:
    """It failed over to a server that did not have them yet. What was lost is sent without its edit, and from then on
    always the same, through both proxies."""
    proxies.send(0, "begin")
    proxies.send(0, "go on")
    engine = engine_of(postgres_url)
    with engine.begin() as db:
        db.execute(sa.text("DELETE FROM edits WHERE revision = 2"))
        db.execute(sa.text("UPDATE conversations SET count = 1"))
    engine.dispose()
    with pytest.raises(PromiseBroken):
        proxies.send(1, "and on")
    proxies.left = proxies.sessions[0]._left = proxies.sessions[1]._left
    for n, by in enumerate([1, 0, 0, 1]):
        left = proxies.send(by, f"later {n}")
    assert b"note 1 of one" in left
    assert b"note 2 of one" not in left
