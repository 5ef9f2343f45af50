"""Which conversations are kept in the provider's cache while the user is idle."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from penstock import Idle, Stage, Usage
from penstock.budget import Amount, Scope
from penstock.budget.provider_limits import RateLimitInfo
from penstock.budget.settings import Limit
from penstock.testing import Session, Turn, assistant, conversation, profile_of, user

LONG = "a word and another " * 2_000
READ = Usage(input=0, output=1, cache_read=20_000, cache_write=0)


class Keeps(Stage):
    """Wants so many reads in each pause."""

    name = "keeps"

    def __init__(self, wants: Callable[[Idle], bool] = lambda idle: idle.reads < 2) -> None:
        self._wants = wants
        self.shown: list[Idle] = []

    def on_idle(self, idle: Idle) -> bool:
        self.shown.append(idle)
        return self._wants(idle)


def marked(*said: Turn) -> bytes:
    """A request with a cache breakpoint at its end."""
    body = json.loads(conversation(*said, model="claude-opus-5-5"))
    last = body["messages"][-1]
    if isinstance(last["content"], str):
        last["content"] = [{"type": "text", "text": last["content"]}]
    last["content"][-1]["cache_control"] = {"type": "ephemeral"}
    return json.dumps(body).encode()


def spent(session: Session, scope: str = "conversation") -> dict[str, Amount]:
    """What a budget says was used, and what it holds."""
    rows = session.engine.admission.budgets.show(session.profile.budget, session.clock.now())
    row = next(row for row in rows if row["scope"] == scope)
    return {name: Amount.read(row[name]) for name in ("used", "held")}


def answered(session: Session, *words: str) -> float | None:
    """One turn after the other, all answered; when the last is due again, in seconds from its start."""
    said, due = [], None
    for word in words:
        said.append(user(word))
        at = session.clock.now()
        session.send(marked(*said))
        session.reply("well")
        said.append(assistant("well"))
        due = session.engine.keep_alive.answered(session.outcome)
        due = None if due is None else due - at
    return due


def test_without_a_stage_that_wants_it_nothing_is_sent_again() -> None:
    """It is nobody's business by default."""
    with Session() as session:
        assert answered(session, LONG) is None


def test_it_is_due_a_little_before_the_entry_is_gone() -> None:
    """Counted from the start of the request."""
    with Session(Keeps()) as session:
        due = answered(session, LONG)
        margin = session.profile.cache.margin_s
    assert due == pytest.approx(300 - margin)


def test_a_read_gives_the_entry_its_whole_life_again() -> None:
    """So a flush that waits for a cold cache goes on waiting, and what follows is a read."""
    with Session(Keeps()) as session:
        answered(session, LONG, "and?")
        name = session.outcome.conversation
        state = session.engine.keep_alive._states.peek(name)
        assert state is not None
        session.wait(290)
        assert session.engine.keep_alive.begin(name)
        assert session.engine.keep_alive.end(name, READ) == pytest.approx(session.clock.now() + 290)
        session.wait(200)
        state.learn()
        assert not state.clock.is_cold(session.clock.now(), 10)


def test_a_read_that_was_not_needed_stops_no_edit() -> None:
    """It is paid for out of what was saved, and is no loss of editing (P12)."""
    keeps = Keeps()
    with Session(keeps) as session:
        answered(session, LONG, "and?")
        name = session.outcome.conversation
        state = session.engine.keep_alive._states.peek(name)
        assert state is not None
        session.wait(290)
        before = state.account.saved
        session.engine.keep_alive.begin(name)
        session.engine.keep_alive.end(name, READ)
        assert state.account.saved == before
        assert keeps.shown[-1].saved < 0


def test_a_stage_that_raises_keeps_nothing_alive_and_breaks_nothing() -> None:
    """P1."""

    def fails(_: Idle) -> bool:
        raise RuntimeError("broken")

    with Session(Keeps(fails)) as session:
        assert answered(session, LONG, "and?") is None


@pytest.mark.parametrize("usage", [None, Usage(cache_read=0, cache_write=0), Usage(cache_read=100, cache_write=90_000)])
def test_it_stops_when_the_entry_was_gone_or_the_provider_refused(usage: Usage | None) -> None:
    """Never a second attempt."""
    with Session(Keeps()) as session:
        answered(session, LONG)
        name = session.outcome.conversation
        session.wait(290)
        assert session.engine.keep_alive.begin(name)
        assert session.engine.keep_alive.end(name, usage) is None
        assert not session.engine.keep_alive.begin(name)


def test_what_a_read_costs_is_taken_from_the_budgets_of_its_session() -> None:
    """Dollars alone: tokens and requests there are those of clients (P16)."""
    with Session(Keeps()) as session:
        answered(session, LONG)
        before = {scope: spent(session, scope)["used"] for scope in ("day", "session", "conversation")}
        session.wait(290)
        read = session.engine.keep_alive.begin(session.outcome.conversation)
        assert read is not None
        assert spent(session)["held"] == Amount(read.dollars)
        session.engine.keep_alive.paid(read, 0.25)
        session.engine.keep_alive.paid(read, 0.25)
        for scope, used in before.items():
            assert spent(session, scope) == {"used": used + Amount(0.25), "held": Amount()}, "once"


