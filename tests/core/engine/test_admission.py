"""Admission control: between the road and the budgets."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from penstock import EventKind
from penstock.base.errors import StoreError
from penstock.budget import Amount, Level
from penstock.budget.budgets import LIMITS
from penstock.conversation.exchange import Kind
from penstock.conversation.reply import Reply, Usage
from penstock.engine import admission
from penstock.engine.edit_scheduler import EditScheduler
from penstock.store.in_memory import MemoryStore
from penstock.store.sql import SqlStore
from penstock.testing import Session, Turn, assistant, call, conversation, dialect_of, profile_of, results, user
from tests.engines import Does, ask_now, request

ONE = "[budget.day]\nrequests = 1\n"
RATE = "[rate.credential]\nrequests_per_minute = 2\n"
SUB = {"x-claude-code-agent-id": "sub-1"}
SAID = Usage(input=100, output=20, cache_read=400, cache_write=50)
CALL = call("Bash", command="ls")
COUNT = "/v1/messages/count_tokens"
DIALECTS = ("anthropic", "openai-chat", "openai-responses", "ollama-chat", "ollama-generate", "gemini")


class Broken(MemoryStore):
    """A store whose disk is away now and then."""

    def __init__(self) -> None:
        super().__init__()
        self.is_away = True
        self.failed, self.stored = threading.Event(), threading.Event()

    def set_values(self, kind: str, values: Mapping[str, Mapping[str, Any] | None], *, batch: str = "") -> None:
        if self.is_away:
            self.failed.set()
            raise StoreError("the disk is full")
        super().set_values(kind, values)
        self.stored.set()

    def values_of(self, kind: str) -> dict[str, dict[str, Any]]:
        if self.is_away:
            raise StoreError("the disk is away")
        return super().values_of(kind)


def say(text: str, model: str = "claude-sonnet-4-5") -> bytes:
    return conversation(user(text), model=model)


def day(session: Session, what: str = "used") -> dict[str, float]:
    """What all that came by counted for today."""
    row = session.engine.admission.budgets.show(session.profile.budget, session.clock.now())[0]
    found: dict[str, float] = row[what]
    return found


def is_refused(session: Session, body: bytes, headers: Mapping[str, str] | None = None, *, path: str = "") -> bool:
    session.send(body, headers, path=path)
    return session.outcome.refusal is not None


# -------------------------------------------------------------------- before


def test_of_many_sessions_those_that_asked_last_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not those that began last: hooks of a long session are answered, too."""
    monkeypatch.setattr(admission, "SENDERS", 2)
    with Session() as session:
        for name in ("long", "other", "long", "new"):
            session.send(conversation(user("hi")), {"x-claude-code-session-id": name})
        known = {name for name in ("long", "other", "new") if session.engine.admission.sender(name) is not None}
    assert known == {"long", "new"}


def test_stages_are_told_the_level() -> None:
    """From what was used before; the first request of a day meets none."""
    levels: list[Level] = []
    with Session(
        Does(lambda draft: levels.append(draft.level)), profile=profile_of("[budget.day]\nrequests = 10")
    ) as s:
        said = [user("one")]
        for n in range(11):
            if not is_refused(s, conversation(*said)):
                s.reply("yes")
            said += [assistant("yes"), user(f"and {n}")]
    assert levels == [Level.NORMAL] * 7 + [Level.REDUCED] * 2 + [Level.MINIMAL, Level.BLOCKED]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_block_is_said_in_the_clients_own_words(dialect: str) -> None:
    """An error of the provider's form, when to come back, and that to try again before does not help."""
    with Session(dialect=dialect, profile=profile_of(ONE)) as session:
        session.send(conversation(user("one"), dialect=dialect))
        session.reply("yes")
        assert session.send(conversation(user("two"), dialect=dialect)) == b""
        refusal = session.outcome.refusal
        assert refusal is not None
        assert refusal.status == (402 if dialect == "anthropic" else 429)
        assert (refusal.headers["retry-after"], refusal.headers["x-should-retry"]) == ("600", "false")
        body = msgspec.json.decode(refusal.body)
        message = "Penstock: the budget for everything today is used up (1 of 1 requests)."
        assert message in refusal.body.decode()
        form = dialect_of(dialect).error_body(429, "")
        assert set(body) == set(form)
        [refused] = session.events(EventKind.REFUSED)
        assert message in str(refused.payload)
        assert day(session)["requests"] == 1
        assert day(session, "held")["requests"] == 0


