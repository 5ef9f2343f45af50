"""Which exchanges are meant."""

from __future__ import annotations

from typing import Any

import pytest

from penstock.base.errors import PenstockError
from penstock.events.event import Event, EventKind
from penstock.stats.selection import LAST, choose
from penstock.store.in_memory import MemoryStore

K = EventKind


def store(*facts: tuple[str, EventKind, dict[str, Any]]) -> MemoryStore:
    found = MemoryStore()
    found.add_events([Event(0, float(i), x, kind, payload) for i, (x, kind, payload) in enumerate(facts)])
    return found


LOG = (
    ("", K.STARTED, {"profile": "default"}),
    ("a", K.RECEIVED, {"profile": "codex"}),
    ("a", K.CLASSIFIED, {"session": "one", "conversation": "t1"}),
    ("b", K.CLASSIFIED, {"session": "two", "conversation": "t2"}),
    ("c", K.RECEIVED, {}),
)


def test_all_of_a_session_of_a_conversation() -> None:
    """In the order they came, with the profiles they went through."""
    log = store(*LOG)
    assert choose(log).ids == ["a", "b", "c"]
    one = choose(log, session="one")
    assert (one.ids, one.only, one.profiles) == (["a"], {"session": "one"}, ["codex"])
    two = choose(log, conversation="t2")
    assert (two.ids, two.only, two.profiles) == (["b"], {"conversation": "t2"}, ["default"])


def test_the_last_one() -> None:
    """A client that names no session is known by its conversation."""
    assert choose(store(*LOG), session=LAST).only == {"session": "two"}
    unnamed = ("d", K.CLASSIFIED, {"session": "", "conversation": "t3"})
    assert choose(store(*LOG, unnamed), session=LAST).only == {"conversation": "t3"}


@pytest.mark.parametrize("asked", [{"session": "three"}, {"conversation": "one"}])
def test_nobody_has_that_name(asked: dict[str, str]) -> None:
    """A misspelled name is no empty answer."""
    with pytest.raises(PenstockError, match="no exchange of"):
        choose(store(*LOG), **asked)


def test_a_log_without_a_session() -> None:
    """There is no last one."""
    with pytest.raises(PenstockError, match="no session is in this log yet"):
        choose(store(), session=LAST)
