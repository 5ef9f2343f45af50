"""Which edits land when; the promises P3, P4, P5 and P10 show the rest."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from penstock import Draft, EventKind
from penstock.edits.edit import Landed
from penstock.engine.request_context import RequestContext, Superseded
from penstock.events.event import PrefixHash
from penstock.store.in_memory import MemoryStore
from penstock.testing import Session, Turn, assistant, call, conversation, profile_of, results, user
from tests.engines import Does, request

COLD = 4000.0


def nothing(_: Draft) -> None:
    """Proposes nothing."""


def replaces(index: int, text: str) -> Callable[[Draft], None]:
    return lambda draft: draft.replace(draft.blocks()[index], text, reason="r")


def states(session: Session) -> list[tuple[str, str]]:
    return [(str(e.payload["text"]), str(e.payload["state"])) for e in session.events(EventKind.EDIT)]


def test_an_edit_of_what_is_new_lands_at_once() -> None:
    """It costs no cache; no flush is spoken of."""
    with Session(Does(replaces(0, "new"))) as session:
        assert session.send(conversation(user("one"))) == conversation(user("new"))
        assert states(session) == [("new", "landed")]
        assert session.events(EventKind.FLUSH) == []


def test_an_edit_that_landed_is_not_landed_again() -> None:
    """A stage may propose it with every request: it is replayed, and nothing is written."""
    said = [user("one")]
    with Session(Does(replaces(0, "new"))) as session:
        for _ in range(3):
            session.send(conversation(*said))
            said += [assistant("yes"), user("more")]
            session.wait(COLD)
        assert states(session) == [("new", "landed")]
        counted = [(e.payload["edits"], e.payload["replayed"]) for e in session.events(EventKind.REWRITTEN)]
    assert counted == [(1, 0), (0, 1), (0, 1)]


def test_a_note_that_comes_too_late_is_left_out() -> None:
    """The turn was sent without it; it is not kept for later, when it would make no sense."""
    stage = Does(nothing)
    with Session(stage) as session:
        session.send(conversation(user("one"), max_tokens=5))
        stage.what = lambda draft: draft.note("late", reason="r")
        body = conversation(user("one"), max_tokens=6)
        assert session.send(body) == body
        assert states(session) == [("late", "left out")]
        assert "frozen" in str(session.events(EventKind.EDIT)[0].payload["reason"])
        assert session.events(EventKind.REWRITTEN)[-1].payload["pending"] == 0


def test_edits_of_one_block_by_two_stages_are_the_last_ones() -> None:
    """Both are heard in their order, one is sent."""
    later = Does(
        lambda draft: draft.replace(draft.blocks()[0], draft.text(draft.blocks()[0]) + "!", reason="r"), "later"
    )
    with Session(Does(replaces(0, "new")), later) as session:
        assert session.send(conversation(user("one"))) == conversation(user("new!"))


def test_notes_of_two_stages_stand_in_their_order() -> None:
    """Both stay."""
    notes = [Does(lambda d, n=n: d.note(n, reason="r"), n) for n in ("first", "second")]
    with Session(*notes) as session:
        assert session.send(conversation(user("one"))) == conversation(user("one", "first", "second"))


def test_an_edit_to_what_it_was_changes_nothing() -> None:
    """The client's own bytes leave."""
    with Session(Does(replaces(0, "one"))) as session:
        body = conversation(user("one"))
        assert session.send(body) == body
        assert session.outcome.body is None


def test_a_waiting_edit_whose_block_has_gone_never_lands() -> None:
    """The client threw the message away."""
    stage = Does(nothing)
    with Session(stage) as session:
        session.send(conversation(user("one"), assistant("two"), user("three")))
        stage.what = replaces(0, "new")
        session.send(conversation(user("one"), assistant("two"), user("three"), user("four")))
        stage.what = nothing
        session.wait(COLD)
        body = conversation(user("a summary"), assistant("yes"), user("five"))
        assert session.send(body) == body


def test_a_waiting_edit_that_proves_invalid_spoils_no_later_flush() -> None:
    """It is let go: what its stage proposes after it can still land."""
    stage = Does(nothing)
    said = [user("one"), assistant("two"), user("three")]
    with Session(stage) as session:
        session.send(conversation(*said))
        stage.what = lambda draft: draft.drop(0, 0, reason="r")
        session.send(conversation(*said, assistant("four"), user("five")))
        stage.what = nothing
        session.wait(COLD)
        body = conversation(*said, assistant("four"), user("six"))
        assert session.send(body) == body
        assert session.events(EventKind.REWRITTEN)[-1].payload["pending"] == 0
        stage.what = replaces(0, "new")
        session.wait(COLD)
        assert b'"new"' in session.send(conversation(*said, assistant("four"), user("seven")))


