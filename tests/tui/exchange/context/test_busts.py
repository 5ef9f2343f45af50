"""Where the provider's cache was lost, and why."""

from __future__ import annotations

from typing import Any

import pytest

from penstock.events.response_events import LoggedUsage
from penstock_tui.exchange.context.busts import busts
from penstock_tui.exchange.model import ExchangeDetail, Step
from tests.tui.exchange.context.stories import WINDOW, block, detail, edit


def request(first: int, read: int, write: int = 500, *, at: float = 0.0, **more: Any) -> ExchangeDetail:
    """One message more than `first`; its answer came a second later."""
    usage = LoggedUsage(input=0, cache_read=read, cache_write=write, output=5)
    steps = [Step("answered", at + 1)]
    return detail(block(first), **({"id": f"x{at:.0f}", "usage": usage, "at": at, "steps": steps} | more))


BEFORE = request(3, 9_000, 1_000)


@pytest.mark.parametrize(
    ("detail", "cause"),
    [
        (request(4, 0, at=5, model="other"), "the model changed from m to other"),
        (request(4, 0, at=400), "6m had passed: an entry lives 5m, 1h where the client asks for it"),
        (request(4, 0, at=5, head_changes=("tools",)), "the client changed the tools"),
        (request(4, 0, at=5, head_changes=("system",)), "the client changed the system prompt"),
        (request(2, 0, at=5, messages=6), "the client changed its history from message 2 on"),
        (request(2, 0, at=5, messages=3), "the client shortened its history from 4 messages to 3"),
        (
            request(4, 0, at=5, changes=[edit(1, 900, 90), edit(4, 9, 8)], flush="the cache is cold"),
            "1 edit of ours landed from message 1 on: the cache is cold",
        ),
    ],
)
def test_each_cause_is_found(detail: ExchangeDetail, cause: str) -> None:
    [bust] = busts([BEFORE, detail], WINDOW)
    assert (bust.causes, bust.lost) == ((cause,), 10_000)


def test_several_causes_are_all_told() -> None:
    """Who knows which it was."""
    [bust] = busts([BEFORE, request(4, 100, at=400, model="other")], WINDOW)
    assert len(bust.causes) == 2


def test_no_cause_is_made_up() -> None:
    [bust] = busts([BEFORE, request(4, 0, at=5)], WINDOW)
    assert bust.causes == ()


@pytest.mark.parametrize(
    "detail",
    [
        request(4, 10_000, at=5),
        request(4, 9_500, at=5),
        request(4, 0, at=5, kind="side"),
        request(4, 0, at=5, usage=LoggedUsage(input=9000)),
        request(4, 0, at=5, usage=LoggedUsage()),
    ],
    ids=["all read", "nearly all", "a side call", "no cache", "not counted"],
)
def test_what_is_no_loss(detail: ExchangeDetail) -> None:
    """A step at the end, a call of the client's own, a provider that does not say."""
    assert busts([BEFORE, detail], WINDOW) == []


def test_a_side_call_in_between_is_passed_over() -> None:
    """It has a prefix of its own."""
    assert busts([BEFORE, request(0, 0, kind="side"), request(4, 10_000, at=5)], WINDOW) == []
