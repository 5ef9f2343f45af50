"""Ways to break a promise that reviewers found, each kept from coming back."""

from __future__ import annotations

from penstock import BlockKind, Draft, Exchange, Reply, Stage
from penstock.base.errors import StoreError
from penstock.conversation.exchange import State
from penstock.events.event import EventKind
from penstock.store.in_memory import MemoryStore
from penstock.testing import Session, assistant, call, conversation, profile_of, results, user

TURNS = [user("Why?"), assistant(call("Read", file_path="a.py")), results("a long result")]


class Shorten(Stage):
    """Shortens results on arrival, and remembers what it was shown."""

    name = "shorten"

    def __init__(self) -> None:
        self.replies: list[str] = []

    def on_request(self, draft: Draft) -> str | None:
        for spot in draft.blocks(BlockKind.TOOL_RESULT, new=True):
            draft.replace(spot, "short", reason="test")
        return None

    def on_reply(self, exchange: Exchange, reply: Reply) -> None:
        self.replies.append(reply.text)


def test_observe_edits_nothing_and_sends_what_was_edited_before_the_same() -> None:
    """P1 and P3: in a conversation that was never edited every byte is the client's. What was edited is sent the same:
    a model that binds its thinking to it refuses anything else."""
    store = MemoryStore()
    observing = profile_of('mode = "observe"')
    with Session(Shorten(), store=store) as session:
        assert b'"short"' in session.send(conversation(*TURNS))
    later = conversation(*TURNS, assistant("Because."), user("And now?"))
    with Session(Shorten(), store=store, profile=observing) as session:
        left = session.send(later)
        assert b'"short"' in left
        assert session.send(later) == left  # a retry, too
    with Session(Shorten(), profile=observing) as session:
        assert session.send(later) == later


def test_a_ledger_that_could_not_be_read_once_is_read_the_next_time() -> None:
    """P3: one locked moment of the store must not lose what was sent for ever."""

    class Moody(MemoryStore):
        fails = False

        def edits_of(self, conversation: str) -> list:  # type: ignore[type-arg]
            if self.fails:
                raise StoreError("locked")
            return super().edits_of(conversation)

    store = Moody()
    with Session(Shorten(), store=store) as session:
        assert b'"short"' in session.send(conversation(*TURNS))
        session.restart()
        later = conversation(*TURNS, assistant("Because."), user("And now?"))
        store.fails = True
        assert session.send(later) == later  # as it came: without its ledger nothing is certain
        assert any("locked" in e.payload["error"] for e in session.events(EventKind.FAULT))
        store.fails = False
        more = conversation(*TURNS, assistant("Because."), user("And now?"), assistant("Soon."), user("When?"))
        assert b'"short"' in session.send(more)


def test_a_turn_that_is_answered_at_its_second_attempt_teaches_once() -> None:
    """P9 and P10: a retry is no second turn, and the first attempt taught nothing."""
    stage = Shorten()
    with Session(stage) as session:
        body = conversation(*TURNS)
        session.send(body)  # 529: no reply
        exchange = session.outcome.exchange
        assert exchange is not None
        exchange.advance(State.FAILED)
        session.send(body)
        session.reply("At last.")
        session.send(body)
        session.reply("Again.")
    assert stage.replies == ["At last."]


def test_many_proposals_for_what_has_landed_cost_little() -> None:
    """P11: a stage that says the same thing each time is asked of the ledger once for each block, not once for each
    pair of them. Counted by what the ledger is asked."""
    turns = [user("Go.")]
    for n in range(60):
        turns += [assistant(call("Read", file_path=f"{n}.py")), results(f"result {n}")]

    class Always(Shorten):
        def on_request(self, draft: Draft) -> str | None:
            for spot in draft.blocks(BlockKind.TOOL_RESULT):
                draft.replace(spot, f"short {spot.message}", reason="test")
            return None

    with Session(Always()) as session:
        session.send(conversation(*turns[:1]))
        session.send(conversation(*turns))
        state = session.engine._states.peek(session.outcome.exchange.identity.conversation)  # type: ignore[union-attr]
        assert state is not None
        asked = 0
        edits = state.ledger.edits

        def counted(*args, **kwargs):  # type: ignore[no-untyped-def]
            nonlocal asked
            asked += 1
            return edits(*args, **kwargs)

        state.ledger.edits = counted  # type: ignore[method-assign]
        session.send(conversation(*turns, assistant("Done."), user("And?")))
    assert asked <= 4