def test_a_full_ledger_takes_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """What has landed is replayed for ever, so there is a limit; it is said."""
    stage = Does(replaces(0, "new"))
    with Session(stage) as session:
        session.send(conversation(user("one")))
        assert session.outcome.exchange is not None
        state = session.engine._states.get(session.outcome.exchange.identity.conversation)
        monkeypatch.setattr(state.ledger, "_limit", 1)
        stage.what = lambda draft: draft.note("more", reason="r")
        left = json.loads(session.send(conversation(user("one"), assistant("two"), user("three"))))
        assert [m["content"] for m in left["messages"]][::2] == ["new", "three"]
        assert "full" in str(session.events(EventKind.EDIT)[-1].payload["reason"])


class Keeps(MemoryStore):
    """Shows which edits it was given, and keeps no tips."""

    def __init__(self) -> None:
        super().__init__()
        self.stored: list[Landed] = []

    def set_tip(self, conversation: str, tip: PrefixHash, at: float) -> None:
        """Lost, as by a `kill -9` before it was written."""

    def add_edits(self, conversation: str, landed: Sequence[Landed], at: float) -> None:
        super().add_edits(conversation, landed, at)
        self.stored += landed


def test_what_lands_is_stored_with_its_revision() -> None:
    """All of one request under one number, the next request under the next."""
    store = Keeps()
    stage = Does(lambda draft: [draft.replace(s, f"new {s.index}", reason="r") for s in draft.blocks(new=True)])
    with Session(stage, store=store) as session:
        session.send(conversation(user("one", "two")))
        session.send(conversation(user("one", "two"), user("three")))
    assert [(one.revision, one.edit.text) for one in store.stored] == [(1, "new 0"), (1, "new 1"), (2, "new 0")]


@pytest.mark.parametrize("what", [replaces(0, "other"), lambda draft: draft.note("other", reason="r")])
def test_what_landed_stays_though_nobody_knows_it_was_sent(what: Callable[[Draft], None]) -> None:
    """The proxy was killed before it noted what it had sent: the ledger knows, and nothing lands in its stead."""

    def first(draft: Draft) -> None:
        draft.replace(draft.blocks()[0], "new", reason="r")
        draft.note("a note", reason="r")

    stage = Does(first)
    with Session(stage, store=Keeps()) as session:
        left = session.send(conversation(user("one")))
        session.restart()
        stage.what = what
        assert session.send(conversation(user("one"))) == left


def test_nothing_that_a_superseded_thread_decided_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """The request left another way: store and memory are as they were, also of edits that proved invalid."""
    stage, other = Does(nothing), Does(nothing, "other")
    said = [user("one"), assistant("two"), user("three")]
    with Session(stage, other) as session:
        session.send(conversation(*said))
        stage.what = lambda draft: draft.drop(0, 0, reason="r")
        said += [assistant("four"), user("five")]
        session.send(conversation(*said))
        assert session.outcome.exchange is not None
        name = session.outcome.exchange.identity.conversation
        state = session.engine._states.get(name)

        def kept() -> object:
            sums = state.account.baseline_units, state.account.spent_units, list(state.attempts), list(state.keys)
            return state.ledger.revision, state.ledger.pending, sums, session.store.edits_of(name)

        def superseded(*_: object) -> None:
            raise Superseded

        before = kept()
        stage.what, other.what = nothing, replaces(4, "new")
        session.wait(COLD)
        said += [assistant("six"), user("seven")]
        with monkeypatch.context() as patch:
            patch.setattr(RequestContext, "commit", superseded)
            session.send(conversation(*said))
            assert kept() == before
        assert session.send(conversation(*said)) != conversation(*said)


def test_observing_says_what_would_be_done(caplog: pytest.LogCaptureFixture) -> None:
    """And does not do it, nor refuse."""
    caplog.set_level(logging.CRITICAL)
    refuses = Does(lambda draft: draft.refuse("over budget"), "refuses")
    with Session(Does(replaces(0, "new")), refuses, profile=profile_of('mode = "observe"')) as session:
        body = conversation(user("one"))
        assert session.send(body) == body
        assert session.outcome.refusal is None
        assert states(session) == [("new", "left out")]


def test_a_flush_is_said_once_for_all_that_lands() -> None:
    """With the number of edits."""
    stage = Does(nothing)
    said = [user("one"), assistant("two"), user("three")]
    with Session(stage) as session:
        session.send(conversation(*said))
        for n in (0, 1):
            stage.what = replaces(n, f"new {n}")
            said += [assistant("yes"), user("more")]
            session.send(conversation(*said))
        session.wait(COLD)
        stage.what = replaces(2, "new 2")
        said += [assistant("yes"), user("more")]
        session.send(conversation(*said))
        assert [e.payload["edits"] for e in session.events(EventKind.FLUSH)] == [3]
        assert [s for _, s in states(session)] == ["pending", "pending", "landed", "landed", "landed"]


