"""The reasons why a session saved little, of sessions that an engine played."""

from __future__ import annotations

from typing import Any

import pytest

from penstock import Draft, EventKind, Stage, Usage
from penstock.conversation.conversation import Role
from penstock.cost.prices import Prices
from penstock.edits.flush_reason import FlushReason
from penstock.engine.guard import COVERED
from penstock.engine.request_context import PAUSED
from penstock.events.event import Event
from penstock.events.proxy_events import StartedEvent
from penstock.stats import why_little_saved as sentences
from penstock.stats.why_little_saved import why_little_saved
from penstock.testing import Session, Turn, assistant, call, conversation, profile_of, results, user
from tests.engines import Does

K = EventKind
COLD = 400.0
SEALED = "claude-opus-5-5"
PLAIN = "claude-sonnet-4-5"
LONG = "line of a result\n" * 3000


class Late(Stage):
    """Shortens the first result when a flush is due."""

    name = "late"

    def on_request(self, draft: Draft) -> str:
        return "nothing has aged"

    def on_flush(self, draft: Draft) -> str:
        found = [block for block in draft.blocks() if block.text == LONG]
        draft.replace(found[0], "shortened", reason="old")
        return "1 result shortened"


def usage(read: int = 20_000, write: int = 500) -> Usage:
    return Usage(input=10, output=50, cache_read=read, cache_write=write)


class Played:
    """A person's message, then rounds of tool calls, at the pauses that a test says."""

    def __init__(self, session: Session, model: str = PLAIN) -> None:
        self.session, self.model = session, model
        self.turns: list[Turn] = []

    def ask(self, words: str = "go on", counted: Usage | None = None) -> None:
        self._send(user(words), counted)

    def loop(self, counted: Usage | None = None, result: str = LONG) -> None:
        self._send(results(result), counted)

    def _send(self, turn: Turn, counted: Usage | None) -> None:
        if self.turns and turn.role is not Role.TOOL:  # the call before it is answered
            self.turns[-1] = assistant("well", thinking="hm")
        self.turns.append(turn)
        self.session.send(conversation(*self.turns, model=self.model, cache="5m"))
        self.session.reply("well", usage=counted or usage())
        self.turns.append(assistant("well", call("read", path="a"), thinking="hm"))

    def reasons(self) -> list[str]:
        return why_little_saved(self.session.events(), Prices().of)


def test_a_short_session_whose_cache_was_never_cold() -> None:
    """With its requests, its longest pause, and how long an entry lives; nothing is told of what is not so."""
    with Session(Late()) as session:
        played = Played(session)
        played.ask()
        session.wait(130)
        played.loop()
        session.wait(20)
        played.loop()
        short, nothing = played.reasons()
    assert short == (
        "The session is short: 3 requests; old results are shortened once the cache is cold, which it never was "
        "(longest pause 2 min 10 s, entries live 5 min)."
    )
    assert nothing == "No stage found anything to shorten before its first send in 3 requests (late: nothing has aged)."


def test_a_longer_session_is_told_of_bold() -> None:
    """It would edit while the cache is warm."""
    with Session(Late()) as session:
        played = Played(session)
        played.ask()
        for _ in range(20):
            session.wait(60)
            played.loop(result="short")
        said = played.reasons()
    assert "which it never was in 21 requests (longest pause 1 min, entries live 5 min)." in said[0]
    assert said[-1].startswith('With aggressiveness = "bold" in the profile, edits are also applied while')


def test_a_single_request_has_no_history() -> None:
    """Nothing can have been sent before it."""
    with Session(Late()) as session:
        played = Played(session)
        played.ask()
        assert played.reasons()[0] == "There is no history to shorten: 1 request, the first of its conversation."


def test_a_cache_cold_inside_a_round_only() -> None:
    """A model that binds its thinking; what was written again has a price."""
    with Session(Late()) as session:
        played = Played(session, SEALED)
        played.ask()
        played.loop()
        for _ in range(2):
            session.wait(COLD)
            played.loop(usage(read=0, write=20_510))
        cold, nothing, rewritten = played.reasons()
    assert cold == (
        f"The cache was cold 2 times, but only inside a round of tool calls ({SEALED} binds its thinking, so old "
        "results are shortened at a new user message only)."
    )
    assert nothing.startswith("No stage found anything to shorten before its first send in 4 requests")
    # 20,510 tokens twice, at 4 dollars a million: written at 1.25 times that, instead of read at 0.05
    assert rewritten == (
        f"After 2 cold pauses 41,020 tokens were written to the cache again, for ${41_020 * 4e-6 * 1.2:.2f} more than "
        "reading them: keep-alive may avoid a part (docs/explanation/keep-alive.md)."
    )