def test_a_read_that_was_not_answered_costs_nothing() -> None:
    """Nor is anything held for it."""
    with Session(Keeps()) as session:
        answered(session, LONG)
        before = spent(session)
        session.wait(290)
        read = session.engine.keep_alive.begin(session.outcome.conversation)
        assert read is not None
        session.engine.keep_alive.paid(read, None)
        assert spent(session) == before


@pytest.mark.parametrize("measure", ["dollars", "tokens", "requests"])
def test_a_budget_that_is_used_up_stops_reads(measure: str) -> None:
    """As it stops any request."""
    with Session(Keeps()) as session:
        answered(session, LONG)
        session.wait(290)
        limit = Limit(**{measure: spent(session)["used"].of(measure)})
        session.engine.admission.budgets.set(Scope.SESSION, "", limit)
        assert session.engine.keep_alive.begin(session.outcome.conversation) is None
        assert spent(session)["held"] == Amount()


def test_a_read_leaves_something_for_the_next_request() -> None:
    """A client must not be refused because of a request that it knows nothing of."""
    for share, is_sent in ((0.9, False), (1.1, True)):
        keeps = Keeps()
        with Session(keeps) as session:
            answered(session, LONG)
            session.wait(290)
            limit = Limit(dollars=spent(session)["used"].dollars + share * keeps.shown[-1].cost)
            session.engine.admission.budgets.set(Scope.DAY, "", limit)
            assert (session.engine.keep_alive.begin(session.outcome.conversation) is not None) is is_sent


def test_a_read_waits_for_no_turn() -> None:
    """Where a request would be queued, a read is not sent."""
    profile = profile_of("[rate]\nqueue_s = 600\n[rate.credential]\nrequests_per_minute = 0.1\n")
    with Session(Keeps(), profile=profile) as session:
        answered(session, LONG)
        session.wait(290)
        assert session.engine.keep_alive.begin(session.outcome.conversation) is None
    with Session(Keeps()) as session:
        answered(session, LONG)
        spare = RateLimitInfo("requests", remaining=0, resets_at=session.clock.now() + 900)
        session.engine.responses.record_rate_limits(session.outcome, (spare,))
        session.wait(290)
        assert session.engine.keep_alive.begin(session.outcome.conversation) is None


def test_a_read_that_no_stage_wants_takes_nobodys_turn() -> None:
    """The budgets are asked first; what they gave goes back."""
    keeps = Keeps()
    with Session(keeps, profile=profile_of("[rate.credential]\nrequests_per_minute = 1\n")) as session:
        answered(session, LONG)
        before = spent(session)
        session.wait(290)
        keeps._wants = lambda _: False
        assert session.engine.keep_alive.begin(session.outcome.conversation) is None
        assert spent(session) == before
        assert session.send(marked(user("another thing"))), "it is this one's turn"


def test_a_deleted_conversation_is_not_sent_again() -> None:
    """Nor is anything kept of it."""
    with Session(Keeps()) as session:
        assert answered(session, LONG) is not None
        name = session.outcome.conversation
        with session.engine.forgotten([name]):
            assert not session.engine.keep_alive.begin(name)
        assert not session.engine.keep_alive.begin(name)


def test_changed_settings_hold_for_who_waits() -> None:
    """It is asked again when the request is due."""
    keeps = Keeps()
    with Session(keeps) as session:
        assert answered(session, LONG) is not None
        keeps._wants = lambda _: False
        assert not session.engine.keep_alive.begin(session.outcome.conversation)


def test_what_may_not_be_changed_is_not_sent_again() -> None:
    """A profile that observes, a request that is signed."""
    with Session(Keeps(), profile=profile_of("mode = 'observe'\n")) as session:
        assert answered(session, LONG) is None


def test_what_is_not_cached_is_not_kept() -> None:
    """A request without a breakpoint has no entry to keep."""
    bare = b'{"model":"claude-opus-5-5","max_tokens":9,"messages":[{"role":"user","content":"%b"}]}' % LONG.encode()
    with Session(Keeps()) as session:
        session.send(bare)
        session.reply("well")
        assert session.engine.keep_alive.answered(session.outcome) is None


def test_a_stage_hears_how_long_people_are_away() -> None:
    """The pause before each request, how many there were, and what has been sent again."""
    keeps = Keeps()
    with Session(keeps) as session:
        answered(session, LONG)
        session.wait(1_000)
        session.send(marked(user(LONG), assistant("well"), user("again")))
        session.reply("yes")
        session.engine.keep_alive.answered(session.outcome)
    assert [idle.requests for idle in keeps.shown] == [1, 2]
    assert keeps.shown[0].paused_s is None
    assert keeps.shown[1].paused_s == pytest.approx(1_000)


def test_only_paid_lifetimes_are_kept() -> None:
    """Where writing costs nothing there is nothing to save."""
    with Session(Keeps(), dialect="openai-chat") as session:
        session.send(conversation(user(LONG), dialect="openai-chat", model="gpt-5"))
        session.reply("well")
        assert session.engine.keep_alive.answered(session.outcome) is None
