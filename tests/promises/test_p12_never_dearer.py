"""P12: never dearer than doing nothing, whatever stages want.

The bill is written here once more, from the bytes that came and left (`tests.provider`). A loss below `SLACK` can not
be told from the error of an estimate.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from penstock import BlockKind, BlockRef, Draft, EventKind, Role, Stage
from penstock.base.errors import InvalidEdit
from penstock.cost.account import SLACK
from penstock.engine.guard import GROWTH, LONGER, UNCACHED
from penstock.testing import Session, assistant, call, conversation, profile_of, results, user
from penstock.tokens.estimate import estimate_bytes
from tests.engines import Does
from tests.played import Play
from tests.provider import LEAST, Provider
from tests.sessions import Client, Step, plays
from tests.sizing import examples


def outputs(draft: Draft, *, new: bool | None = None) -> list[BlockRef]:
    return [s for s in draft.blocks(BlockKind.TOOL_RESULT, new=new) if s.is_editable and len(draft.text(s)) > 200]


class Eager(Stage):
    """Would cut every result that was sent, at once."""

    name = "eager"

    def on_request(self, draft: Draft) -> None:
        for spot in outputs(draft, new=False)[:-2]:
            draft.replace(spot, f"[{len(spot.text)}]", reason="r")


class OneByOne(Stage):
    """Would break the cache at its oldest place, with every request anew."""

    name = "one-by-one"

    def on_request(self, draft: Draft) -> None:
        for spot in outputs(draft, new=False)[:1]:
            draft.replace(spot, f"[{len(spot.text)}]", reason="r")


class Fickle(Stage):
    """Changes its mind about every result."""

    name = "fickle"

    def __init__(self) -> None:
        self.count = 0

    def on_request(self, draft: Draft) -> None:
        self.count += 1
        for spot in outputs(draft):
            draft.replace(spot, spot.text[: len(spot.text) * (90 - self.count % 80) // 100 + 1], reason="r")


class Longer(Stage):
    """Has something to add to everything."""

    name = "longer"

    def on_request(self, draft: Draft) -> None:
        for spot in outputs(draft):
            draft.replace(spot, spot.text + "\nand so on" * 20, reason="r")


class Bloats(Stage):
    """Its records are longer than what they stand for."""

    name = "bloats"

    def on_request(self, draft: Draft) -> None:
        last = len(draft.conversation.messages) - 4
        with suppress(InvalidEdit):
            draft.compact(1, last, draft.original(1, last) * 2, reason="r")


class Records(Stage):
    """Would compact all but the last turns, with every request anew."""

    name = "records"

    def on_request(self, draft: Draft) -> None:
        messages = draft.conversation.messages
        turns = [i for i, m in enumerate(messages) if m.role is Role.ASSISTANT]
        with suppress(InvalidEdit):
            draft.compact(1, turns[-2] - 1 if len(turns) > 2 else 0, "[gone]", reason="r")


clients = st.builds(
    Client, st.sampled_from(["", "1h"]), head=st.sampled_from([0, 6000, 60_000]), automatic=st.booleans()
)
gaps = st.sampled_from([0.0, 2.0, 2.0, 5.0, 20.0, 60.0, 200.0, 200.0, 320.0, 3700.0])


def busy(steps: list[Step], gaps: list[float]) -> list[Step]:
    return [Step(step.what, gap, step.seed) for step, gap in zip(steps, gaps, strict=True)]


sessions = plays(24).flatmap(
    lambda steps: st.lists(gaps, min_size=len(steps), max_size=len(steps)).map(lambda some: busy(steps, some))
)


@pytest.mark.parametrize("stage", [Eager, OneByOne, Fickle, Longer, Bloats, Records])
@pytest.mark.parametrize("aggressiveness", ["safe", "bold"])
@pytest.mark.filterwarnings("ignore:Generating overly large repr")
@settings(max_examples=examples(5), phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(sessions, clients)
def test_bad_stages_cost_nothing(
    aggressiveness: str, stage: Callable[[], Stage], steps: list[Step], client: Client
) -> None:
    """At no request has a conversation cost more than it would have untouched; the other promises hold, too. One that
    begins below the provider's minimum may reach it a turn later than it would have: that is paid for once."""
    play = Play(aggressiveness, client, stages=lambda: [stage()]).run(steps)
    assert max(play.losses, default=0.0) <= (SLACK if client.head else SLACK + LEAST)