def test_edits_that_wait_for_a_cold_cache() -> None:
    """Proposed with each request, they are told of once, until they have landed."""
    proposes = Does(lambda _: None)
    with Session(proposes) as session:
        played = Played(session)
        played.ask(LONG)
        proposes.what = lambda draft: draft.replace(draft.blocks()[0], "shortened", reason="old")
        played.loop(result="short")
        played.loop(result="short")
        *_, waits, bold = played.reasons()
    assert waits.startswith("1 edit of about ")
    assert waits.endswith(" tokens is still waiting for a cold cache.")
    assert 'aggressiveness = "bold"' in bold


def test_the_same_pause_on_a_model_that_binds_nothing_is_an_occasion() -> None:
    """What was edited then is told of."""
    with Session(Late()) as session:
        played = Played(session)
        played.ask()
        played.loop()
        played.loop(result="short")
        session.wait(COLD)
        played.loop(usage(read=0, write=20_510), result="short")
        assert session.events(K.FLUSH)
        events = [_at_a_loss(event) for event in session.events()]
        cold, *_ = why_little_saved(events, Prices().of)
    assert cold.startswith("The cache was cold once: what was sent before was shortened once then, and ")


def _at_a_loss(event: Event) -> Event:
    """The same, but as if nothing had been saved."""
    if event.kind is not K.ANSWERED:
        return event
    money = {**event.payload["money"], "baseline": 1.0, "paid": 1.0}
    return Event(event.seq, event.at, event.exchange, event.kind, {**event.payload, "money": money})


def test_a_cold_cache_at_which_nothing_was_found() -> None:
    """What the stages said then."""
    with Session(Does(lambda _: "nothing is old")) as session:
        played = Played(session)
        played.ask()
        session.wait(COLD)
        played.loop()
        cold, *_ = played.reasons()
    # the provider read most of it from its cache: it lives longer than the table says
    assert "which it never was (longest pause 6 min 40 s, entries live 6 min 40 s)" in cold
    with Session(Does(lambda _: "nothing is old")) as session:
        played = Played(session)
        played.ask()
        session.wait(COLD)
        played.loop(usage(read=0))
        cold, *_ = played.reasons()
    assert cold == ("The cache was cold once: nothing that was sent before was shortened then (does: nothing is old).")


def test_after_a_restart_the_cache_counts_as_warm() -> None:
    """So a pause with a start in it is no occasion."""
    with Session(Late()) as session:
        played = Played(session)
        played.ask()
        played.loop()
        session.wait(COLD)
        session.restart()
        session.log.append(StartedEvent("1", "default", (), ()))
        played.loop(usage(read=0), result="short")
        cold, *_ = played.reasons()
    assert cold == (
        "The cache was cold once, but only at a restart of the proxy (what is cached is not known then, and counts as "
        "warm)."
    )


def test_what_was_missed_is_told_of_beside_what_was_edited() -> None:
    """One pause ended at a message of the person's, one inside a round."""
    with Session(Late()) as session:
        played = Played(session, SEALED)
        played.ask()
        for _ in range(2):
            played.loop()
        session.wait(COLD)
        played.ask("and now?", usage(read=0))
        session.wait(COLD)
        played.loop(usage(read=0), result="short")
        cold, *_ = why_little_saved([_at_a_loss(event) for event in session.events()], Prices().of)
    assert cold.startswith("The cache was cold 2 times: what was sent before was shortened once then, and edits in ")
    assert "; once inside a round of tool calls (" in cold


def test_several_reasons_are_counted() -> None:
    """One pause ended inside a round, one was free, one had a restart in it."""
    with Session(Does(lambda _: "nothing is old")) as session:
        played = Played(session, SEALED)
        played.ask()
        session.wait(COLD)
        played.loop(usage(read=0))
        session.wait(COLD)
        played.ask("and now?", usage(read=0))
        session.wait(COLD)
        session.log.append(StartedEvent("1", "default", (), ()))
        played.loop(usage(read=0))
        cold, *_ = played.reasons()
    assert cold.startswith(
        "The cache was cold 3 times: nothing that was sent before was shortened then (does: nothing "
    )
    assert "; once inside a round of tool calls (" in cold
    assert "; once at a restart of the proxy (" in cold


def test_an_unknown_price() -> None:
    """Then nothing waits for a cold cache, and no more is said of one."""
    with Session(Late()) as session:
        played = Played(session, "nobody-knows-1")
        played.ask()
        session.wait(COLD)
        played.loop(usage(read=0))
        price, nothing = played.reasons()
    assert price.startswith(
        "The price of nobody-knows-1 is not known (2 requests): nothing is edited that would have to"
    )
    assert nothing.startswith("No stage found anything to shorten")


def shortens(draft: Draft) -> None:
    if found := [block for block in draft.blocks(new=True) if block.text == LONG]:
        draft.replace(found[0], "shortened", reason="long")


