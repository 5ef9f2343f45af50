"""P1, P3, P4, P10 while a person pauses a proxy, has it go on, and changes what it goes by."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock import BlockKind, Draft, EventKind
from penstock.edits.flush_reason import FlushReason
from penstock.engine.pipeline import Pipeline
from penstock.engine.request_context import PAUSED
from penstock.plugins.stage import Stage
from penstock.profiles.profile import changed
from penstock.testing import Session, Turn, assistant, check_prefix, conversation, profile_of, user
from tests.engines import WAYS, Blocks, Does, ask_from_a_loop, request
from tests.sizing import examples


class Notes(Stage):
    """Notes at each turn, never the same, and would shorten what was said first."""

    name = "notes"

    def __init__(self) -> None:
        self.calls = 0

    def on_request(self, draft: Draft) -> str | None:
        self.calls += 1
        draft.note(f"note {self.calls}", reason="a test")
        if self.calls > 1:
            draft.replace(draft.blocks(BlockKind.TEXT)[0], f"shorter {self.calls}", reason="a test")
        return None


class Talk:
    """A conversation that goes on."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.said: list[Turn] = [user("the beginning of it all")]
        self.came, self.left = b"", b""

    def send(self) -> bytes:
        self.came = conversation(*self.said)
        self.left = self.session.send(self.came)
        self.said += [assistant("yes"), user("more")]
        return self.left


@pytest.fixture
def talk() -> Iterator[Talk]:
    with Session(Notes()) as session:
        yield Talk(session)


def replaced(session: Session, toml_of: dict[str, object]) -> None:
    """A change of settings, as the settings commands make it."""
    before = session.engine.pipelines.of(session.profile.name)
    stages = [Notes() if isinstance(one, Notes) else one for one in before.stages]
    after = Pipeline(changed(before.profile, toml_of), stages, session.clock, before.parts)
    session.engine.pipelines.replace(before, after)


def test_paused_is_sent_what_was_sent_and_nothing_new(talk: Talk) -> None:
    """P3: a note that the provider has seen stays where it was; the next turn gets none."""
    first = talk.send()
    assert b"note 1" in first
    talk.session.engine.is_paused = True
    second = talk.send()
    check_prefix(first, second)
    assert b"note 1" in second
    assert b"note 2" not in second
    left_out = [e.payload for e in talk.session.events(EventKind.EDIT) if e.payload["state"] == "left out"]
    assert {edit["reason"] for edit in left_out} == {PAUSED}


def test_going_on_changes_nothing_that_was_sent(talk: Talk) -> None:
    """P3: what came through while it was paused was seen as it was, and stays so; what is new is edited again."""
    talk.send()
    talk.session.engine.is_paused = True
    talk.send()
    talk.session.engine.is_paused = False
    third = talk.send()
    check_prefix(talk.left, third)
    assert b"note 1" in third
    assert b"note 2" not in third
    assert b"note 3" in third


def test_no_stage_works_at_a_flush_while_paused() -> None:
    """P11: with a window that is full it would be asked at each request, for nothing."""
    flushes: list[str] = []

    class Compacts(Stage):
        name = "compacts"

        def on_flush(self, draft: Draft) -> str | None:
            flushes.append(str(draft.flush_reason))
            return None

    with Session(Compacts()) as session:
        talk = Talk(session)
        talk.send()
        session.engine.is_paused = True
        session.wait(4000)
        talk.send()
        assert flushes == []
        session.engine.is_paused = False
        session.wait(4000)
        talk.send()
        assert flushes == [str(FlushReason.COLD)]


@pytest.mark.parametrize("cold", [False, True])
def test_paused_lets_nothing_land(talk: Talk, cold: bool) -> None:
    """P4, and more than that: what waits goes on waiting, in a cold cache too, and lands when it goes on."""
    talk.send()
    talk.send()
    talk.session.engine.is_paused = True
    talk.session.wait(4000 if cold else 0)
    assert b"shorter" not in talk.send()
    talk.session.engine.is_paused = False
    assert b"shorter" not in talk.send()  # the cache was used a moment ago
    talk.session.wait(4000)
    assert b"shorter" in talk.send()


