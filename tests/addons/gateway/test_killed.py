"""Many clients, hang-ups, busy providers and a proxy that is killed: no limit is passed, and the books agree."""

from __future__ import annotations

import random
import signal
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from penstock.base.clock import SystemClock
from penstock.gateway.database import FILE_NAME, GatewayStore
from penstock.gateway.holds import HOLD_S, sweep
from penstock.gateway.quotas import read_limit, set_limits, show_limits
from penstock.gateway.records import LimitState
from penstock.gateway.usage import usage_by, usage_page
from penstock.profiles.gateway import GATEWAY_URL
from tests.addons.gateway.conftest import TeamProxy
from tests.road.provider import Answer, Provider
from tests.road.proxy import Proxy, Setup, stopping, wait_until
from tests.road.replies import ANTHROPIC_EVENTS

pytestmark = pytest.mark.slow

CLIENTS, REQUESTS, CAP = 64, 320, 150
SCOPE = "workspace:crowd"


class _Later(SystemClock):
    """A clock on which every hold of now is over."""

    def now(self) -> float:
        return super().now() + HOLD_S + 1


def _ask(url: str, key: str, number: int) -> str:
    """What came of one request: a status, `hung up`, or `broken`."""
    body = {"model": "claude-opus-5-5", "max_tokens": 10, "messages": [{"role": "user", "content": f"hi {number}"}]}
    headers = {"x-api-key": key}
    try:
        with httpx.Client(base_url=url, headers=headers, trust_env=False, timeout=60) as client:
            if number % 3:
                return str(client.post("/v1/messages", json=body).status_code)
            with client.stream("POST", "/v1/messages", json={**body, "stream": True}) as answer:
                next(answer.iter_bytes())
                return "hung up"
    except (httpx.HTTPError, StopIteration):
        return "broken"


def _all(url: str, key: str, while_: Callable[[], None] = lambda: None) -> list[str]:
    with ThreadPoolExecutor(CLIENTS) as pool:
        asked = [pool.submit(_ask, url, key, number) for number in range(REQUESTS)]
        while_()
        return [one.result() for one in asked]


def test_no_limit_is_passed_and_the_books_agree(provider: Provider, tmp_path: Path) -> None:
    setup, chance = Setup(tmp_path, url=GATEWAY_URL), random.Random(7)
    answers = [
        Answer((*ANTHROPIC_EVENTS,), 200, (("Content-Type", "text/event-stream"),))
        if chance.random() < 0.8
        else Answer(b"{}", chance.choice((429, 500, 529)), (("retry-after", "0"),))
        for _ in range(2 * REQUESTS)
    ]
    with closing(GatewayStore(setup.store.parent / FILE_NAME)) as store:
        with stopping(Proxy(setup)) as proxy:
            team = TeamProxy(proxy, f"http://127.0.0.1:{proxy.port()}", store, provider)
            key, tag = team.workspace("crowd")
            limits = {"requests": CAP, "tokens": 1e9, "dollars": 1e6}
            set_limits(store, SCOPE, [read_limit("month", unit, most) for unit, most in limits.items()], "test")
            provider.answer(tag, answers)
            with _Watch(store) as watch:

                def kill() -> None:
                    wait_until(lambda: len(usage_page(store, "crowd", limit=40)[0]) >= 30, "some have ended")
                    proxy.process.send_signal(signal.SIGKILL)

                first = _all(team.url, key, kill)
        assert "broken" in first
        with stopping(Proxy(setup)) as proxy, _Watch(store) as again:
            second = _all(f"http://127.0.0.1:{proxy.port()}", key)
        assert max(watch.most, again.most) <= CAP
        with closing(GatewayStore(store.path, _Later())) as later:
            sweep(later)
        state = _state(store)
        (used,) = usage_by(store, "crowd", "day", "2000-01-01", "2999-01-01")
        tokens = used.input + used.cache_read + used.cache_write + used.output
        assert {unit: one.held for unit, one in state.items()} == {"requests": 0, "tokens": 0, "dollars": 0}
        assert (state["requests"].spent, state["tokens"].spent, state["dollars"].spent) == (
            used.requests,
            tokens,
            used.dollars,
        )
        lines = usage_page(store, "crowd", limit=10_000)[0]
        assert (len(lines), sum(line.dollars for line in lines)) == (used.requests, used.dollars)
        assert used.requests <= CAP
        assert second.count("402") > 0
        assert len({line.id for line in lines}) == len(lines)


def _state(store: GatewayStore) -> dict[str, LimitState]:
    return {one.unit: one for one in show_limits(store, [SCOPE])}


class _Watch:
    """Looks at the counter of requests all the time."""

    def __init__(self, store: GatewayStore) -> None:
        self._store, self._ended, self.most = store, threading.Event(), 0
        self._thread = threading.Thread(target=self._look)

    def _look(self) -> None:
        while not self._ended.wait(0.01):
            for one in show_limits(self._store, [SCOPE]):
                if one.unit == "requests":
                    self.most = max(self.most, one.spent + one.held)

    def __enter__(self) -> _Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()