def test_too_fast_is_refused_for_a_while_only() -> None:
    """With the seconds to wait; clients that try again by themselves may."""
    with Session(profile=profile_of(RATE)) as session:
        assert [is_refused(session, say(str(n))) for n in range(3)] == [False, False, True]
        refusal = session.outcome.refusal
        assert refusal is not None
        assert refusal.headers["retry-after"] == "30"
        assert "x-should-retry" not in refusal.headers
        session.wait(30)
        assert not is_refused(session, say("3"))


def test_a_request_may_wait_for_its_turn() -> None:
    """The wire is told how long."""
    with Session(profile=profile_of(f"{RATE}[rate]\nqueue_s = 45\n")) as session:
        waits = []
        for n in range(3):
            session.send(say(str(n)))
            waits.append(session.outcome.wait_s)
    assert waits == [0, 0, 30]


def test_to_watch_refuses_nothing() -> None:
    """`observe` counts what is spent, and lets everything go at once."""
    with Session(profile=profile_of(f'mode = "observe"\n{ONE}{RATE}')) as session:
        for n in range(5):
            assert not is_refused(session, say(str(n)))
            session.reply("yes", usage=SAID)
        assert day(session)["requests"] == 5
        assert day(session, "held")["requests"] == 0


def test_to_count_tokens_is_free() -> None:
    """Clients ask for it between turns: it is neither counted nor refused."""
    with Session(profile=profile_of(ONE)) as session:
        assert not is_refused(session, say("one"), path=COUNT)
        session.reply("1")
        assert day(session) == {"dollars": 0, "tokens": 0, "requests": 0}
        session.send(say("one"))
        session.reply("yes")
        assert not is_refused(session, say("two"), path=COUNT)
        assert is_refused(session, say("two"))


def test_a_picture_is_not_held_for_a_book() -> None:
    """It comes as megabytes of text; a limit of tokens a minute would be out of reach for long after it."""
    picture = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBO" * 500_000}}
    said = {"role": "user", "content": [picture, {"type": "text", "text": "What is this?"}]}
    with Session() as session:
        session.send(msgspec.json.encode({"model": "claude-sonnet-4-5", "max_tokens": 99, "messages": [said]}))
        assert 1500 < day(session, "held")["tokens"] < 2000


# -------------------------------------------------------------------- after


def test_an_answer_counts_once() -> None:
    """However often it is shown, in place of what was held for it."""
    with Session() as session:
        session.send(say("one"))
        assert day(session, "held")["requests"] == 1
        session.reply("yes", usage=SAID)
        exchange, engine = session.outcome.exchange, session.engine
        assert exchange is not None
        assert session.outcome.reply is not None
        pipeline = engine.pipeline(session.profile.name)
        engine.admission.answered(exchange, pipeline, session.outcome.booking, session.outcome.reply)
        session.engine.responses.failed(session.outcome, None, answer_started=True)
        used = day(session)
        assert (used["tokens"], used["requests"], used["dollars"] > 0) == (570, 1, True)
        assert day(session, "held") == {"dollars": 0, "tokens": 0, "requests": 0}


def test_what_was_paid_besides_counts() -> None:
    """A compaction of the provider's and its searches, whether the answer came whole or broke off."""
    besides = Usage(input=100, output=20, searches=10, others=(Usage(input=5000, output=300),))
    for whole in (True, False):
        with Session() as session:
            session.send(say("one", model="claude-sonnet-4-5"))
            exchange, pipeline = session.outcome.exchange, session.outcome.pipeline
            assert exchange is not None
            assert pipeline is not None
            admission, booking = session.engine.admission, session.outcome.booking
            if whole:
                admission.answered(exchange, pipeline, booking, Reply(usage=besides, complete=True))
            else:
                admission.failed(exchange, pipeline, besides, answer_started=True, sent=True)
            assert day(session)["tokens"] == 5420
            assert day(session)["dollars"] == pytest.approx(5100 * 3e-6 + 320 * 15e-6 + 0.1)


