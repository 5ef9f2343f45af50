"""The shown numbers become those of the provider, answer by answer, and over a restart."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from penstock import Draft
from penstock.base.errors import StoreError
from penstock.conversation.exchange import Exchange, State
from penstock.conversation.reply import Reply, Usage
from penstock.engine.token_counts import ANCHOR_EVERY_S, KIND, SAVE_EVERY_S, TokenCalibration
from penstock.events.event import EventKind
from penstock.store.in_memory import MemoryStore
from penstock.testing import Session, assistant, conversation, dialect_of, profile_of, user
from penstock.tokens.vocabulary import Vocabulary, own_folder
from tests.engines import Does
from tests.vocabularies import TINY, put

TURNS = [turn for n in range(6) for turn in (user(f"question {n} " * 200), assistant(f"answer {n} " * 200))]
DENSER = 1.4
"""The provider counts so many tokens for one that we estimate."""


def ask(session: Session, turns: int) -> dict[str, Any]:
    """One request and its answer; gives what `rewritten` says."""
    session.send(conversation(*TURNS[: 2 * turns + 1]))
    said = session.events(EventKind.REWRITTEN)[-1].payload
    assert session.outcome.booking is not None
    session.reply("yes", usage=Usage(input=round(session.outcome.booking.forwarded.total * DENSER), output=1))
    return dict(said)


def real(session: Session) -> int:
    """What the provider counted last."""
    return int(session.events(EventKind.ANSWERED)[-1].payload["usage"]["input"])


def test_the_shown_number_becomes_the_providers() -> None:
    """After one answer within a twentieth, and it says so; before, it is an estimate and says that."""
    with Session() as session:
        first = ask(session, 0)
        assert first["how"] == "estimated"
        assert first["tokens_out"] == pytest.approx(real(session) / DENSER, rel=0.01)
        for turns in (1, 2, 3):
            said = ask(session, turns)
            assert said["how"] == "calibrated"
            assert said["tokens_in"] == said["tokens_out"] == pytest.approx(real(session), rel=0.05)
        tokens = session.events(EventKind.CLASSIFIED)[-1].payload["tokens"]
        assert (tokens["total"], tokens["how"]) == (said["tokens_in"], "calibrated")
        assert tokens["total"] == tokens["system"] + tokens["tools"] + tokens["messages"]


def test_the_cost_of_an_answer_without_a_count_is_estimated_by_earlier_counts() -> None:
    """Tokens that are shown and tokens that are paid for are the same."""
    with Session() as session:
        ask(session, 0)
        session.send(conversation(*TURNS[:3]))
        session.reply("yes", usage=Usage(output=1))
        shown = session.events(EventKind.REWRITTEN)[-1].payload["tokens_out"]
        money = session.events(EventKind.ANSWERED)[-1].payload["money"]
        assert money["how"] == "estimated"
        assert sum(money["sent"].values()) == pytest.approx(shown, abs=3)  # each part is rounded


def test_a_classified_request_is_told_by_what_was_known_then() -> None:
    """Its event is written later; by then the answer may have come."""
    with Session() as session:
        ask(session, 0)
        assert session.events(EventKind.CLASSIFIED)[0].payload["tokens"]["how"] == "estimated"


def test_what_was_learned_survives_a_restart() -> None:
    """The model's ratio does; the conversation is met anew."""
    with Session() as session:
        ask(session, 0)
        session.restart()
        said = ask(session, 1)
        assert said["how"] == "calibrated"
        assert said["tokens_out"] == pytest.approx(real(session), rel=0.01)


def test_it_is_saved_now_and_then_without_a_stop() -> None:
    """A process that is killed forgets half a minute."""
    store = MemoryStore()
    with Session(store=store) as session:
        ask(session, 0)
        session.wait(SAVE_EVERY_S)
        ask(session, 1)
        session.engine.close()
        assert len(store.values_of(KIND)) == 1


def test_an_edit_is_shown_as_less() -> None:
    """By the same measure on both sides."""

    def cut(draft: Draft) -> None:
        if len(draft.conversation.messages) > 1:
            draft.replace(draft.blocks(new=True)[-1], "short", reason="test")

    with Session(Does(cut, "cut")) as session:
        ask(session, 0)
        said = ask(session, 1)
        assert said["edits"] == 1
        assert said["tokens_out"] == pytest.approx(real(session), rel=0.05)
        assert said["tokens_in"] - said["tokens_out"] > 500


def test_side_calls_leave_the_conversation_where_it_was() -> None:
    """They teach the model's ratio; their few words are not where the conversation stands."""
    with Session() as session:
        ask(session, 2)
        body = conversation(user("Write a title."), max_tokens=1)
        session.send(body)
        session.reply("a title", usage=Usage(input=20, output=1))
        said = ask(session, 3)
        assert said["tokens_out"] == pytest.approx(real(session), rel=0.05)


def test_an_answer_that_says_no_count_teaches_nothing() -> None:
    """Not every server does."""
    with Session() as session:
        session.send(conversation(*TURNS[:1]))
        session.reply("yes", usage=Usage())
        assert session.engine.calibration.facts() == {}


