"""Prompts, one after the other."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from penstock.replay.prompt_replay import FAILURES, PromptReplay
from penstock.replay.prompts import Prompt
from penstock.replay.runner import PromptResult, ReplayClient
from penstock.stats.exchange import ExchangeRecord
from penstock.stats.tags import Tagged
from penstock.testing import assistant, user


@dataclass
class Echo:
    """A road that answers all but what begins with `fail`."""

    notes: tuple[str, ...] = ()
    has_tool: bool = False
    bodies: list[list[str]] = field(default_factory=list)
    is_stopped: bool = False

    def send(self, talk: ReplayClient, prompt: str) -> PromptResult:
        said = [user(prompt)]
        self.bodies.append([text for turn in (*talk.turns, *said) for text in turn.texts])
        one = ExchangeRecord("x", kind="main", tokens_in=10, tokens_out=8, inbound=Tagged(("t",)), suite_ms=1.0)
        if prompt.startswith("fail"):
            return PromptResult((one,), (), "", "it failed")
        return PromptResult((one,), [*said, assistant("ok")], "ok")

    def stop(self) -> None:
        self.is_stopped = True

    def close(self) -> None:
        """There is nothing to let go of."""


def prompts(*texts: str) -> list[Prompt]:
    return [Prompt(n, text.removeprefix("/"), text.startswith("/")) for n, text in enumerate(texts, 1)]


def test_each_is_the_next_turn() -> None:
    """Behind all that was said; one without an answer is left out, and an empty history begins anew."""
    road = Echo()
    replay = PromptReplay(prompts("a", "fail b", "c", "/d"), road)
    played = list(replay.play())
    assert road.bodies == [["a"], ["a", "ok", "fail b"], ["a", "ok", "c"], ["d"]]
    assert [one.number for one in played] == [1, 2, 3, 4]
    assert (replay.why, replay.sums.came, replay.sums.sent) == ("", 40, 32)


def test_it_ends_when_nothing_is_answered() -> None:
    """Nobody pays for a thousand errors."""
    replay = PromptReplay(prompts(*["fail"] * 9), Echo())
    assert len(list(replay.play())) == FAILURES
    assert "it failed" in replay.why


def test_it_can_be_stopped() -> None:
    """After the prompt under way; what was done stays counted."""
    road = Echo()
    replay = PromptReplay(prompts("a", "b", "c"), road)
    for one in replay.play():
        if one.number == 2:
            replay.stop()
    assert (replay.why, replay.sums.requests, road.is_stopped, len(road.bodies)) == ("stopped", 2, True, 2)


def test_a_payload_for_analysis() -> None:
    """The prompt, what was answered, tags, and the figures of each request and of all."""
    [played] = PromptReplay(prompts("a"), Echo()).play()
    found = played.payload()
    assert (found["prompt"], found["answer"], found["tags"]) == ("a", "ok", ["t"])
    assert found["sum"]["tokens"]["came"] == 10
    assert found["exchanges"][0]["latency_ms"] == {"suite": 1.0}
    json.dumps(found)
