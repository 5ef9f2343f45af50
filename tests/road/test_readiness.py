"""Whether a proxy takes requests, as a balancer asks it, and how one ends that is drained."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from tests.road.bodies import ask, claude
from tests.road.client import Road, running
from tests.road.provider import Answer, Gate, Provider
from tests.road.proxy import wait_until
from tests.road.replies import ANTHROPIC_EVENTS

pytestmark = pytest.mark.slow


@pytest.fixture
def road(provider: Provider, tmp_path: Path) -> Iterator[Road]:
    yield from running(provider, tmp_path, options=["penstock_grace=120"])


def _state(road: Road, host: str = "") -> tuple[int, object]:
    headers = {"host": host} if host else {}
    answer = httpx.get(f"http://127.0.0.1:{road.port}/readyz", headers=headers, timeout=60, trust_env=False)
    return answer.status_code, answer.json()["ready"]


def test_a_proxy_that_is_drained_says_so_and_ends_what_is_under_way(road: Road) -> None:
    """It closes its port when the balancer knows, and a stream goes on to its end."""
    assert _state(road) == (200, True)
    assert _state(road, "penstock") == (200, True), "a balancer's `Host` is not the machine's"
    gate, first = Gate(), ANTHROPIC_EVENTS[0]
    rest = ANTHROPIC_EVENTS[1:]
    stream = Answer((first, gate, *rest), headers=(("Content-Type", "text/event-stream"),))
    call = road.send("/v1/messages", claude(ask("hello"), stream=True), {}, stream)
    assert call.piece() == first
    road.proxy.process.send_signal(signal.SIGTERM)
    wait_until(lambda: _state(road) == (503, False), "it says that it is not ready")
    wait_until(lambda: not _listens(road), "its port is closed")
    gate.open()
    assert call.rest() == b"".join(rest)
    assert road.proxy.ended() == 0


def test_a_request_while_it_is_drained_is_answered(road: Road) -> None:
    """It came before the balancer knew. The connection is not used again."""
    assert _state(road) == (200, True)
    road.proxy.process.send_signal(signal.SIGTERM)
    wait_until(lambda: "SIGTERM: the proxy ends" in road.proxy.output, "it has the signal")
    answer = road.post("/v1/messages", claude(ask("hello"))).answer
    assert answer.head.get("connection") == "close"
    assert road.proxy.ended() == 0


def test_a_second_signal_ends_it_at_once(road: Road) -> None:
    """Somebody is in a hurry: what is under way is cut off."""
    gate = Gate()
    call = road.send("/v1/messages", claude(ask("hello")), {}, Answer((b"{", gate, b"}")))
    assert call.piece() == b"{"
    road.proxy.process.send_signal(signal.SIGTERM)
    wait_until(lambda: "SIGTERM: the proxy ends" in road.proxy.output, "it has the signal")
    road.proxy.process.send_signal(signal.SIGTERM)
    assert road.proxy.ended() == 0
    gate.open()


def test_a_provider_of_the_same_path_is_asked_by_other_methods(start: Callable[..., Road]) -> None:
    """Only GET and HEAD of `/readyz` itself are answered here."""
    with closing(start()) as road:
        call = road.send("/readyz", b"{}", {"Content-Type": "application/json"})
        assert call.response().status == 200
        assert call.provider.has_received(call.tag)


def _listens(road: Road) -> bool:
    try:
        httpx.get(f"http://127.0.0.1:{road.port}/readyz", timeout=60, trust_env=False)
    except httpx.ConnectError:
        return False
    return True