def test_a_profile_that_observes() -> None:
    """That alone is the reason, with what was left out."""
    with Session(Does(shortens), profile=profile_of('mode = "observe"')) as session:
        played = Played(session)
        played.ask()
        played.loop()
        [reason] = played.reasons()
    assert reason.startswith("The profile observes: 1 edit of about ")
    assert reason.endswith(" tokens is left out.")


def test_stages_that_looked_for_nothing() -> None:
    """The reason that they give for it is the session's."""
    with Session(Does(lambda draft: draft.edits_rejected), profile=profile_of('mode = "observe"')) as session:
        played = Played(session)
        played.ask()
        played.loop()
        assert played.reasons() == ["The profile observes: no edits were looked for in 2 of 2 requests."]


def test_what_was_saved_well_is_not_explained() -> None:
    """From a tenth on."""
    with Session(Does(shortens)) as session:
        played = Played(session)
        played.ask(counted=usage(read=0, write=100))
        played.loop(usage(read=100, write=100))
        assert played.reasons() == []


def _answered(exchange: str, at: float, **more: Any) -> list[Event]:
    about: dict[str, Any] = {
        "session": "s",
        "conversation": "c",
        "kind": "main",
        "provider": "anthropic",
        "model": PLAIN,
    }
    about |= {name: more.pop(name) for name in ("blocks", "retry") if name in more}
    money = {"baseline": 1.0, "paid": 1.0, "how": "exact", **more.pop("money", {})}
    said = {"status": 200, "usage": {"input": 10, "cache_read": 900, **more}, "money": money}
    return [Event(0, at, exchange, K.CLASSIFIED, about), Event(0, at, exchange, K.ANSWERED, said)]


def reasons_of(*events: Event) -> list[str]:
    return why_little_saved(events, Prices().of)


def test_an_old_log_without_details() -> None:
    """It proves little, and that is said: no stages, no blocks, no places."""
    assert reasons_of(*_answered("a", 1.0), *_answered("b", 31.0)) == [
        "The session is short: 2 requests; old results are shortened once the cache is cold, which it never was "
        "(longest pause 30 s, entries live 5 min)."
    ]
    assert reasons_of() == []


def test_events_that_say_nothing_break_nothing() -> None:
    """A log may be damaged."""
    empty = [Event(0, 1.0, exchange, kind, {}) for exchange in ("", "a", "b") for kind in K]
    assert reasons_of(*empty) == []
    assert reasons_of(*_answered("c", 1.0), *empty)


def test_entries_of_an_hour() -> None:
    """Where the provider counted some, they are what has to expire."""
    [reason] = reasons_of(*_answered("a", 1.0, cache_write=50, cache_write_hour=50), *_answered("b", 1900.0))
    assert "(longest pause 31 min 39 s, entries live 1 h)" in reason


def test_keep_alive_shortens_a_pause() -> None:
    """It counts from the last read, and the sentence says so."""
    kept = Event(0, 281.0, "a", K.KEPT_ALIVE, {"conversation": "c", "session": "s", "read": 900})
    [reason] = reasons_of(*_answered("a", 1.0), kept, *_answered("b", 501.0))
    assert "(longest pause 3 min 40 s, entries live 5 min, 1 keep-alive read)" in reason
    assert reason.endswith(" After a pause that keep-alive bridges they are, too, but only where that pays.")
    failed = Event(0, 281.0, "a", K.KEPT_ALIVE, {"conversation": "c", "session": "s", "read": 0, "write": 0})
    cold, *_ = reasons_of(*_answered("a", 1.0), failed, *_answered("b", 501.0, cache_read=0))
    assert cold.startswith("The cache was cold once")


def test_a_pause_that_keep_alive_bridged_is_an_occasion() -> None:
    """The cache was never cold, and what was edited then is told of; beside what was at a cold one."""
    kept = Event(0, 281.0, "a", K.KEPT_ALIVE, {"conversation": "c", "session": "s", "read": 900})
    bridged = Event(0, 501.0, "b", K.FLUSH, {"why": str(FlushReason.PAUSE), "edits": 1})
    landed = {"stage": "trim", "op": "replace", "state": "landed", "reason": "old", "before": 60, "after": 10}
    events = [*_answered("a", 1.0), kept, *_answered("b", 501.0), bridged, Event(0, 501.0, "b", K.EDIT, landed)]
    said = (
        "Keep-alive bridged a pause, and what was sent before was shortened once then, where that paid: edits in those "
        "requests took out 50 tokens."
    )
    assert reasons_of(*events) == [said]
    cold, beside, *_ = reasons_of(*events, *_answered("d", 901.0, cache_read=0))
    assert (cold.startswith("The cache was cold once: nothing that was sent before"), beside) == (True, said)