def test_writes_for_an_hour_count_as_such() -> None:
    """Also of an answer that broke off."""
    with Session() as session:
        session.send(say("one", model="claude-sonnet-4-5"))
        told = Usage(input=0, output=0, cache_write=60_000, cache_write_hour=60_000)
        session.engine.responses.failed(session.outcome, told, answer_started=True)
        assert day(session)["dollars"] == pytest.approx(60_000 * 2 * 3e-6)


def test_each_attempt_that_was_answered_counts() -> None:
    """A retry is paid for as well; one that the provider refused is not."""
    with Session() as session:
        for begun in (False, True):
            session.send(say("one"))
            session.engine.responses.failed(session.outcome, SAID, answer_started=begun)
        session.send(say("one"))
        session.reply("yes", usage=SAID)
        assert (day(session)["requests"], day(session)["tokens"]) == (2, 1140)
        assert day(session, "held")["requests"] == 0


def test_an_answer_that_broke_off_counts_what_was_said() -> None:
    """What the provider had counted by then; where it had not, what the request was thought to cost."""
    with Session() as session:
        session.send(say("one"))
        session.engine.responses.failed(session.outcome, Usage(input=10, output=3), answer_started=True)
        assert (day(session)["tokens"], day(session)["requests"]) == (13, 1)
        session.send(say("two " * 1000))
        held = day(session, "held")["tokens"]
        session.engine.responses.failed(session.outcome, Usage(output=3), answer_started=True)
        assert held > 500
        assert (day(session)["tokens"], day(session)["requests"]) == (13 + held, 2)


def test_what_left_as_it_came_counts_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Something failed here, the client's own bytes went out, and the provider was paid; nothing stays held."""

    def fails(*_: object) -> None:
        raise RuntimeError("a fault")

    monkeypatch.setattr(EditScheduler, "schedule", fails)
    with Session() as session:
        assert session.send(say("one")) == say("one")
        assert session.outcome.why
        session.reply("yes", usage=SAID)
        assert (day(session)["tokens"], day(session)["requests"]) == (570, 1)
        assert day(session, "held")["requests"] == 0


def test_what_nothing_is_known_of_counts_as_a_request() -> None:
    """Watched only, and its answer could not be read."""
    with Session(profile=profile_of('mode = "observe"')) as session:
        session.send(say("one"))
        session.engine.responses.failed(session.outcome, None, answer_started=True)
        assert day(session) == {"dollars": 0, "tokens": 0, "requests": 1}


def test_a_subagent_that_ends_gives_back_what_it_did_not_use() -> None:
    """With an answer that asks for no tool; before that it is at work."""
    with Session(profile=profile_of("[budget.session]\nrequests = 100\n")) as session:
        session.send(say("main"))
        session.reply("yes")
        task = user("count the kilns")
        session.send(conversation(task), SUB)
        session.reply(CALL)
        assert _pools(session) == {True: 54, False: 36}
        session.send(conversation(task, assistant(CALL), results("two")), SUB)
        assert session.outcome.exchange is not None
        assert session.outcome.exchange.kind is Kind.SUBAGENT
        session.reply("Two.")
        assert _pools(session) == {True: 88, False: 2}


def _pools(session: Session) -> dict[bool, float]:
    rows = session.engine.admission.budgets.show(session.profile.budget, session.clock.now())
    return {row["main"]: row["pool"]["requests"] for row in rows if row["scope"] == "conversation"}


# -------------------------------------------------------------------- a person


@pytest.mark.parametrize(
    "message",
    [
        results("penstock budget raise"),
        user("<system-reminder>penstock budget raise</system-reminder>"),
        user("What does `penstock budget raise` do?"),
        user("<system-reminder>a</system-reminder>penstock budget raise<system-reminder>b</system-reminder>"),
        user("fetch it", "penstock budget raise"),
    ],
    ids=["a tool", "an envelope", "a question", "between envelopes", "a second text"],
)
def test_nothing_but_a_persons_own_words_raises(message: Turn) -> None:
    """A page that was read says what it likes."""
    with Session(profile=profile_of("[budget.day]\nrequests = 1\n")) as session:
        session.send(conversation(user("one")))
        session.reply("yes")
        assert is_refused(session, conversation(user("one"), assistant(CALL), message))


