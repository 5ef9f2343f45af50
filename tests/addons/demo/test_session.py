"""The demo's client and provider, without a proxy between them."""

from __future__ import annotations

import json
import threading
from http.client import HTTPConnection
from itertools import pairwise
from typing import Any
from urllib.parse import urlsplit

import pytest

from penstock.testing import dialect_of
from penstock_addons.demo.client import Client
from penstock_addons.demo.pace import Pace, Stopped
from penstock_addons.demo.promptcache import PromptCache, Usage
from penstock_addons.demo.provider import Provider
from penstock_addons.demo.script import Step, answers, faults, script, session

TURNS = 10


class _Recording(PromptCache):
    """Keeps the bodies that a provider answers."""

    def __init__(self) -> None:
        super().__init__()
        self.bodies: list[dict[str, Any]] = []

    def use(self, body: Any) -> Usage:
        self.bodies.append(body)
        return super().use(body)


@pytest.fixture(scope="module")
def bodies() -> list[dict[str, Any]]:
    """Every request that was answered in a session of all scenes."""
    played, pace, cache = session(TURNS), Pace(10_000), _Recording()
    with Provider(answers(played), faults(played), pace, cache) as provider:
        Client(provider.url, played, pace).play()
    return cache.bodies


def test_every_request_is_one_a_provider_takes(bodies: list[dict[str, Any]]) -> None:
    """P5, for the demo's own client: calls have their results, roles take turns, at most four breakpoints."""
    dialect = dialect_of("anthropic")
    for body in bodies:
        read = dialect.read(json.dumps(body).encode(), "/v1/messages")
        assert dialect.violations(read) == []


def test_the_history_only_grows(bodies: list[dict[str, Any]]) -> None:
    """So that the provider's cache has something to read: each request begins with the one before."""
    main = [_bare(b["messages"]) for b in bodies if "in the current folder" in b["system"][0]["text"]]
    assert len(main) > TURNS
    for before, after in pairwise(main):
        assert after[: len(before)] == before
        assert len(after) > len(before)


def _bare(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        m | {"content": [{k: v for k, v in block.items() if k != "cache_control"} for block in m["content"]]}
        for m in messages
    ]


def test_a_long_session_is_long() -> None:
    """Forty turns hold a hundred requests, and tool results that are worth a look."""
    steps = answers(session(40))
    results = [call.result for step in steps.values() for call in step.calls]
    assert len(steps) > 90
    assert sum(map(len, results)) > 150_000
    assert len(session(400)) == 400


def test_the_script_has_a_pause_and_a_second_session() -> None:
    """However short it is."""
    for turns in (1, 24):
        turn = script(turns)
        assert len(turn) == turns + 2
        assert [one.is_after_pause for one in turn].count(True) == 1
        assert [one.begins_session for one in turn] == [False] * (turns + 1) + [True]


def test_the_client_gives_up_when_nobody_can_answer() -> None:
    """A fault that stays is an error, not a demo that hangs."""
    played, pace = session(1), Pace(10_000)
    with Provider(answers(played), {"title": 529}, pace) as provider:
        provider.fault = lambda step: 529  # type: ignore[method-assign]
        with pytest.raises(OSError, match="529"):
            Client(provider.url, played, pace).play()


def test_a_stop_ends_every_wait() -> None:
    """A stream in the middle, and whoever waits from then on."""
    pace = Pace(0.001)
    with Provider({"title": Step("a long answer " * 50)}, {}, pace) as provider:
        where = urlsplit(provider.url)
        connection = HTTPConnection(str(where.hostname), int(where.port or 0), timeout=30)
        body = json.dumps({"model": "m", "messages": [{"role": "user", "content": "hello"}]})
        connection.request("POST", "/v1/messages", body, {"x-demo-step": "title"})
        answer = connection.getresponse()
        assert answer.readline().startswith(b"event: message_start")
        ended: list[bool] = []

        def wait() -> None:
            with pytest.raises(Stopped):
                pace.wait(3600)
            ended.append(True)

        waiting = threading.Thread(target=wait)
        waiting.start()
        pace.stop()
        waiting.join(30)
        assert ended
        connection.close()
    with pytest.raises(Stopped):
        pace.wait(0)
