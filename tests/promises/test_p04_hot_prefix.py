"""P4: an edit to what was sent waits until the provider's cache is cold."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from penstock import Draft, EventKind, Stage
from penstock.conversation.conversation import Conversation
from penstock.cost.prices import Prices
from penstock.dialects.anthropic import Anthropic
from penstock.dialects.base import Change
from penstock.profiles.profile import Profile
from penstock.testing import ManualClock, Session, Turn, assistant, conversation, profile_of, user
from tests.engines import Does, request
from tests.shapes import claude_code, claude_code_headers

COUNT = "/v1/messages/count_tokens"


def shortens(draft: Draft) -> None:
    """Proposes the same edit of the first message again and again, as stages do."""
    draft.replace(draft.blocks()[0], "shorter", reason="a test")


class Flushes(Stage):
    """Counts how often it is asked about late edits."""

    name = "flushes"
    flushes = 0

    def on_flush(self, draft: Draft) -> None:
        self.flushes += 1


class Talk:
    """A conversation whose first message a stage would edit once it was sent."""

    def __init__(self, session: Session, stage: Does, **body: Any) -> None:
        self.session, self.stage, self.body = session, stage, body
        self.said: list[Turn] = [user("hello")]
        stage.what = lambda _: None
        self.send()
        stage.what = shortens

    def send(self, headers: Mapping[str, str] | None = None) -> bool:
        """Whether the first message leaves edited."""
        left = self.session.send(self.bytes(), headers)
        self.said += [assistant("yes"), user("more")]
        return b"shorter" in left

    def bytes(self) -> bytes:
        return conversation(*self.said, **self.body)


def talk(session: Session, **body: Any) -> Talk:
    stage = session.stages[0]
    assert isinstance(stage, Does)
    return Talk(session, stage, **body)


def ttl_of(provider: str, model: str, *, long: bool = False) -> float:
    price = Prices().of(provider, model)
    return price.ttl_hour_s if long else price.ttl_s


CLAUDE, GPT, QWEN = "claude-sonnet-4-5", "gpt-5.5", "qwen3"
AUTO, AUTO_1H = {"type": "ephemeral"}, {"type": "ephemeral", "ttl": "1h"}
LIFETIMES: list[tuple[str, dict[str, Any], float]] = [
    ("anthropic", {"model": CLAUDE}, 300.0),
    ("anthropic", {"model": CLAUDE, "cache": "5m"}, 300.0),
    ("anthropic", {"model": CLAUDE, "cache": "1h"}, 3600.0),
    ("anthropic", {"model": CLAUDE, "cache_control": AUTO}, 300.0),
    ("anthropic", {"model": CLAUDE, "cache_control": AUTO_1H}, 3600.0),
    ("openai-chat", {"model": GPT}, ttl_of("openai", GPT)),
    ("openai-responses", {"model": GPT}, ttl_of("openai", GPT)),
    ("gemini", {}, ttl_of("gemini", "test-model")),
    ("ollama-chat", {"model": QWEN}, ttl_of("ollama", QWEN)),
]


@pytest.mark.parametrize(("dialect", "body", "ttl"), LIFETIMES)
def test_an_edit_waits_for_the_lifetime_and_the_margin(dialect: str, body: dict[str, Any], ttl: float) -> None:
    """Not a second before the last entry has died, and a margin has passed for clocks that differ."""
    with Session(Does(shortens), dialect=dialect) as played:
        said = talk(played, dialect=dialect, **body)
        margin = played.profile.cache.margin_s
        assert not said.send()
        played.wait(ttl + margin)
        assert not said.send()
        played.wait(ttl + margin + 0.1)
        assert said.send()
        assert said.send()


@pytest.mark.parametrize(("lived", "lands"), [("12h", False), ("30m", True)])
def test_an_edit_waits_for_the_twelve_hours_that_were_asked_for(lived: str, lands: bool) -> None:
    """OpenAI from GPT-5.6 on: half an hour, unless the request says otherwise."""
    profile = profile_of('[prices.openai]\ncaching = "newest"\nttl_s = 1800\nttl_hour_s = 43200')
    with Session(Does(shortens), dialect="openai-responses", profile=profile) as played:
        options = {"ttl": lived}
        said = talk(played, dialect="openai-responses", model="gpt-5.6-sol", prompt_cache_options=options)
        played.wait(1800 + played.profile.cache.margin_s + 0.1)
        assert said.send() is lands
        played.wait(43_200 + played.profile.cache.margin_s + 0.1)
        assert said.send()


@pytest.mark.parametrize(
    ("profile", "ttl"),
    [(profile_of("[cache]\nttl_s = 60\nmargin_s = 5"), 65.0), (profile_of("[cache]\nmargin_s = 0"), 300.0)],
)
def test_a_person_may_set_lifetime_and_margin(profile: Profile, ttl: float) -> None:
    """The profile's figures count instead of the provider's."""
    with Session(Does(shortens), profile=profile) as session:
        said = talk(session)
        session.wait(ttl)
        assert not said.send()
        session.wait(ttl + 0.1)
        assert said.send()


def test_the_longest_lifetime_seen_counts() -> None:
    """Once a breakpoint said one hour, its entry may live that long, whatever the next ones say."""
    with Session(Does(shortens)) as session:
        said = talk(session, cache="1h")
        assert not said.send()
        said.body = {"cache": "5m"}
        session.wait(3000)
        assert not said.send()
        session.wait(3611)
        assert said.send()


def test_a_breakpoint_in_the_system_prompt_counts_too() -> None:
    """Claude Code's marks for one hour stand there and in the newest message."""
    stage = Does(lambda _: None)
    said = [user("hello")]
    with Session(stage, headers=claude_code_headers()) as session:
        session.send(claude_code(said, ttl="1h"))
        stage.what = shortens
        said += [assistant("yes"), user("more")]
        session.wait(400)
        assert b"shorter" not in session.send(claude_code(said, ttl="1h"))


