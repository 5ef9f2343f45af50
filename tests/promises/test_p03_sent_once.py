"""P3: what was sent once is sent the same for ever, until a flush."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from itertools import zip_longest

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from penstock import Draft, Role, Stage
from penstock.testing import PromiseBroken, Session, Turn, assistant, check_prefix, conversation, user
from tests.shapes import claude_code, claude_code_headers
from tests.sizing import examples
from tests.strategies import Op, Scripted, edits, steps
from tests.strict import canonical

COUNT = "/v1/messages/count_tokens"
MARGIN = 10.0


@dataclass(frozen=True)
class Step:
    """One thing that happens, after `gap` seconds of nothing."""

    what: str
    gap: float
    more: list[Turn]
    ops: list[Op]


things = st.sampled_from(["more", "more", "more", "more", "retry", "count", "side", "restart"])
gaps = st.sampled_from([0.0, 1.0, 60.0, 200.0, 309.0, 311.0, 3000.0, 3611.0])
stories = st.builds(Step, things, gaps, steps(), edits)


@dataclass
class Play:
    """A conversation on its way through an engine, and what a provider's cache would hold of it."""

    session: Session
    stage: Scripted
    ttl: str
    bare: bool
    said: list[Turn] = field(default_factory=lambda: [user("begin")])
    came: bytes = b""
    left: bytes = b""
    last_use: float | None = None
    """When the provider's cache was last used; None: this process does not know."""

    def go(self, step: Step) -> None:
        self.session.wait(step.gap)
        self.stage.ops = step.ops
        getattr(self, step.what)(step)

    def more(self, step: Step) -> None:
        if self.came:
            self.said += step.more
        self.came = claude_code(self.said, ttl=self.ttl, bare=self.bare)
        before, self.left = self.left, self.session.send(self.came)
        if before and not self._is_cold():
            check_extends(before, self.left)
        self._used()

    def retry(self, _: Step) -> None:
        if self.came:
            again = self.session.send(self.came)
            assert again == self.left
            self._used()

    def count(self, _: Step) -> None:
        if self.came:
            counted = self.session.send(self.came, path=COUNT)
            assert canonical(counted) == canonical(self.left)

    def side(self, _: Step) -> None:
        body = conversation(user("Warmup"), max_tokens=1)
        assert self.session.send(body, claude_code_headers("auxiliary")) == body
        self._used()

    def restart(self, _: Step) -> None:
        self.session.restart()
        self.last_use = None

    def _used(self) -> None:
        self.last_use = self.session.clock.now()

    def _is_cold(self) -> bool:
        lives = 3600.0 if self.ttl == "1h" else 300.0
        return self.last_use is not None and self.session.clock.now() - self.last_use > lives + MARGIN


def check_extends(before: bytes, after: bytes) -> None:
    """The history of `after` begins with that of `before`, and to the byte wherever the client's mark did not move."""
    earlier, later = canonical(before), canonical(after)
    assert later[: len(earlier)] == earlier
    for old, new in zip_longest(messages(before), messages(after)[: len(earlier)]):
        if b"cache_control" not in old:
            assert new == old


def messages(body: bytes) -> list[bytes]:
    return [json.dumps(m, ensure_ascii=False).encode() for m in json.loads(body)["messages"]]


def play(plays: list[Step], ttl: str, bare: bool) -> None:
    stage = Scripted()
    with Session(stage, headers=claude_code_headers()) as session:
        story = Play(session, stage, ttl, bare)
        for step in plays:
            story.go(step)


ttls = st.sampled_from(["", "1h"])


@given(st.lists(stories, max_size=20), ttls, st.booleans())
def test_between_flushes_a_request_extends_the_one_before(plays: list[Step], ttl: str, bare: bool) -> None:
    """Random edits, gaps, retries, counts, side calls and restarts, with breakpoints that move: while the cache may be
    warm, what was sent is sent again."""
    play(plays, ttl, bare)


