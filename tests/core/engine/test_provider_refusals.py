"""What a refusal taught is stored: at once where the store can, and else at the next request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from penstock import Draft, EventKind
from penstock.base.errors import StoreError
from penstock.conversation.conversation import BlockKind
from penstock.engine.provider_refusals import KEPT_DAYS, KIND
from penstock.store.in_memory import MemoryStore
from penstock.testing import Session, Turn, assistant, call, conversation, results, user
from tests.engines import Does

PAIRS = "messages.2.content.0: unexpected `tool_use_id` found in `tool_result` blocks: toolu_0001"
MARKS = "A maximum of 4 blocks with cache_control may be provided. Found 5."
DAY = 86400.0
SAID: list[Turn] = [user("read it"), assistant(call("Read", path="a")), results("line\n" * 400)]
MORE: list[Turn] = [*SAID, assistant("It is read."), user("and now?")]


class Moody(MemoryStore):
    """Takes nothing away, and keeps no fact, while it is full."""

    is_full = False

    def drop_edits(self, conversation: str, revision: int) -> None:
        self._maybe()
        super().drop_edits(conversation, revision)

    def set_values(self, kind: str, values: Mapping[str, Mapping[str, Any] | None], *, batch: str = "") -> None:
        self._maybe()
        super().set_values(kind, values)

    def _maybe(self) -> None:
        if self.is_full:
            raise StoreError("no room")


def shortens(draft: Draft) -> None:
    for spot in draft.blocks(BlockKind.TOOL_RESULT):
        if len(spot.text) > 100:
            draft.replace(spot, "short", reason="a test")


def name_of(session: Session) -> str:
    return next(name for name, _ in session.engine._states.loaded())


def refused(session: Session, said: list[Turn] = SAID, error: str = PAIRS) -> None:
    session.send(conversation(*said))
    session.engine.responses.rejected(session.outcome, error)


def test_what_was_refused_is_dropped_from_the_store_when_it_can_be() -> None:
    """A store that fails holds no request up; the next request tries again, and a restart brings nothing back."""
    store = Moody()
    with Session(Does(shortens), store=store) as session:
        refused(session)
        name = name_of(session)
        store.is_full = True
        assert b'"short"' not in session.send(conversation(*MORE))
        assert session.outcome.why == ""  # it was read, and went through the pipeline
        assert store.edits_of(name)
        assert store.values_of(KIND) == {}
        store.is_full = False
        later = [*MORE, assistant("So."), user("go on")]
        assert b'"short"' not in session.send(conversation(*later))
        assert store.edits_of(name) == []
        assert name in store.values_of(KIND)
        session.restart()
        assert b'"short"' not in session.send(conversation(*later, assistant("Yes."), user("thanks")))


def test_nothing_late_lands_after_a_restart_either() -> None:
    """Also when a person asks for a flush."""
    with Session(Does(shortens)) as session:
        refused(session)
        session.send(conversation(*MORE))
        session.restart()
        later = [*MORE, assistant("So."), user("go on")]
        session.send(conversation(*later))
        assert session.engine.compact_now() == 1
        assert b'"short"' not in session.send(conversation(*later, assistant("Yes."), user("thanks")))
        state = session.engine._states.get(name_of(session))
        assert state.late_stopped
        assert state.own_marks
        assert "refused" in str(session.events(EventKind.EDIT)[-1].payload["reason"])


def test_that_no_breakpoint_of_ours_is_wanted_is_kept() -> None:
    with Session(Does(shortens)) as session:
        session.send(conversation(*SAID))
        session.outcome.marked = True
        session.engine.responses.rejected(session.outcome, MARKS)
        session.send(conversation(*MORE))
        session.restart()
        session.send(conversation(*MORE, assistant("So."), user("go on")))
        state = session.engine._states.get(name_of(session))
        assert (bool(state.late_stopped), state.own_marks) == (True, False)


@pytest.mark.parametrize(("days", "is_kept"), [(KEPT_DAYS - 1, True), (KEPT_DAYS + 1, False)])
def test_old_facts_go_when_the_next_is_stored(days: float, is_kept: bool) -> None:
    store = MemoryStore()
    with Session(Does(shortens), store=store) as session:
        refused(session)
        session.send(conversation(*MORE))
        first = name_of(session)
        session.restart()
        session.wait(days * DAY)
        session.headers["x-session-id"] = "another"
        refused(session)
        session.send(conversation(*MORE))
        found = store.values_of(KIND)
        assert (first in found, len(found)) == (is_kept, 1 + is_kept)
