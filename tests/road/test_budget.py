"""Budgets on the wire: what is refused, the provider never hears of; what may leave leaves as it was."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest

from penstock.base.errors import PenstockError
from penstock.control.client import ask as command
from penstock.events.event import EventKind
from tests.road.bodies import ask, body_for, claude, new_session
from tests.road.client import Call, Road
from tests.road.provider import Answer, Gate
from tests.road.proxy import wait_until
from tests.road.replies import STREAMS, WHOLE

pytestmark = pytest.mark.slow

Start = Callable[..., Road]
PATHS = ["/v1/messages", "/v1/chat/completions", "/v1/responses", "/api/chat"]
STREAM = (("Content-Type", "text/event-stream"),)


def profile(limits: str) -> str:
    return f"""
extends = "default"
{limits}
[limits]
stage_ms = 120000
read_ms = 120000
[memory]
recall = false
"""


def turn(text: str = "hello", session: str = "", **fields: Any) -> bytes:
    return claude(ask(text), session=session or new_session(), **fields)


def run_command(road: Road, what: str, **arguments: object) -> dict[str, Any]:
    """A command over the control channel."""
    found: dict[str, Any] = command(f"127.0.0.1:{road.port}", road.proxy.setup.store, f"/budget/{what}", arguments, 60)
    return found


def day(road: Road) -> dict[str, Any]:
    """What was spent and is held today."""
    rows: list[dict[str, Any]] = run_command(road, "show")["budgets"]
    return next(row for row in rows if row["scope"] == "day")


def is_settled(road: Road, requests: int) -> Callable[[], bool]:
    def settled() -> bool:
        row = day(road)
        return bool(row["used"]["requests"] == requests and row["held"]["requests"] == 0)

    return settled


def test_past_its_end_a_budget_refuses_and_raised_it_goes_on(start: Start) -> None:
    """In the provider's form, with the way out; the provider never hears of it. The same session then goes on."""
    road = start(profile=profile("[budget.session]\nrequests = 1"))
    session = new_session()
    first = road.post("/v1/messages", turn("one", session))
    first.wait(EventKind.PROCESSED)
    refused = road.send("/v1/messages", turn("two", session))
    response = refused.response()
    said = json.loads(response.body)["error"]
    assert (response.status, said["type"]) == (402, "billing_error")
    assert "penstock budget raise" in said["message"]
    assert (response.head.get("retry-after"), response.head.get("x-should-retry")) == ("600", "false")
    assert not road.provider.has_received(refused.tag)
    assert refused.wait(EventKind.REFUSED).payload["stage"] == "budget"
    road.post("/v1/messages", turn("another session's"))
    raised = run_command(road, "raise", scope="session", name=session, requests=1)
    assert raised["raised"] == [f"session {session}"]
    road.post("/v1/messages", turn("two", session))
    told = [e.payload.get("level") for e in road.proxy.events() if e.kind is EventKind.BUDGET]
    assert told[0] == "BLOCKED"


@pytest.mark.parametrize("path", PATHS)
def test_every_format_has_its_own_refusal(start: Start, path: str) -> None:
    """Clients read it as they read their provider's."""
    road = start(profile=profile("[budget.day]\nrequests = 1"))
    road.post("/v1/messages", turn()).wait(EventKind.PROCESSED)
    response = road.send(path, body_for(path, "more")).response()
    error = json.loads(response.body)["error"]
    assert response.status == (402 if path.startswith("/v1/messages") else 429)
    assert "used up" in (error if isinstance(error, str) else error["message"])