def _edit(why: str, before: int, place: str, state: str = "left out", op: str = "replace") -> Event:
    said = {"stage": "trim", "op": op, "state": state, "reason": why, "before": before, "after": 10, "place": place}
    return Event(0, 1.0, "a", K.EDIT, said)


def test_what_was_left_out_counts_once_the_most_tokens_first() -> None:
    """However often a stage proposed it; not what landed later or a compaction covers, no notes and no thinking."""
    edits = [_edit("it would make the request longer", 20, "p1"), _edit("frozen", 999, "n", op="note")]
    edits += [_edit("the ledger is full", 510, "p2"), _edit("the ledger is full", 510, "p2"), _edit("late", 99, "p3")]
    edits += [_edit("late", 99, "p3", "landed"), _edit(COVERED, 5000, "p4"), _edit("sealed", 9, "t", op="strip")]
    _, full, longer = reasons_of(*_answered("a", 1.0), *edits)
    assert full == "The ledger is full: 1 edit of about 500 tokens is left out."
    assert longer == "It would make the request longer: 1 edit of about 10 tokens is left out."


def test_a_stop_comes_before_the_pauses() -> None:
    """Nothing else matters then, even if something landed before."""
    why = "editing has cost more than it saved in this session"
    first, *_ = reasons_of(*_answered("a", 1.0), _edit(why, 60, "p1"), _edit("x", 60, "p2", "landed"))
    assert first == "Editing has cost more than it saved in this session: 1 edit of about 50 tokens is left out."


def test_who_has_bold_is_not_told_of_it() -> None:
    """A flush of a warm cache proves it."""
    flush = Event(0, 1.0, "a", K.FLUSH, {"why": "it pays", "edits": 1})
    *_, last = reasons_of(*_answered("a", 1.0), flush, _edit("old", 60, "p", "pending"))
    assert last == "1 edit of about 50 tokens is still waiting for a cold cache."


def test_what_counts_against_a_saving() -> None:
    """Calls of our own, what the provider clears itself, stages that failed, requests that passed by."""
    failed = Event(0, 1.0, "a", K.STAGE, {"stage": "trim", "outcome": "failed", "remark": "", "edits": 0})
    passed = Event(0, 1.0, "a", K.BYPASSED, {"why": "asked for", "replayed": 0, "stripped": 0})
    tokens = {"came": {"plain": 500}, "sent": {"plain": 450}, "own": 0.25}
    said = reasons_of(*_answered("a", 1.0, cleared=1200, money=tokens), failed, passed, _edit("x", 60, "p", "landed"))
    assert said == [
        "1 of 1 request passed without new edits: asked for.",
        "There is no history to shorten: 1 request, the first of its conversation.",
        "Edits took out 50 of 500 input tokens (10.0%).",
        "Stages failed, were late or were resting once: their edits were lost.",
        "Penstock's own model calls cost $0.25, which counts against what was saved.",
        "The provider itself left out 1,200 tokens in 1 request, where nothing counts as saved.",
    ]


def test_little_to_shorten() -> None:
    """Only results of tools are long and old; a retry brings no new ones."""
    blocks = [{"kind": "text", "tokens": 980}, {"kind": "tool_result", "tokens": 20}]
    assert reasons_of(*_answered("a", 1.0, blocks=blocks), *_answered("b", 2.0, blocks=blocks, retry=True))[-1] == (
        "There is little to shorten: results of tools are 20 of 1,000 tokens of messages (2.0%)."
    )


def test_remarks_are_those_of_stages_that_shorten() -> None:
    """Each with what it said most often."""
    rows = [("memory", "nothing bears on it"), ("trim", "a"), ("trim", "b"), ("trim", "b"), ("pruning", "c")]
    fields = [{"stage": stage, "outcome": "nothing", "remark": remark} for stage, remark in rows]
    *_, said = reasons_of(*_answered("a", 1.0), *(Event(0, 1.0, "a", K.STAGE, one) for one in fields))
    assert said == "No stage found anything to shorten before its first send in 1 request (trim: b; pruning: c)."


def test_answers_that_cost_most() -> None:
    """No edit makes those cheaper. A million tokens of output are 15 dollars here."""
    said = reasons_of(*_answered("a", 1.0, output=50_000))
    assert "About $0.75 of $1.00 were paid for the model's answers, which no edit changes." in said
    assert not any("answers" in reason for reason in reasons_of(*_answered("a", 1.0, output=20_000)))


@pytest.mark.parametrize("why", [PAUSED, "the profile observes", COVERED])
def test_the_words_of_the_engine_are_known(why: str) -> None:
    """Logs hold them as they are."""
    assert why == sentences._COVERED or why.startswith(sentences._HELD)