@pytest.mark.parametrize("usage", [Usage(input=90_000, passes=2), Usage(input=10, cleared=5000)])
def test_a_count_of_something_else_teaches_nothing(usage: Usage) -> None:
    """Several passes of the model are counted as one sum; what the provider cleared is not counted at all."""
    with Session() as session:
        session.send(conversation(*TURNS[:3]))
        assert session.outcome.exchange is not None
        session.outcome.exchange.advance(State.ANSWERED)
        session.outcome.reply = Reply("yes", usage=usage, complete=True)
        session.engine.responses.answered_now(session.outcome)
        session.send(conversation(*TURNS[:5]))
        assert session.events(EventKind.REWRITTEN)[-1].payload["how"] == "estimated"


class Broken(MemoryStore):
    """Keeps nothing that is learned of token counts."""

    def values_of(self, kind: str) -> dict[str, dict[str, Any]]:
        if kind == KIND:
            raise StoreError("the disk is gone")
        return super().values_of(kind)

    def set_values(self, kind: str, values: Mapping[str, Mapping[str, Any] | None], *, batch: str = "") -> None:
        if kind == KIND:
            raise StoreError("the disk is gone")
        super().set_values(kind, values)


def test_a_store_that_fails_stops_nothing() -> None:
    """What was learned is of use until the end of the process (P1)."""
    with Session(store=Broken()) as session:
        ask(session, 0)
        assert ask(session, 1)["how"] == "calibrated"


class Bench:
    """Counting with a clock, a thread and a tokenizer of its own."""

    def __init__(self, counts: int | None = 100) -> None:
        self.now = 0.0
        self.asked: list[tuple[str, Path, list[str]]] = []
        self.jobs: list[Callable[[], None]] = []
        self._counts = counts
        self.counting = TokenCalibration(
            MemoryStore(), lambda: self.now, self.jobs.append, vocabularies=TINY, count=self._tokens
        )

    def _tokens(self, vocabulary: Vocabulary, path: Path, texts: Sequence[str]) -> list[int] | None:
        self.asked.append((vocabulary.name, path, list(texts)))
        return None if self._counts is None else [len(text) // 5 for text in texts]

    def ask(self, model: str = "gpt-6.2-sol") -> Exchange:
        """One request, and what was to be done for it in the background."""
        with Session(dialect="openai-responses") as session:
            body = conversation(*TURNS[:5], dialect="openai-responses", model=model, system="be kind " * 500)
            session.send(body)
            exchange = session.outcome.exchange
        assert exchange is not None
        self.counting.anchor(exchange, dialect_of("openai-responses").read(body, "/v1/responses"))
        for job in self.jobs:
            job()
        self.jobs.clear()
        return exchange


def test_a_model_is_anchored_by_its_own_tokenizer() -> None:
    """In the background, by part of a request; after that the count says `tokenizer`."""
    path = put(own_folder())
    bench = Bench()
    exchange = bench.ask()
    assert [(name, where) for name, where, _ in bench.asked] == [("o200k_base", path)]
    gauge = bench.counting.gauge(exchange)
    assert gauge.how == "tokenizer"
    assert gauge.ratio == pytest.approx(2.9 / 5, rel=0.1)


def test_without_the_file_it_stays_estimated() -> None:
    """The tokenizer is not asked, and nothing is fetched."""
    bench = Bench()
    assert bench.counting.gauge(bench.ask()).how == "estimated"
    assert bench.asked == []


@pytest.mark.parametrize("model", ["claude-opus-5-5", "qwen3"])
def test_a_model_without_a_public_vocabulary_is_left_alone(model: str) -> None:
    """Its background work is none."""
    put(own_folder())
    bench = Bench()
    bench.ask(model)
    assert bench.asked == []


def test_a_tokenizer_that_fails_changes_nothing() -> None:
    """The next request may try, a minute later."""
    put(own_folder())
    bench = Bench(counts=None)
    assert bench.counting.gauge(bench.ask()).how == "estimated"
    bench.ask()
    assert len(bench.asked) == 1
    bench.now += ANCHOR_EVERY_S
    bench.ask()
    assert len(bench.asked) == 2


def test_what_the_provider_counted_ends_it() -> None:
    """No process is started for a model that is known."""
    put(own_folder())
    bench = Bench()
    identity = bench.ask().identity
    bench.counting.calibration.learn(identity.provider, "gpt-6.2-sol", "", 5000, 4000)
    bench.now += ANCHOR_EVERY_S
    bench.ask()
    assert len(bench.asked) == 1


def test_every_real_request_is_offered_to_the_tokenizer(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the engine, before its event is written."""
    offered: list[str] = []
    monkeypatch.setattr(
        TokenCalibration, "anchor", lambda _self, exchange, _conversation: offered.append(exchange.model)
    )
    with Session(dialect="openai-responses") as session:
        session.send(conversation(*TURNS[:1], dialect="openai-responses", model="gpt-6.2-sol"))
    assert offered == ["gpt-6.2-sol"]


def test_by_estimate_alone_no_tokenizer_is_offered_anything(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the profile says so."""
    offered: list[str] = []
    monkeypatch.setattr(TokenCalibration, "anchor", lambda *_: offered.append("asked"))
    profile = profile_of('[tokens]\ncounter = "estimate"')
    with Session(dialect="openai-responses", profile=profile) as session:
        session.send(conversation(*TURNS[:1], dialect="openai-responses", model="gpt-6.2-sol"))
    assert not offered