def test_what_a_person_asked_for_waits_for_the_end_of_the_pause(talk: Talk) -> None:
    """`penstock compact` is not forgotten meanwhile."""
    talk.send()
    talk.send()
    talk.session.engine.is_paused = True
    assert talk.session.engine.compact_now() == 1
    assert b"shorter" not in talk.send()
    talk.session.engine.is_paused = False
    assert b"shorter" in talk.send()
    assert [e.payload["why"] for e in talk.session.events(EventKind.FLUSH)] == [str(FlushReason.ASKED)]


def test_the_same_body_is_sent_the_same(talk: Talk) -> None:
    """P10: a retry across a pause, either way."""
    first, body = talk.send(), talk.came
    talk.session.engine.is_paused = True
    assert talk.session.send(body) == first
    paused, body = talk.send(), talk.came
    talk.session.engine.is_paused = False
    assert talk.session.send(body) == paused


def test_a_stage_refuses_nothing_while_paused() -> None:
    """It watches."""
    with Session(Does(lambda draft: draft.refuse("no"))) as session:
        body = conversation(user("hello"))
        session.engine.is_paused = True
        assert session.send(body) == body


def test_a_budget_is_kept_while_paused() -> None:
    """A pause is no way past what may be spent."""
    with Session(profile=profile_of("[budget.day]\nrequests = 1")) as session:
        session.engine.is_paused = True
        talk = Talk(session)
        talk.send()
        session.reply("yes")
        assert talk.send() == b""
        assert session.outcome.refusal is not None


@pytest.mark.parametrize("way", WAYS)
def test_a_request_never_sees_half_a_change(way: str) -> None:
    """It is read, worked on and written by the settings it came under; the next one goes by the new ones."""
    seen: list[float] = []
    with Session(Does(lambda _: None, "early"), Does(lambda _: None, "late")) as session:
        early, late = session.stages

        def change(draft: Draft) -> None:
            before = session.engine.pipelines.of("test")
            after = Pipeline(
                changed(before.profile, {"window": {"hard": 0.8}, "mode": "observe"}), before.stages, session.clock
            )
            session.engine.pipelines.replace(before, after)
            session.engine.is_paused = True
            draft.note("it lands", reason="a test")

        assert isinstance(early, Does)
        assert isinstance(late, Does)
        early.what = change
        late.what = lambda draft: seen.append(len(draft.edits))
        outcome = WAYS[way](session, request(conversation(user("hello"))))
        assert outcome.body is not None
        assert b"it lands" in outcome.body
        assert outcome.pipeline is not session.engine.pipelines.of("test")
        assert seen == [1]


def test_a_request_under_way_ends_where_it_began() -> None:
    """A stage that is late under the old settings costs what it always costs."""
    stage = Blocks()
    with Session(stage, profile=profile_of("[limits]\nstage_ms = 60000")) as session, stage.until_the_end():
        found: list[bytes | None] = []
        body = conversation(user("hello"))
        asking = threading.Thread(target=lambda: found.append(ask_from_a_loop(session, request(body)).body))
        asking.start()
        stage.begun.wait()
        replaced(session, {"mode": "observe"})
        stage.may_go.set()
        asking.join()
        assert found[0] is not None
        assert b"too late" in found[0]
        assert session.send(conversation(user("another"))) == conversation(user("another"))


def test_a_changed_threshold_leaves_what_was_sent(talk: Talk) -> None:
    """P3: the ledger is the conversation's, whatever stages there are now and whatever they propose."""
    first = talk.send()
    replaced(talk.session, {"window": {"hard": 0.5}, "limits": {"stage_ms": 100}})
    second = talk.send()
    check_prefix(first, second)
    assert b"note 1" in second


CHANGES = st.sampled_from(["send", "send", "send", "pause", "resume", "hard", "bold", "safe", "cold"])


@settings(max_examples=examples(20))
@given(st.lists(CHANGES, max_size=14))
def test_whatever_is_changed_a_hot_prefix_stays(steps: list[str]) -> None:
    """P3 and P4, in any order of turns, pauses and changes: `Session` holds each request against the one before."""
    with Session(Notes()) as session:
        talk = Talk(session)
        for step in [*steps, "send"]:
            if step == "send":
                talk.send()
            elif step == "cold":
                session.wait(4000)
            elif step in ("pause", "resume"):
                session.engine.is_paused = step == "pause"
            elif step == "hard":
                replaced(session, {"window": {"hard": 0.75}})
            else:
                replaced(session, {"aggressiveness": step})
