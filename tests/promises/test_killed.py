"""P3, P10: a proxy was killed before it could store what it had sent; the client tries again at the next one."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from penstock import Draft
from penstock.base.errors import StoreError
from penstock.edits.edit import Landed
from penstock.events.event import PrefixHash
from penstock.store.complete import RETRIED_S
from penstock.store.in_memory import MemoryStore
from penstock.testing import Session, Turn, assistant, call, conversation, results, user
from tests.engines import Does

HISTORIES = {
    "the first message": [user("hello")],
    "a later message": [user("hello"), assistant("yes"), user("and now?")],
    "a tool's result": [user("hello"), assistant("yes", call("Read", path="a")), results("text of a")],
}


class Disk(MemoryStore):
    """Takes less and less: first no tips, then no edits either."""

    keeps_tips = keeps_edits = True

    def set_tip(self, conversation: str, tip: PrefixHash, at: float) -> None:
        if not self.keeps_tips:
            raise StoreError("the disk is full")
        super().set_tip(conversation, tip, at)

    def add_edits(self, conversation: str, landed: Sequence[Landed], at: float) -> None:
        if not self.keeps_edits:
            raise StoreError("the disk is full")
        super().add_edits(conversation, landed, at)


class Counts:
    """Never says the same twice."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self, draft: Draft) -> None:
        self.times += 1
        draft.note(f"note {self.times}", reason="a test")


def left_behind(disk: Disk, name: str) -> MemoryStore:
    """What is on the disk when the proxy is killed; there is space on it again."""
    found, tip = MemoryStore(), disk.tip_of(name)
    found.add_edits(name, disk.edits_of(name), 0.0)
    if tip is not None:
        found.set_tip(name, tip, 0.0)
    return found


def send_and_kill(said: Sequence[Turn], stage: Does, *, keeps_edits: bool) -> tuple[bytes, MemoryStore]:
    """What was sent last, and what the next proxy finds."""
    disk = Disk()
    with Session(stage, store=disk) as session:
        if len(said) > 1:
            session.send(conversation(*said[:1]))
            session.log.drain()
        disk.keeps_tips, disk.keeps_edits = False, keeps_edits
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(session.log, "drain", lambda: False)  # nothing can be stored: it would wait in vain
            left = session.send(conversation(*said))
        assert session.outcome.exchange is not None
        store = left_behind(disk, session.outcome.exchange.identity.conversation)
        disk.keeps_tips = True
    return left, store


@pytest.mark.parametrize("keeps_edits", [True, False])
@pytest.mark.parametrize("history", HISTORIES)
def test_a_retry_after_a_kill_is_sent_as_before(history: str, keeps_edits: bool) -> None:
    """Or as the client sends it: never as something third."""
    said, stage = HISTORIES[history], Does(Counts())
    first, store = send_and_kill(said, stage, keeps_edits=keeps_edits)
    with Session(stage, store=store, is_incomplete=True) as session:
        assert session.send(conversation(*said)) == first
        again = conversation(*said, assistant("done"), user("more"))
        assert session.send(again).startswith(first.rpartition(b"]")[0])
        assert session.outcome.landed


@pytest.mark.parametrize("history", HISTORIES)
def test_later_it_is_no_retry(history: str) -> None:
    """Nobody tries again for hours: what comes by then is new."""
    stage = Does(Counts())
    with Session(stage, is_incomplete=True) as session:
        session.wait(RETRIED_S + 1)
        assert b"note" in session.send(conversation(*HISTORIES[history]))