def test_what_the_same_flush_compacts_away_does_not_land_beside_it() -> None:
    """Neither an edit that waited nor one just proposed: it would be stored, and shown as landed, for nothing."""
    stage = Does(nothing)
    said = [user("one " * 9), assistant("two"), user("three"), assistant("four"), user("five")]
    with Session(stage) as session:
        session.send(conversation(*said[:3]))
        stage.what = replaces(0, "wait")
        session.send(conversation(*said))

        def both(draft: Draft) -> None:
            draft.replace(draft.blocks()[2], "now", reason="r")
            draft.compact(0, 3, "old", reason="r")

        stage.what = both
        session.wait(COLD)
        session.send(conversation(*said, assistant("yes"), user("more")))
        (flush,) = session.events(EventKind.FLUSH)
        assert flush.payload["edits"] == 1
        ends = {"wait": "left out", "now": "left out", "old": "landed"}
        assert dict(states(session)) == ends


def grown(turns: int) -> list[Turn]:
    """A conversation of so many turns of about 1,000 tokens each."""
    said = [turn for n in range(turns) for turn in (user(f"turn {n} " + "word " * 800), assistant(f"yes, {n}"))]
    return [*said, user("and now")]


def test_a_full_window_is_not_flushed_for_little() -> None:
    """Each such flush writes a hot prefix anew: it must free some of the window, and the next waits until it has grown
    by as much."""
    small = profile_of('[window]\nreceived = 100\n[prices.anthropic."claude-sonnet-4-5"]\nwindow = 10000\n')

    class Shortens(Does):
        def on_flush(self, draft: Draft) -> str | None:
            for spot in draft.blocks(new=False)[:many]:
                if spot.block.role == "user" and len(spot.text) > 500:
                    draft.replace(spot, spot.text[: len(spot.text) - less], reason="old")
            return None

    many, less = 1, 200
    with Session(Shortens(nothing), profile=small) as session:
        for turns in (6, 7):
            session.send(conversation(*grown(turns), model="claude-sonnet-4-5"))
            assert not session.events(EventKind.FLUSH), "it freed 50 tokens of 10,000"
            session.reply("yes")
        many, less = 3, 3000
        session.send(conversation(*grown(8), model="claude-sonnet-4-5"))
        assert [e.payload["why"] for e in session.events(EventKind.FLUSH)] == ["the window is nearly full"]
        session.reply("yes")
        many = 99
        session.send(conversation(*grown(8), assistant("yes"), user("a little more"), model="claude-sonnet-4-5"))
        assert len(session.events(EventKind.FLUSH)) == 1, "it had not grown"


def test_what_was_trimmed_already_makes_no_room() -> None:
    """Counted is what would be sent less, and not what came: to shorten the shortened frees next to nothing."""
    small = profile_of('[window]\nreceived = 100\n[prices.anthropic."claude-sonnet-4-5"]\nwindow = 10000\n')

    class Twice(Does):
        def on_request(self, draft: Draft) -> str | None:
            for spot in draft.blocks(new=True):
                if len(spot.text) > 2500:
                    draft.replace(spot, spot.text[:1000], reason="arrival")
            return None

        def on_flush(self, draft: Draft) -> str | None:
            for spot in draft.blocks(new=False):
                if draft.landed(spot):
                    draft.replace(spot, spot.text[:990], reason="aged")
            return None

    said = [user("start")]
    with Session(Twice(nothing), profile=small) as session:
        while len(session.send(conversation(*said, model="claude-sonnet-4-5"))) < 26_500:
            session.reply("yes")
            said += [assistant("yes " * 300), user(f"turn {len(said)} " + "word " * 600)]
        assert not session.events(EventKind.FLUSH)


def test_a_side_call_makes_a_full_window_no_less_full() -> None:
    """It used the cache while the stages looked at the request, which is as full as before."""
    small = profile_of('[window]\nreceived = 100\n[prices.anthropic."claude-sonnet-4-5"]\nwindow = 10000\n')

    class Busy(Does):
        def on_flush(self, draft: Draft) -> str | None:
            session.clock.advance(1)
            session.engine.responses.touch(draft.exchange)
            for spot in draft.blocks(new=False)[:3]:
                if len(spot.text) > 900:
                    draft.replace(spot, spot.text[:900], reason="old")
            return None

    with Session(Busy(nothing), profile=small) as session:
        session.send(conversation(*grown(6), model="claude-sonnet-4-5"))
        session.send(conversation(*grown(8), model="claude-sonnet-4-5"))
        assert [e.payload["why"] for e in session.events(EventKind.FLUSH)] == ["the window is nearly full"]