WORK = [Step("work", 3.0, n) for n in range(30)]
LUNCH = [Step("work", 4000.0 if n == 12 else 3.0, n) for n in range(40)]


def test_what_was_saved_may_be_spent() -> None:
    """A warm flush pays for itself out of what was saved before it: so it does come, and at the end it has paid."""
    play = Play("bold", stages=lambda: [Eager()]).run(LUNCH)
    assert "it pays" in play.flushes
    assert play.talks["main"].loss < 0
    assert max(play.losses) <= 0


class Twice(Stage):
    """Shortens every result a little on arrival, and later all of it."""

    name = "twice"

    def on_request(self, draft: Draft) -> None:
        for spot in outputs(draft, new=True):
            draft.replace(spot, spot.text[: len(spot.text) * 9 // 10], reason="r")
        for spot in outputs(draft, new=False)[:-2]:
            draft.replace(spot, f"[{len(spot.text)}]", reason="r")


def test_what_was_edited_before_can_pay_again() -> None:
    """A block that was shortened on arrival stands in the request as it was sent, and there the next edit of it is
    weighed."""
    play = Play("bold", stages=lambda: [Twice()]).run(LUNCH)
    assert "it pays" in play.flushes
    assert max(play.losses) <= 0


def test_what_was_not_saved_is_not_spent() -> None:
    """Nothing has been saved yet, so nothing lands in a warm cache, though later calls might make it good."""
    play = Play("bold", stages=lambda: [Eager()]).run(WORK)
    assert play.flushes == []
    assert set(play.losses) == {0.0}


def test_a_person_may_go_back_right_after_a_flush() -> None:
    """Untouched, that would be read from older entries, which were of the prefix as it had been: enough must have been
    saved to write it a second time."""
    things = ["work", "work", "ask", "work", "work", "work", "work", "work", "ask", "work", "ask", "work", "rewind"]
    seeds = [0, 59162, 0, 42030, 0, 9, 0, 0, 0, 5, 0, 0, 0]
    steps = [
        Step(what, 3500.0 if n == 5 else 2.0, seed) for n, (what, seed) in enumerate(zip(things, seeds, strict=True))
    ]
    assert max(Play("bold", stages=lambda: [Eager()]).run(steps).losses) <= SLACK


class FarBack(Stage):
    """Shortens on arrival, and large results only when they are far behind the breakpoints of the client."""

    name = "far-back"

    def on_request(self, draft: Draft) -> None:
        for spot in outputs(draft):
            is_large = len(spot.text) > 9000
            if spot.is_new and not is_large:
                draft.replace(spot, spot.text[: len(spot.text) // 2], reason="r")
            if is_large and len(draft.conversation.messages) - spot.message > 26:
                draft.replace(spot, "[cut]", reason="r")


@pytest.mark.parametrize(("all_marks", "flushes"), [(True, []), (False, ["it pays"])])
def test_an_entry_that_no_breakpoint_finds_is_not_counted_on(*, all_marks: bool, flushes: list[str]) -> None:
    """Where the client leaves room for a breakpoint of ours, the entry before the edit is read, and little is written.
    Where it uses all four, everything would be."""
    steps = [Step("work" if n < 9 else "ask", 2.0, 100 + n) for n in range(40)]
    play = Play("bold", Client(all_marks=all_marks), stages=lambda: [FarBack()]).run(steps)
    assert play.flushes == flushes
    assert max(play.losses) <= 0


def test_after_a_restart_nothing_is_known_to_be_cold() -> None:
    """What the process before wrote may be alive for its whole lifetime: until that has passed no warm flush is thought
    to pay, and nothing seems saved."""
    rewind = [Step("restart", 1.0, 0), Step("work", 1.0, 50), *(Step("rewind", 1.0, n) for n in range(60, 66))]
    for ttl in ("", "1h"):
        play = Play("bold", Client(ttl), stages=lambda: [OneByOne()]).run([*WORK, *rewind])
        assert play.flushes == []


def test_a_retry_warms_the_cache() -> None:
    """The first attempt was long ago, the second wrote everything anew: a flush right after it would cost it all."""
    play = Play("bold", stages=lambda: [OneByOne()]).run([*WORK, Step("retry", 900.0, 0), Step("work", 1.0, 50)])
    assert play.flushes == []
    assert set(play.losses) == {0.0}


def cuts(draft: Draft) -> None:
    for spot in outputs(draft):
        draft.replace(spot, "[cut]", reason="r")


def reasons(session: Session) -> list[str]:
    return [str(e.payload["reason"]) for e in session.events(EventKind.EDIT) if e.payload["state"] == "left out"]


@pytest.mark.parametrize(("more", "lands"), [(GROWTH, True), (GROWTH + 1, False)])
def test_a_longer_text_is_left_out(more: int, lands: bool) -> None:
    """But for what a stub for a few words takes; the event says why."""
    stage = Does(lambda draft: draft.replace(draft.blocks()[0], "hello" + "!" * more, reason="r"))
    with Session(stage) as session:
        assert (b"hello!" in session.send(conversation(user("hello")))) is lands
        assert reasons(session) == ([] if lands else [LONGER])


def test_what_grows_may_be_paid_for_by_what_shrinks() -> None:
    """The whole request counts, and only what makes it longer is left out."""

    def both(draft: Draft) -> None:
        first, second = draft.blocks()
        draft.replace(first, "a pointer to where it all stands " * 5, reason="r")
        draft.replace(second, "short", reason="r")

    with Session(Does(both)) as session:
        left = session.send(conversation(user("hello", "word " * 100)))
        assert b"pointer" in left
        assert b"short" in left
    with Session(Does(both)) as session:
        left = session.send(conversation(user("hello", "word " * 5)))
        assert b"pointer" not in left
        assert b"short" in left
        assert reasons(session) == [LONGER]


def test_notes_are_sent_for_what_they_say() -> None:
    """However long they are; and they put no session behind."""
    stage = Does(lambda draft: draft.note("a note of ours " * 500, reason="r"))
    said = [user("hello")]
    with Session(stage) as session:
        for _ in range(4):
            assert session.send(conversation(*said, cache="5m")).count(b"a note of ours") % 500 == 0
            said += [assistant("yes"), user("more")]
        stage.what = lambda draft: draft.replace(draft.blocks(new=True)[-1], "new", reason="r")
        assert b'"new"' in session.send(conversation(*said, cache="5m"))
        assert reasons(session) == []


def test_what_is_left_must_not_be_too_little_to_cache() -> None:
    """Below the provider's minimum each request pays in full what it could have read at a tenth."""
    text = "word " * 700
    body = conversation(user(text), cache="5m")
    assert estimate_bytes(len(body)) > LEAST
    stage = Does(lambda draft: draft.replace(draft.blocks()[0], text[:2500], reason="r"))
    with Session(stage) as session:
        assert session.send(body) == body
        assert reasons(session) == [UNCACHED]
    stage.what = lambda draft: draft.replace(draft.blocks()[0], "next to nothing", reason="r")
    with Session(stage) as session:
        assert b"next to nothing" in session.send(body)


def test_behind_editing_stops_and_says_why() -> None:
    """What our own models cost has to be earned back; a note still goes, and once it is made good edits do again."""

    def both(draft: Draft) -> None:
        draft.replace(draft.blocks(new=True)[-1], "new", reason="r")
        draft.note("a note", reason="r")

    stage = Does(lambda draft: draft.spend(1.0, reason="a summary"))
    said = [user("hello")]
    with Session(stage) as session:
        session.send(conversation(*said))
        stage.what = both
        said += [assistant("yes"), user("more, and more than that")]
        left = session.send(conversation(*said))
        assert b"a note" in left
        assert b'"new"' not in left
        assert reasons(session) == ["editing has cost more than it saved in this session"]


def test_a_full_window_does_not_ask_what_it_costs() -> None:
    """The only exception: without the flush there would be no next request."""
    profile = profile_of("[window]\nhard = 0.02")
    stage = Does(lambda draft: draft.spend(1.0, reason="a summary"))
    said = [user("hello"), assistant(call("Read")), results("line\n" * 2000), assistant("yes"), user("more")]
    with Session(stage, profile=profile) as session:
        session.send(conversation(*said, cache="5m"))
        stage.what = cuts
        said += [assistant("yes"), user("and more")]
        assert b"[cut]" in session.send(conversation(*said, cache="5m"))
        assert [e.payload["why"] for e in session.events(EventKind.FLUSH)] == ["the window is nearly full"]


def test_the_reference_reads_what_was_written() -> None:
    """The bill these tests are held against: one write, then reads, then a write after the lifetime."""
    provider, body = Provider(), conversation(user("word " * 2000), cache="5m")
    first, again, late = (provider.bill(body, now) for now in (0.0, 10.0, 1000.0))
    assert (first.read, again.write, late.read) == (0.0, 0.0, 0.0)
    assert first.write == again.read == late.write > LEAST
    assert again.units < first.units / 10
