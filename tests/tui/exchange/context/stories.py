"""Makes details of exchanges by hand, from blocks and edits, for tests of the context map."""

from __future__ import annotations

from typing import Any

from penstock.conversation.exchange import State
from penstock.events.request_events import TokenShares
from penstock.events.response_events import LoggedUsage
from penstock_tui.exchange.context.limits import Limits
from penstock_tui.exchange.history import complete, gather
from penstock_tui.exchange.model import Block, Change, ExchangeDetail

__all__ = ["WINDOW", "block", "detail", "edit", "whole"]

WINDOW = Limits(10_000, 7_000, 8_500, 300.0, 3600.0)


def block(m: int, kind: str = "text", tokens: int = 100, *, b: int = 0, role: str = "user", **more: Any) -> Block:
    """One block; a result is of the tool `Read` unless `name` says otherwise."""
    given = {"name": "Read" if kind == "tool_result" else "", "id": "", "text": "words", "turn": 1}
    return Block(m, b, role, kind, tokens, **(given | more))


def edit(m: int, before: int, after: int, op: str = "replace", state: str = "landed", **more: Any) -> Change:
    """An edit at the first block of a message."""
    given = {"b": 0, "text": "", "place": f"{m}.{op}"}
    reason = more.pop("reason", "long")
    return Change("trim", op, state, reason, m, before=before, after=after, **(given | more))


def detail(*blocks: Block, tokens: dict[str, int] | None = None, **more: Any) -> ExchangeDetail:
    """One main request in which `blocks` were new; it holds as many messages as they say. The head has 1,000 tokens,
    where `tokens` does not say otherwise."""
    first = min((one.m for one in blocks), default=0)
    sizes = sum(one.tokens or 0 for one in blocks)
    given: dict[str, Any] = {
        "id": f"x{first}",
        "kind": "main",
        "model": "m",
        "turn": 1,
        "first": first,
        "messages": max((one.m for one in blocks), default=-1) + 1,
        "known_from": first,
        "blocks": list(blocks),
        "state": State.ANSWERED,
    }
    tokens = tokens or {"system": 400, "tools": 600, "messages": sizes, "total": 1000 + sizes}
    return ExchangeDetail(**(given | {"shares": TokenShares(**tokens)} | more))


def whole(*stories: ExchangeDetail, usage: LoggedUsage | None = None) -> tuple[ExchangeDetail, list[ExchangeDetail]]:
    """The last of `stories`, complete, and those before it, newest first. Each holds what those before it held."""
    *before, own = stories
    earlier = before[::-1]
    found = complete(own, gather(earlier, own.first, 1000))
    if usage is not None:
        found.usage = usage
    return found, earlier
