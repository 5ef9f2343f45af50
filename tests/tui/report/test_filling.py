"""What fills the window."""

from __future__ import annotations

from penstock.events.payload import read
from penstock.events.request_events import ClassifiedEvent, TokenShares
from penstock.stats.exchange import ExchangeStats
from penstock_tui.report.filling import Filling


def block(kind: str, role: str, tokens: int) -> dict[str, object]:
    return {"kind": kind, "role": role, "tokens": tokens}


def taken(
    filling: Filling, first: int, *blocks: dict[str, object], messages: int = 100, epoch: int = 0
) -> dict[str, int]:
    one = ExchangeStats("x", epoch=epoch, first=first, shares=TokenShares(30, 20, messages))
    return {k: v for k, v in filling.take(read(ClassifiedEvent, {"blocks": list(blocks)}), one).items() if v}


def test_blocks_add_up_over_a_conversation() -> None:
    """Each is told of once; together they share out what the messages were counted to have."""
    filling = Filling()
    assert taken(filling, 0, block("text", "user", 5)) == {"system prompt": 30, "tool definitions": 20, "person": 100}
    more = taken(filling, 1, block("tool_use", "assistant", 5), block("tool_result", "user", 10), messages=200)
    assert more == {"system prompt": 30, "tool definitions": 20, "person": 50, "tool calls": 50, "tool results": 100}


def test_a_history_begun_anew() -> None:
    """What was there before fills nothing any more."""
    filling = Filling()
    taken(filling, 0, block("tool_result", "user", 900))
    assert taken(filling, 0, block("text", "user", 5), epoch=1)["person"] == 100
    assert taken(filling, 1, block("text", "assistant", 5), epoch=1)["agent"] == 50


def test_a_log_that_does_not_say() -> None:
    """There is nothing to draw."""
    assert Filling().take(None, ExchangeStats("x")) == {}