def test_what_waits_lands_all_at_once() -> None:
    """One flush breaks the cache once; the event says what landed and why."""

    def two(draft: Draft) -> None:
        for spot in draft.blocks(new=False)[:2]:
            draft.replace(spot, f"shorter {spot.message}", reason="a test")

    stage = Does(lambda _: None)
    said = [user("one"), assistant("two"), user("three")]
    with Session(stage) as session:
        session.send(conversation(*said))
        stage.what = two
        said += [assistant("four"), user("five")]
        assert session.send(conversation(*said)) == conversation(*said)
        assert session.events(EventKind.REWRITTEN)[-1].payload["pending"] == 2
        stage.what = lambda _: None
        session.wait(400)
        said += [assistant("six"), user("seven")]
        left = session.send(conversation(*said))
        assert b"shorter 0" in left
        assert b"shorter 1" in left
        flush = session.events(EventKind.FLUSH)
        assert [(e.payload["edits"], e.payload["why"]) for e in flush] == [(2, "the cache is cold")]
        assert session.events(EventKind.REWRITTEN)[-1].payload["pending"] == 0


def test_the_last_word_about_a_block_lands() -> None:
    """A stage may change its mind while its edit waits."""
    stage = Does(lambda _: None)
    said = [user("one")]
    with Session(stage) as session:
        session.send(conversation(*said))
        for text in ("first", "second"):
            stage.what = lambda draft, text=text: draft.replace(draft.blocks()[0], text, reason="a test")
            said += [assistant("yes"), user("more")]
            session.send(conversation(*said))
        session.wait(400)
        stage.what = lambda _: None
        said += [assistant("yes"), user("more")]
        left = session.send(conversation(*said))
    assert b"second" in left
    assert b"first" not in left


def test_after_a_restart_unknown_is_hot() -> None:
    """However long the proxy was away: somebody else may have kept the cache warm."""
    with Session(Does(shortens)) as session:
        said = talk(session)
        session.wait(10_000)
        session.restart()
        assert not said.send()
        session.wait(400)
        assert said.send()