def test_a_cache_used_meanwhile_is_not_cold() -> None:
    """What was to land when it was waits for the next time."""

    class Used(Does):
        def on_flush(self, draft: Draft) -> str | None:
            session.clock.advance(1)
            session.engine.responses.touch(draft.exchange)
            draft.replace(draft.blocks()[0], "late", reason="r")
            return None

    said = [user("one " * 99), assistant("two"), user("three")]
    with Session(Used(nothing)) as session:
        session.send(conversation(*said))
        session.wait(COLD)
        body = conversation(*said, assistant("four"), user("five"))
        assert session.send(body) == body
        assert states(session) == [("late", "pending")]


def test_a_client_that_compacts_begins_anew() -> None:
    """What was full is not, and the next full window is flushed like the first."""
    small = profile_of('[window]\nreceived = 100\n[prices.anthropic."claude-sonnet-4-5"]\nwindow = 10000\n')

    class Halves(Does):
        def on_flush(self, draft: Draft) -> str | None:
            for spot in draft.blocks(new=False):
                if len(spot.text) > 900:
                    draft.replace(spot, spot.text[:keep], reason="old")
            return None

    keep = 3900
    with Session(Halves(nothing), profile=small) as session:
        session.send(conversation(*grown(7), model="claude-sonnet-4-5"))
        session.send(conversation(*grown(9), model="claude-sonnet-4-5"))
        session.send(conversation(user("What came of it so far: nothing."), model="claude-sonnet-4-5"))
        keep, flushes = 900, len(session.events(EventKind.FLUSH))
        for turns in range(1, 10):
            session.send(
                conversation(user("What came of it so far: nothing."), *grown(turns), model="claude-sonnet-4-5")
            )
        assert session.outcome.body is not None
        assert len(session.events(EventKind.FLUSH)) > flushes


def test_of_two_requests_at_once_one_flushes() -> None:
    """The other read the same idle cache, and finds it used: it replays what the first one landed, and lands nothing
    of its own, or the two would send different heads (P3)."""
    both = threading.Barrier(2)

    class Late(Does):
        def on_flush(self, draft: Draft) -> str | None:
            both.wait(10)
            draft.replace(draft.blocks()[0], f"seen from {len(draft.conversation.messages)} messages", reason="r")
            return None

    said = [user("one " * 99), assistant("two"), user("three")]
    with Session(Late(nothing)) as session:
        session.send(conversation(*said))
        session.reply("yes")
        session.wait(COLD)
        bodies = [conversation(*said, assistant("yes"), user(f"more {n}"), *[assistant("x")] * n) for n in (0, 1)]
        requests = [request(body, ident=f"y{n}", headers=session.headers) for n, body in enumerate(bodies)]
        with ThreadPoolExecutor(2) as pool:
            sent = [outcome.body or b"" for outcome in pool.map(session.engine.process_now, requests)]
        heads = [json.loads(body)["messages"][0] for body in sent]
        assert heads[0] == heads[1]
        assert len(session.events(EventKind.FLUSH)) == 1


def test_a_compaction_that_must_wait_takes_nothing_with_it() -> None:
    """It would remove a breakpoint of the client's; the other edits of the flush land."""
    stage = Does(nothing)
    said = [user("one " * 400), assistant("two"), user("three"), assistant("four"), user("five")]

    def marked(*turns: Turn) -> bytes:
        body = json.loads(conversation(*turns))
        marked = {"type": "text", "text": body["messages"][2]["content"], "cache_control": {"type": "ephemeral"}}
        body["messages"][2]["content"] = [marked]
        return json.dumps(body, separators=(",", ":")).encode()

    def both(draft: Draft) -> None:
        draft.replace(draft.blocks()[0], "short", reason="r")
        draft.compact(0, 3, "old", reason="r")

    with Session(stage) as session:
        session.send(marked(*said))
        stage.what = both
        session.wait(COLD)
        session.send(marked(*said, assistant("yes"), user("more")))
        assert states(session) == [("short", "landed"), ("old", "pending")]


def test_what_only_costs_is_left_out_beside_what_is_invalid() -> None:
    """One stage's fault does not let another's longer text through (P12)."""
    invalid, longer = Does(nothing, "invalid"), Does(nothing, "longer")
    body = conversation(user("one"), assistant(call("Read", path="a")), results("x"))
    with Session(invalid, longer) as session:
        session.send(conversation(user("one")))
        invalid.what = lambda draft: draft.compact(1, 1, "a call that its result is left without", reason="r")
        longer.what = lambda draft: draft.replace(draft.blocks()[-1], "long " * 200, reason="r")
        assert session.send(body) == body
        assert [said for _, said in states(session)] == ["left out", "left out"]
