"""What a flush costs, and whether it pays."""

from __future__ import annotations

import json

from penstock import BlockKind, Draft, EventKind, FlushReason, Idle, Stage, Usage
from penstock.engine.flush import MARKED, UNPAID
from penstock.events.request_events import EditEvent, FlushEvent
from penstock.testing import Session, Turn, assistant, call, conversation, results, user

LONG = "a word and another " * 4_000


class Cuts(Stage):
    """Keeps the cache alive, and shortens every old result at a flush."""

    name = "cuts"

    def __init__(self, left: str = "[cut]") -> None:
        self._left = left

    def on_idle(self, idle: Idle) -> bool:
        return idle.reads < 9

    def on_flush(self, draft: Draft) -> None:
        for spot in draft.blocks(BlockKind.TOOL_RESULT, new=False):
            draft.replace(spot, self._left, reason="old")


def request(*said: Turn) -> bytes:
    """With breakpoints at the ends of the last two user messages, as clients set them."""
    body = json.loads(conversation(*said, model="claude-opus-5-5"))
    for message in [one for one in body["messages"] if one["role"] == "user"][-2:]:
        if isinstance(message["content"], str):
            message["content"] = [{"type": "text", "text": message["content"]}]
        message["content"][-1]["cache_control"] = {"type": "ephemeral"}
    return json.dumps(body).encode()


def flushes(stage: Stage, pause: float, *, kept: bool) -> list[str]:
    """Why edits landed in such a session."""
    session = played(stage, pause, kept=kept)
    return [event.data.why for event in session.events(EventKind.FLUSH) if isinstance(event.data, FlushEvent)]


def played(stage: Stage, pause: float, *, kept: bool) -> Session:
    """A session in which a long result is followed by a pause of so many seconds."""
    said: list[Turn] = [user("look"), assistant(call("Bash", id="t1")), results(LONG)]
    with Session(stage) as session:
        for word in ("and?", "go on"):
            session.send(request(*said))
            session.reply("well")
            session.engine.keep_alive.answered(session.outcome)
            said += [assistant("well"), user(word)]
            session.wait(5)
        session.send(request(*said))
        session.reply("well")
        due = session.engine.keep_alive.answered(session.outcome)
        end = session.clock.now() + pause
        while kept and due is not None and due < end:
            session.clock.at = due
            assert session.engine.keep_alive.begin(session.outcome.conversation)
            due = session.engine.keep_alive.end(session.outcome.conversation, Usage(cache_read=30_000, cache_write=0))
        session.clock.at = end
        session.send(request(*said, assistant("well"), user("here I am")))
        session.log.drain()
    return session


def test_a_pause_that_was_bridged_is_an_occasion_where_it_pays() -> None:
    """The cache would be cold, and edits would be applied. It is warm, so they are weighed."""
    assert flushes(Cuts(), 400, kept=True) == [FlushReason.PAUSE]


def test_a_bridged_pause_changes_nothing_that_does_not_pay() -> None:
    """What little these edits free is worth less than writing anew all that follows them."""
    assert flushes(Cuts(LONG[:-2_000]), 400, kept=True) == []


class Records(Cuts):
    """Proposes a record of the first turns that frees little."""

    name = "records"

    def on_flush(self, draft: Draft) -> None:
        draft.compact(1, 2, LONG[:-2_000], reason="old")


def test_a_record_that_does_not_pay_is_not_kept_for_a_cold_cache() -> None:
    """There the stage decides anew: by then it may not want it."""
    session = played(Records(), 400, kept=True)
    edits = [event.data for event in session.events(EventKind.EDIT) if isinstance(event.data, EditEvent)]
    assert [(edit.state, edit.reason) for edit in edits] == [("left out", UNPAID)]
    state = session.engine.keep_alive._states.peek(session.outcome.conversation)
    assert state is not None
    assert state.ledger.pending == []


class Covers(Cuts):
    """Proposes a short record of all turns but the last, in which a breakpoint of the client's stands."""

    name = "covers"

    def on_flush(self, draft: Draft) -> None:
        draft.compact(1, len(draft.conversation.messages) - 2, "[a record]", reason="old")


def test_a_record_never_takes_a_breakpoint_of_the_client_however_well_it_would_pay() -> None:
    """P5, on the way of edits that are weighed while the cache is warm."""
    session = played(Covers(), 400, kept=True)
    edits = [event.data for event in session.events(EventKind.EDIT) if isinstance(event.data, EditEvent)]
    assert [(edit.state, edit.reason) for edit in edits] == [("left out", MARKED)]
    assert session.outcome.body is None


def test_a_short_pause_is_no_occasion() -> None:
    """The person was never away."""
    assert flushes(Cuts(), 100, kept=True) == []


def test_a_pause_that_was_not_bridged_leaves_the_cache_cold() -> None:
    """Nothing is left to be weighed."""
    assert flushes(Cuts(), 400, kept=False) == [FlushReason.COLD]