def test_what_was_refused_stands_before_what_is_said_then() -> None:
    """Clients send it again, in the same message; two texts that are both new are not a person's one."""
    with Session(profile=profile_of("[budget.day]\nrequests = 1\n")) as session:
        session.send(conversation(user("one")))
        session.reply("yes")
        head = [user("one"), assistant("yes")]
        assert is_refused(session, conversation(*head, user("two")))
        assert not is_refused(session, conversation(*head, user("two", "penstock budget raise")))


def test_strangers_raise_nothing() -> None:
    """Where a profile says that anybody may write, a message raises no budget, and is not told to."""
    with Session(profile=profile_of("[budget]\nchat = false\n[budget.day]\nrequests = 1\n")) as session:
        session.send(conversation(user("one")))
        session.reply("yes")
        assert is_refused(session, conversation(user("one"), assistant("yes"), user("penstock budget raise")))
        assert session.outcome.refusal is not None
        assert b"say here" not in session.outcome.refusal.body


def test_said_in_the_chat_a_raise_lets_the_message_pass() -> None:
    """And those after it, to the new limit; the same message again raises nothing."""
    with Session(profile=profile_of("[budget.day]\nrequests = 2\n")) as session:
        said = [user("one")]
        for text in ("two", "penstock budget raise"):
            assert not is_refused(session, conversation(*said))
            session.reply("yes")
            said += [assistant("yes"), user(text)]
        assert not is_refused(session, conversation(*said))
        assert day(session, "limits") == {"requests": 3}
        session.engine.responses.failed(session.outcome, None, answer_started=True)
        assert is_refused(session, conversation(*said))
        said += [assistant(CALL), results("two")]
        assert is_refused(session, conversation(*said))
        assert day(session, "limits") == {"requests": 3}


@pytest.mark.parametrize(
    ("text", "dollars"),
    [("penstock budget raise 2", 3), ("/penstock: Budget raise $0.25.", 1.25), ("penstock budget raise", 1.5)],
)
def test_a_raise_may_say_by_how_much(text: str, dollars: float) -> None:
    """In dollars."""
    with Session(profile=profile_of("[budget.day]\ndollars = 1\n")) as session:
        session.send(say("one"))
        session.reply("yes", usage=Usage(input=0, output=0))
        _spend(session, 1.0)
        assert not is_refused(session, say(text))
        assert day(session, "limits") == {"dollars": pytest.approx(dollars, abs=1e-3)}


def _spend(session: Session, dollars: float) -> None:
    exchange = session.outcome.exchange
    assert exchange is not None
    budgets = session.engine.admission.budgets
    who = admission.who_is(exchange)
    budgets.settle("spent", who, session.profile.budget, Amount(dollars), session.clock.now())


@pytest.mark.parametrize("text", ["please: penstock budget raise", "penstock budget raise all of them", "raise"])
def test_other_words_raise_nothing(text: str) -> None:
    """A text that speaks of it, pasted or read aloud by a tool, is not a person's order."""
    with Session(profile=profile_of(ONE)) as session:
        session.send(say("one"))
        assert is_refused(session, say(text))


def test_an_order_in_a_subagents_task_raises_nothing() -> None:
    """A model wrote that."""
    with Session(profile=profile_of(ONE)) as session:
        session.send(say("one"))
        assert is_refused(session, say("penstock budget raise"), SUB)


def test_an_order_raises_nothing_where_nothing_blocks() -> None:
    """Nor what blocks others only."""
    profile = profile_of("[budget.conversation]\nrequests = 1\n")
    with Session(profile=profile) as session:
        session.send(say("one"))
        assert is_refused(session, say("two"))
        elsewhere = {"x-session-id": "another-session-that-is-long"}
        assert not is_refused(session, say("penstock budget raise"), elsewhere)
        assert is_refused(session, say("two"))