# Not made smaller when it fails: that takes minutes for a story as long, and the short ones above fail as well.
@settings(max_examples=examples(6), phases=[Phase.explicit, Phase.reuse, Phase.generate])
@pytest.mark.filterwarnings("ignore:Generating overly large repr")
@given(st.lists(stories, min_size=60, max_size=80), ttls, st.booleans())
def test_a_long_conversation_extends_itself(plays: list[Step], ttl: str, bare: bool) -> None:
    """The same over sixty requests and more."""
    play(plays, ttl, bare)


@st.composite
def branches(draw: st.DrawFn) -> list[tuple[int, list[Turn], list[Op]]]:
    """How far back a person goes, what comes instead, and what a stage proposes then; nothing is compacted."""
    kept = st.integers(0, 12) | st.just(1000)
    some = edits.map(lambda ops: [op for op in ops if op.what in ("replace", "note")])
    return draw(st.lists(st.tuples(kept, steps(), some), max_size=15))


@given(branches())
def test_a_message_found_again_reads_as_it_was_sent(plan: list[tuple[int, list[Turn], list[Op]]]) -> None:
    """A person rewinds, branches or goes on: as far as two histories are the same, what is sent is the same."""
    stage = Scripted()
    said = [user("begin")]
    earlier: list[tuple[bytes, bytes]] = []
    with Session(stage, headers=claude_code_headers()) as session:
        for n, (keep, more, ops) in enumerate(plan):
            stage.ops = ops
            # What tools give is never the same twice: no model calls with the ids of a branch that was left.
            more = [replace(t, texts=tuple(f"{x} {n}" for x in t.texts)) if t.role is Role.TOOL else t for t in more]
            said = [said[0], *said[1 : 1 + 2 * keep], *more]
            came = claude_code(said)
            left = session.send(came)
            for old_came, old_left in earlier:
                same = shared(canonical(old_came), canonical(came))
                assert canonical(left)[:same] == canonical(old_left)[:same]
            earlier.append((came, left))


def shared(a: list[tuple[str, list[str]]], b: list[tuple[str, list[str]]]) -> int:
    return next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))


dialects = st.sampled_from(["openai-chat", "openai-responses", "ollama-chat", "gemini"])


@given(dialects, st.lists(st.tuples(steps(), edits, gaps), max_size=15))
def test_other_dialects_extend_themselves_too(dialect: str, plan: list[tuple[list[Turn], list[Op], float]]) -> None:
    """The session itself checks each request against the one before."""
    stage = Scripted()
    said = [user("begin")]
    with Session(stage, dialect=dialect) as session:
        for more, ops, gap in plan:
            session.wait(gap)
            stage.ops = ops
            left = session.send(conversation(*said, dialect=dialect))
            assert session.send(conversation(*said, dialect=dialect)) == left
            said += more


class Once(Stage):
    """Proposes something else each time it is asked."""

    name = "once"

    def __init__(self) -> None:
        self.count = 0

    def on_request(self, draft: Draft) -> None:
        self.count += 1
        spot = draft.blocks()[0]
        draft.replace(spot, f"version {self.count}", reason="a test")
        draft.note(f"note {self.count}", reason="a test")


def test_an_edit_is_never_improved_later() -> None:
    """A stage that changes its mind about a block that was sent is not heard before the cache is cold."""
    said = [user("begin")]
    with Session(Once()) as session:
        first = canonical(session.send(conversation(*said)))
        assert first == canonical(conversation(user("version 1", "note 1")))
        said += [assistant("yes"), user("more")]
        second = canonical(session.send(conversation(*said)))
        assert second[:1] == first
        session.wait(400)
        said += [assistant("yes"), user("and more")]
        third = canonical(session.send(conversation(*said)))
    assert "version 3" in str(third[0])
    assert "note 1" in str(third[0])


def test_breakpoints_do_not_make_another_history() -> None:
    """The kit's own check lets a mark move, and a bare string become a list; nothing else."""
    marked = conversation(user("one"), cache="1h")
    check_prefix(marked, conversation(user("one"), assistant("two"), user("three"), cache="1h"))
    with pytest.raises(PromiseBroken, match="P3: message 0"):
        check_prefix(marked, conversation(user("One"), assistant("two")))
