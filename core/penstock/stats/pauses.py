"""`find_pauses`: finds the pauses between the requests of a session (`Pause`), and what each cost because the
provider's cache expired in it. `extra_cost` computes that price in dollars; `span` writes a length of time in words;
`new_blocks` are the content blocks a request sent first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import takewhile

from penstock.conversation.conversation import BlockKind, Role
from penstock.conversation.exchange import Kind, State
from penstock.cost.prices import Price
from penstock.events.request_events import ClassifiedEvent, LoggedBlock
from penstock.profiles.profile import Cache
from penstock.stats.exchange import ExchangeRecord, ExchangeStats

__all__ = ["REAL", "Pause", "PriceOf", "extra_cost", "find_pauses", "new_blocks", "span"]

PriceOf = Callable[[str, str], Price]
"""The price of a model by who serves it and its name."""
REAL = frozenset(kind.value for kind in Kind if kind.is_real)
_MARGIN_S = Cache().margin_s
"""Seconds after an entry's lifetime until the engine takes it for expired, by default: the profile's setting is not in
the log."""
_SURELY = 1.5
"""If more than this many times the head's tokens were read, a part of the history was read too."""


@dataclass(frozen=True, slots=True)
class Pause:
    """The time in which nothing used the cache of a conversation, and the request that ended it."""

    seconds: float
    lifetime_s: float
    """Seconds that an entry lives: by the table, or longer where the provider still found it."""
    ended_by: ExchangeRecord
    price: Price
    has_restarted: bool
    """A proxy was started in the pause. What is cached is unknown then, and counts as warm."""
    is_sealed: bool
    """The pause ended inside a round of tool calls, in a conversation whose thinking is bound to the content before
    it."""
    written_again: int = 0
    """Tokens of the request before that the provider wrote to its cache once more."""
    dollars: float = 0.0
    """What that cost more than reading them. 0 if the price is not known, or writing costs nothing."""

    @property
    def is_cold(self) -> bool:
        """Whether no entry was alive at its end."""
        return self.seconds > self.lifetime_s + _MARGIN_S


def find_pauses(
    requests: Iterable[ExchangeRecord],
    kept_alive: Collection[tuple[str, float]],
    starts: Collection[float],
    price_of: PriceOf,
) -> list[Pause]:
    """The pauses before each real request but the first of a conversation. `requests` of a session, in their order;
    `kept_alive`: the conversations and times of keep-alive requests; `starts`: when proxies were started."""
    conversations: dict[str, list[ExchangeRecord]] = defaultdict(list)
    for one in requests:
        # What only counts tokens, or was answered by Penstock, uses no cache.
        if one.conversation and one.kind != Kind.COUNT and one.state is not State.REFUSED:
            conversations[one.conversation].append(one)
    return [
        pause
        for name, members in conversations.items()
        for pause in _pauses(members, [at for of, at in kept_alive if of == name], starts, price_of)
    ]


def new_blocks(one: ExchangeRecord) -> tuple[LoggedBlock, ...]:
    """The content blocks that were not sent before, as far as the log holds them."""
    said = one.find(ClassifiedEvent)
    return said.blocks if said is not None else ()


def span(seconds: float) -> str:
    """Seconds as `45 s`, `2 min 10 s` or `1 h 5 min`."""
    minutes, s = divmod(round(seconds), 60)
    h, m = divmod(minutes, 60)
    parts = [(h, "h"), (m, "min"), (s if not h else 0, "s")]
    return " ".join(f"{n} {unit}" for n, unit in parts if n) or "0 s"


def _pauses(
    requests: Iterable[ExchangeRecord], kept_alive: Collection[float], starts: Collection[float], price_of: PriceOf
) -> Iterator[Pause]:
    last, cached, lifetime, thinks, epoch = None, 0, 0.0, False, 0
    for one in requests:
        if one.kind in REAL:
            price = price_of(one.provider, one.model)
            thinks = thinks or any(block.kind == BlockKind.THINKING for block in new_blocks(one))
            lifetime = max(lifetime, price.ttl_hour_s if one.usage.cache_write_hour else price.ttl_s)
            read, prompt = one.cached
            if last is not None:
                seconds = one.at - max((last, *(at for at in kept_alive if at <= one.at)))
                if read > max(cached / 2, _head(one) * _SURELY) > 0:  # the provider had it still
                    lifetime = max(lifetime, seconds)
                if one.epoch != epoch:  # a history that the client has summarised is written for the first time
                    cached = 0
                again = min(one.usage.cache_write or 0, max(0, cached - read))
                has_restarted = any(last < at <= one.at for at in starts)
                is_sealed = price.binds_thinking and thinks and _is_in_round(one)
                extra = extra_cost(one, price, again)
                yield Pause(seconds, lifetime, one, price, has_restarted, is_sealed, again, extra)
            cached, epoch = prompt or cached, one.epoch
        last = one.at


def _is_in_round(one: ExchangeRecord) -> bool:
    """Whether what follows the model's last message answers a tool that it called."""
    after = takewhile(lambda block: block.role != Role.ASSISTANT, reversed(new_blocks(one)))
    return one.kind == Kind.TOOL_LOOP or any(block.kind == BlockKind.TOOL_RESULT for block in after)


def _head(one: ExchangeRecord) -> int:
    """Tokens of tools and system, which other conversations may keep in the cache."""
    return (one.shares.system or 0) + (one.shares.tools or 0)


def extra_cost(one: ExchangeStats, price: Price, again: int) -> float:
    """Dollars for writing `again` tokens of a request instead of reading them."""
    if not (price.is_known and price.marks):
        return 0.0
    prompt = one.cached[1]
    hour = min(again, one.usage.cache_write_hour or 0)
    written = price.dollars(write=again - hour, write_hour=hour, prompt=prompt)
    return written - price.dollars(read=again, prompt=prompt)