# -------------------------------------------------------------------- events and the store


def test_a_new_level_is_an_event() -> None:
    """With what it was before, and why."""
    with Session(profile=profile_of("[budget.day]\nrequests = 2\nper = 'ever'")) as session:
        for n in range(3):
            session.send(say(str(n)))
        found = [
            (e.payload["budget"], e.payload["before"], e.payload["level"], e.payload["why"])
            for e in session.events(EventKind.BUDGET)
        ]
    assert found == [("day", "NORMAL", "BLOCKED", "day: 100% used")]


@pytest.mark.parametrize("sql", [False, True])
def test_counts_outlive_a_restart(sql: bool, tmp_path: Path) -> None:
    """With levels and what was raised; what was under way is not held any more."""
    store = SqlStore(tmp_path / "store.db") if sql else MemoryStore()
    with Session(profile=profile_of("[budget.day]\nrequests = 2\n"), store=store) as session:
        for n in range(2):
            session.send(say(str(n)))
            session.reply("yes", usage=SAID)
        assert not is_refused(session, say("penstock budget raise"))
        before = day(session)
        session.restart()
        assert (day(session), day(session, "limits")) == (before, {"requests": 3})
        assert day(session, "held")["requests"] == 0
        assert [is_refused(session, say(text)) for text in ("a", "b")] == [False, True]


def test_a_name_that_no_database_takes_is_counted(tmp_path: Path) -> None:
    """A header may hold half a character; all that others spent is written down still."""
    store = SqlStore(tmp_path / "store.db")
    with Session(store=store) as session:
        session.send(say("one"), {"user-agent": "\udcff/1"})
        session.reply("yes")
        session.restart()
        assert day(session)["requests"] == 1


def test_a_store_that_cannot_be_read_or_written_stops_nothing() -> None:
    """Budgets count in memory meanwhile, and all of it is written when the disk is there again, unasked."""
    store = Broken()
    with Session(profile=profile_of("[budget.day]\nrequests = 2\n"), store=store) as session:
        for n in range(2):
            assert not is_refused(session, say(str(n)))
            session.reply("yes")
        assert is_refused(session, say("three"))
        assert store.failed.wait(10)
        store.is_away = False
        assert store.stored.wait(10)
        session.restart()
        assert day(session)["requests"] == 2


def test_limits_of_another_version_stop_nothing() -> None:
    """What cannot be read does not count; what was spent does."""
    store = MemoryStore()
    with Session(store=store) as session:
        session.send(say("one"))
        session.reply("yes")
        store.set_values(LIMITS, {"day": {"dollars": "a lot"}})
        session.restart()
        assert (day(session)["requests"], day(session, "limits")) == (1, {})


# -------------------------------------------------------------------- many at once


def test_as_many_conversations_pass_as_may() -> None:
    """64 at once on one loop, each its own session: exactly as many leave as the budget has requests."""
    with Session(profile=profile_of("[budget.day]\nrequests = 20\n")) as session:

        async def go() -> list[bool]:
            asked = [
                request(say(f"kiln {n}"), ident=f"z{n}", headers={"x-session-id": f"session-number-{n:020}"})
                for n in range(64)
            ]
            outcomes = await asyncio.gather(*(session.engine.process(one) for one in asked))
            assert all(outcome.exchange is not None and not outcome.why for outcome in outcomes)
            return [outcome.refusal is None for outcome in outcomes]

        assert sum(asyncio.run(go())) == 20


def test_a_block_that_comes_too_late_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """The loop gave the thread up and let the request go: it is not called refused besides."""
    with Session(profile=profile_of(ONE)) as session:
        session.send(say("one"))
        engine = session.engine
        ask = engine.admission.admit

        def given_up(context: Any) -> Any:
            context.generation += 1
            return ask(context)

        monkeypatch.setattr(engine.admission, "admit", given_up)
        outcome = ask_now(session, request(say("two"), ident="late"))
        assert outcome.refusal is None
        assert session.events(EventKind.REFUSED) == []