def test_a_conversation_met_in_the_middle_was_sent() -> None:
    """All but the newest message went to the provider before there was a proxy."""
    with Session(Does(lambda draft: [draft.replace(s, "shorter", reason="a test") for s in draft.blocks()])) as session:
        left = session.send(conversation(user("one"), assistant("two"), user("three")))
    assert left == conversation(user("one"), assistant("two"), user("shorter"))


def test_a_lifetime_counts_from_the_start_of_the_request() -> None:
    """Not from the end of its answer, which may come long after."""
    with Session(Does(shortens)) as session:
        said = talk(session, model=CLAUDE)
        session.wait(200)
        session.reply("yes")
        session.wait(111)
        assert said.send()


@pytest.mark.parametrize("what", ["retry", "side"])
def test_retries_and_side_calls_keep_the_cache_warm(what: str) -> None:
    """They read the same entries, and so they keep them alive."""
    with Session(Does(shortens)) as session:
        said = talk(session)
        said.send()
        before = conversation(*said.said[:3])
        for _ in range(3):
            session.wait(200)
            if what == "retry":
                session.send(before)
            else:
                session.send(conversation(user("Warmup"), max_tokens=1))
        session.wait(200)
        assert not said.send()
        session.wait(400)
        assert said.send()


def test_counting_tokens_keeps_nothing_warm() -> None:
    """The provider does not touch its cache to count."""
    with Session(Does(shortens)) as session:
        said = talk(session)
        session.wait(200)
        session.send(said.bytes(), path=COUNT)
        session.wait(200)
        assert said.send()


def test_who_observes_never_edits() -> None:
    """Neither at once nor late; the events say what would have been done."""
    with Session(Does(shortens), profile=profile_of(base="observe")) as session:
        said = talk(session)
        session.wait(4000)
        assert not said.send()
        session.wait(4000)
        assert not said.send()
        assert {e.payload["state"] for e in session.events(EventKind.EDIT)} == {"left out"}


@pytest.mark.parametrize(("mode", "asked"), [("observe", 0), ("edit", 1)])
def test_who_observes_is_not_asked_about_late_edits(mode: str, asked: int) -> None:
    """A stage looks through the whole history for them, and none would be applied."""
    stage = Flushes()
    with Session(stage, profile=profile_of(f'mode = "{mode}"')) as session:
        session.send(conversation(user("hello")))
        session.wait(4000)
        session.send(conversation(user("hello"), assistant("Yes?"), user("go on")))
    assert stage.flushes == asked


class SlowOnce(Anthropic):
    """Takes longer than anybody waits, the first time it writes."""

    def __init__(self) -> None:
        super().__init__()
        self.begun, self.may_go = threading.Event(), threading.Event()

    def splice(self, conversation: Conversation, changes: Sequence[Change]) -> bytes:
        if not self.begun.is_set():
            self.begun.set()
            self.may_go.wait()
        return super().splice(conversation, changes)


async def test_what_left_as_it_came_was_sent_too() -> None:
    """Writing took too long, so the client's own bytes went out: an edit to one of them is late from then on."""
    dialect, clock = SlowOnce(), ManualClock()
    stage = Does(lambda _: None)
    said = [user("one")]
    with Session(stage, dialect=dialect, clock=clock) as session:
        await session.engine.process(request(conversation(*said), ident="y1"))
        stage.what = lambda draft: draft.note("a note", reason="a test")
        said += [assistant("two"), user("three")]
        asked = asyncio.create_task(session.engine.process(request(conversation(*said), ident="y2")))
        await asyncio.to_thread(dialect.begun.wait)
        clock.advance(60)
        assert (await asked).body is None
        dialect.may_go.set()
        stage.what = lambda draft: [draft.replace(s, "shorter", reason="a test") for s in draft.blocks()[:3]]
        said += [assistant("four"), user("five")]
        assert (await session.engine.process(request(conversation(*said), ident="y3"))).body is None