def test_as_many_pass_as_may(start: Start) -> None:
    """64 conversations at once over a limit of ten: ten pass, and the others are told when to come again."""
    road = start(profile=profile("[rate.project]\nrequests_per_minute = 0.001\nburst = 10000"))
    calls: list[Call] = []
    threads = [
        threading.Thread(target=lambda n=n: calls.append(road.send("/v1/messages", turn(f"at once {n}"))))
        for n in range(64)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    statuses = [call.response().status for call in calls]
    assert (statuses.count(200), statuses.count(429)) == (10, 54)
    assert sum(road.provider.has_received(call.tag) for call in calls) == 10


def test_a_queue_lets_a_request_wait_for_its_turn(start: Start) -> None:
    """Instead of a 429; one that would wait too long is refused at once."""
    road = start(profile=profile("[rate]\nqueue_s = 5\n[rate.credential]\nrequests_per_minute = 20\nburst = 0.05"))
    first, second = (road.post("/v1/messages", turn(f"{n}")) for n in range(2))
    assert "queued_ms" not in first.wait(EventKind.FORWARDED).payload
    assert second.wait(EventKind.FORWARDED).payload["queued_ms"] > 0
    held = [road.send("/v1/messages", turn(f"more {n}")) for n in range(3)]
    statuses = sorted(call.response().status for call in held)
    assert statuses[-1] == 429
    assert statuses[0] == 200


def test_what_providers_say_of_their_limits_is_shown(start: Start) -> None:
    """In the events and by the command; a refusal of ours says nothing of theirs."""
    road = start(profile=profile("[budget.day]\nrequests = 1"))
    headers = (
        ("Content-Type", "application/json"),
        ("anthropic-ratelimit-requests-limit", "50"),
        ("anthropic-ratelimit-requests-remaining", "49"),
        ("anthropic-ratelimit-requests-reset", "2099-01-01T00:00:00Z"),
    )
    call = road.post("/v1/messages", turn(), {}, Answer(WHOLE["/v1/messages"], headers=headers))
    [told] = call.wait(EventKind.ANSWERED).payload["limits"]
    assert (told["name"], told["limit"], told["remaining"]) == ("requests", 50, 49)
    call.wait(EventKind.PROCESSED)
    assert road.send("/v1/messages", turn("refused")).response().status == 402
    [row] = run_command(road, "show")["rates"]["providers"]
    assert (row["provider"], row["name"], row["remaining"]) == ("anthropic", "requests", 49)


@pytest.mark.parametrize("status", [400, 429, 529])
def test_what_the_provider_refused_costs_nothing(start: Start, status: int) -> None:
    """Nor does a connection that fails before an answer begins."""
    road = start(profile=profile("[budget.day]\nrequests = 1"))
    road.send("/v1/messages", turn(), {}, Answer(b"{}", status)).response()
    road.send("/v1/messages", turn("gone"), {}, Answer(hang_up=True)).response()
    road.post("/v1/messages", turn("this one counts")).wait(EventKind.PROCESSED)
    wait_until(is_settled(road, 1), "one request is counted")


def test_a_client_that_leaves_in_the_middle_pays(start: Start) -> None:
    """The provider counts its input; what was held is let go."""
    road = start()
    gate = Gate()
    events = STREAMS["/v1/messages"][1]
    call = road.send(
        "/v1/messages",
        turn(stream=True),
        {},
        Answer((b"".join(events[:2]), gate, b"".join(events[2:])), headers=STREAM),
    )
    call.piece()
    call.leave()
    call.wait(EventKind.FAILED)
    gate.open()
    wait_until(is_settled(road, 1), "it is counted once")
    assert day(road)["used"]["tokens"] > 0


def test_an_error_in_the_middle_of_a_stream_pays(start: Start) -> None:
    """The provider had told what it counted."""
    road = start()
    error = b'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}\n\n'
    parts = (STREAMS["/v1/messages"][1][0], error)
    road.send("/v1/messages", turn(stream=True), {}, Answer(parts, headers=STREAM)).response()
    wait_until(is_settled(road, 1), "it is counted")
    assert day(road)["used"]["tokens"] > 0


def test_a_client_that_leaves_the_queue_gives_its_turn_back(start: Start) -> None:
    """It holds nothing, and the next does not wait for it."""
    road = start(profile=profile("[rate]\nqueue_s = 400\n[rate.credential]\nrequests_per_minute = 0.2\nburst = 5"))
    road.post("/v1/messages", turn("one")).wait(EventKind.PROCESSED)
    leaves = road.send("/v1/messages", turn("two"))
    leaves.wait(EventKind.REWRITTEN)
    leaves.leave()
    assert leaves.wait(EventKind.FAILED).payload["why"] == "client left"
    assert not road.provider.has_received(leaves.tag)
    # Behind the one that left it would have to wait for ten minutes, and be refused.
    next_one = road.send("/v1/messages", turn("three"))
    next_one.wait(EventKind.REWRITTEN)
    assert not next_one.events(EventKind.REFUSED)
    next_one.leave()
    next_one.wait(EventKind.FAILED)
    assert day(road)["held"]["requests"] == 0


def test_headers_that_say_nothing_stop_no_answer(start: Start) -> None:
    """However long they are."""
    road = start()
    headers = (
        ("Content-Type", "application/json"),
        ("anthropic-ratelimit-tokens-reset", "1" * 30_000),
        ("x-ratelimit-reset-requests", "soon"),
    )
    call = road.post("/v1/messages", turn(), {}, Answer(WHOLE["/v1/messages"], headers=headers))
    assert "limits" not in call.wait(EventKind.ANSWERED).payload


def test_a_restart_keeps_the_counts(start: Start) -> None:
    """And what a person set."""
    road = start()
    road.post("/v1/messages", turn()).wait(EventKind.PROCESSED)
    run_command(road, "set", scope="day", requests=2)
    road.proxy.stop()
    road = start()
    assert (day(road)["used"]["requests"], day(road)["limits"]) == (1, {"requests": 2})
    road.post("/v1/messages", turn("two")).wait(EventKind.PROCESSED)
    assert road.send("/v1/messages", turn("three")).response().status == 402
    run_command(road, "reset", scope="day")
    road.post("/v1/messages", turn("three"))


def test_a_command_that_makes_no_sense_is_told(start: Start) -> None:
    """With what was wrong about it."""
    road = start()
    for name, arguments, word in (
        ("set", {"scope": "dya", "dollars": 1}, "scope"),
        ("set", {"scope": "day"}, "--dollars"),
        ("set", {"scope": "day", "dollars": -1}, "dollars"),
        ("burn", {}, "burn"),
    ):
        with pytest.raises(PenstockError, match=word):
            run_command(road, name, **arguments)
