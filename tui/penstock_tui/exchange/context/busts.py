"""`busts`: finds the requests of a conversation at which the provider's prompt cache was lost, and why (`Bust`), from
the provider's counts and what changed at that request. A loss below 1,024 tokens or a tenth of the cache does not
count."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from penstock.base.format import plural
from penstock.conversation.exchange import Kind
from penstock_tui.exchange.context.limits import Limits
from penstock_tui.exchange.model import EditState, ExchangeDetail
from penstock_tui.format import age

__all__ = ["Bust", "busts"]

LEAST = 1024
"""Tokens: a smaller loss does not count, since no provider caches less."""
SHARE = 0.1
"""The share of what was in the cache from which a loss counts: a smaller one is the end of the request, which may be
cached in steps."""


@dataclass(frozen=True, slots=True)
class Bust:
    """A request that did not find in the provider's cache what the request before had there."""

    exchange: str
    turn: int
    at: float
    lost: int
    """Tokens that were in the cache before, and were not read from it."""
    causes: tuple[str, ...]
    """The likely causes, the surest first. Empty: nothing in the log explains it."""


def busts(stories: Sequence[ExchangeDetail], limits: Limits) -> list[Bust]:
    """Lost caches among the requests of one conversation, oldest first. Requests that a client makes for itself do not
    use the cache entry and are left out."""
    real = [one for one in stories if _is_real(one) and one.usage.prompt is not None]
    found = []
    for before, detail in pairwise(real):
        known = (before.usage.cache_read or 0) + (before.usage.cache_write or 0)
        if detail.usage.cache_read is None:
            continue
        lost = known - detail.usage.cache_read
        if lost >= max(LEAST, SHARE * known):
            causes = tuple(_causes(before, detail, limits))
            found.append(Bust(detail.id, detail.turn, detail.at, lost, causes))
    return found


def _is_real(detail: ExchangeDetail) -> bool:
    return detail.kind in {kind for kind in Kind if kind.is_real}


def _causes(before: ExchangeDetail, detail: ExchangeDetail, limits: Limits) -> Iterator[str]:
    if before.model != detail.model:
        yield f"the model changed from {before.model} to {detail.model}"
    idle = detail.at - max(
        (step.at for step in before.steps if step.name in ("answered", "forwarded")), default=detail.at
    )
    if limits.ttl_s and idle > limits.ttl_s:
        longer = f", {age(limits.ttl_hour_s)} where the client asks for it" if limits.ttl_hour_s > limits.ttl_s else ""
        yield f"{age(idle)} had passed: an entry lives {age(limits.ttl_s)}{longer}"
    if "tools" in detail.head_changes:
        yield "the client changed the tools"
    if "system" in detail.head_changes:
        yield "the client changed the system prompt"
    if before.messages is not None and detail.messages is not None and detail.messages < before.messages:
        yield f"the client shortened its history from {plural(before.messages, 'message')} to {detail.messages:,}"
    elif before.messages is not None and detail.first is not None and detail.first < before.messages:
        yield f"the client changed its history from message {detail.first} on"
    late = [one.m for one in detail.changes if _is_late(one.edit_state, one.m, detail.first)]
    if late:
        why = f": {detail.flush}" if detail.flush else ""
        yield f"{plural(len(late), 'edit')} of ours landed from message {min(m for m in late if m is not None)} on{why}"


def _is_late(edit_state: EditState | None, m: int | None, first: int | None) -> bool:
    """Whether an edit changed content that had been sent before."""
    return edit_state is EditState.LANDED and m is not None and first is not None and m < first
