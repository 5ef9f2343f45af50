"""A request that is answered here, before its body has come, may have a body of any length."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from penstock.control.client import COMMAND, MARK
from tests.road.bodies import ask, claude, new_session
from tests.road.client import Call, Road, running
from tests.road.provider import Provider
from tests.road.test_long_bodies import LIMIT, PART, PROFILE

ANSWERED = {
    "a web page": ("/v1/messages", {"Origin": "https://evil.test"}, 403),
    "a foreign name": ("/v1/messages", {"Host": "evil.test"}, 403),
    "a WebSocket": ("/v1/responses", {"Connection": "Upgrade", "Upgrade": "websocket"}, 426),
    "a command without a token": ("/", {MARK: COMMAND}, 401),
}
LONG = len(PART) * 40


@pytest.fixture(scope="module")
def road(provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Road]:
    yield from running(provider, tmp_path_factory.mktemp("answered"), profile=PROFILE)


@pytest.fixture(autouse=True)
def _a_quiet_log(road: Road) -> Iterator[None]:
    road.post("/v1/messages", claude(ask("hello"), session=new_session()))  # from here on the limit is set
    yield
    road.post("/v1/messages", claude(ask("and now one for us"), session=new_session()))
    assert "Traceback" not in road.proxy.output
    assert "crashed" not in road.proxy.output


def stays_here(call: Call) -> bool:
    return not call.provider.heads(call.tag) and call.events() == []


@pytest.mark.parametrize("what", ANSWERED)
def test_a_chunked_body_is_read_to_its_end(road: Road, what: str) -> None:
    """Below the limit it has its answer."""
    path, headers, status = ANSWERED[what]
    call = road.send(path, [PART] * 3, headers)
    assert call.response().status == status
    assert stays_here(call)


@pytest.mark.parametrize("what", ANSWERED)
def test_a_chunked_body_past_the_limit_ends_in_an_error(road: Road, what: str) -> None:
    """The provider gets nothing of it, and no event says that it was forwarded."""
    path, headers, _ = ANSWERED[what]
    assert LONG > 2 * LIMIT
    call = road.send(path, [PART] * (LONG // len(PART)), headers)
    assert call.response().status in (403, 426, 401, 502)
    assert stays_here(call)


def test_a_length_past_the_limit(road: Road) -> None:
    """The same where the head says how long the body is."""
    path, headers, _ = ANSWERED["a WebSocket"]
    call = road.send(path, b"x" * LONG, headers)
    assert call.response().status == 502
    assert stays_here(call)
