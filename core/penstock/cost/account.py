"""`Account`: what one conversation has cost, without edits and as forwarded (`RequestCost`), by models of the
provider's cache that are corrected by its counts. Its `is_behind` says that editing has cost more than it saved, and
has to stop. `cache_blocks`: the blocks of a request in the order in which they are cached."""

# Theory of operation.
#
# Three models of the provider's cache run side by side for each conversation: of the requests as the client sent them,
# of the same with our notes, and of the requests as they were forwarded. Each says, for a request, how many tokens are
# read from the cache, written to it, and paid in full. The difference in cost between the first and the last is what
# editing saved. Where it is negative beyond `SLACK`, edits that do not pay by themselves are left out until it is not.

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import takewhile
from typing import NamedTuple

from penstock.conversation.conversation import BlockKind, Conversation, Message, Role
from penstock.conversation.reply import Usage
from penstock.cost.baseline import BaselineCost, CompactionBaseline
from penstock.cost.prices import Price
from penstock.cost.prompt_cache import CacheBlock, CacheBlocks, Cost, PromptCacheModel
from penstock.tokens.estimate import estimate_bytes, head_tokens

__all__ = ["Account", "RequestCost", "cache_blocks"]

SLACK = 500.0
"""Units, about $0.002: a smaller loss is within the error of our token counts."""
_RUNS = (BlockKind.TOOL_USE, BlockKind.TOOL_RESULT)
_KNOWN = "cache blocks"
"""The key in `Conversation.derived` of a `_Known`."""
_IGNORED = CacheBlock(b"", 0, joined=True, is_ignored=True)
_SURELY = 1.5
"""If more than this many times the head's estimated tokens were read from the cache, a part of the history was read
too."""


@dataclass(frozen=True, slots=True)
class RequestCost:
    """The cost of one request by the cache model: as the client sent it, and as it was forwarded."""

    original: Cost
    forwarded: Cost
    price: Price
    head: int = 0
    """Tokens of tools and system, its messages at the head included, which other conversations may keep in the
    provider's cache."""
    at: float = 0.0
    idle: float = 0.0
    """Seconds since the conversation's cache had been used."""
    self_compacting: BaselineCost | None = None
    """What the request would have cost a client that compacts its history by itself. None: the same as without
    edits."""
    own: float = 0.0
    """Dollars that Penstock's own model calls have cost since the last request."""
    scale: float = 1.0
    """How many tokens the provider is expected to count for one that the cache model counts."""


@dataclass(slots=True)
class Account:
    """The cache models of one conversation side by side, and the sums of what they say."""

    original: PromptCacheModel = field(default_factory=PromptCacheModel)
    forwarded: PromptCacheModel = field(default_factory=PromptCacheModel)
    self_compacting: CompactionBaseline = field(default_factory=CompactionBaseline)
    with_notes: PromptCacheModel | None = None
    """The cache model of the request without edits but with Penstock's notes. Notes are sent for what they say, not to
    save: the guard does not count them."""
    baseline_units: float = 0.0
    """What the requests would have cost unedited so far, notes included, in units of one plain input token."""
    spent_units: float = 0.0
    """What was spent so far, Penstock's own model calls included, in the same units."""

    @property
    def saved(self) -> float:
        """Units saved so far; below zero when editing has cost more than it saved."""
        return self.baseline_units - self.spent_units

    @property
    def is_behind(self) -> bool:
        """Whether editing has cost more than it saved, and must stop until that is made up."""
        return self.saved < -SLACK

    def book(
        self,
        original: list[CacheBlock],
        forwarded: list[CacheBlock],
        price: Price,
        now: float,
        notes: Mapping[int, int] | None = None,
        *,
        idle: float = 0.0,
        conversation: Conversation | None = None,
        counts: bool = True,
    ) -> RequestCost:
        """Book one request that is forwarded now. `notes`: the tokens that our notes add behind a block of `original`;
        `conversation`: as the client sent it, for the baseline of a client that compacts by itself. `counts`: False
        while the provider may have cache entries that are not known here, so that the savings would be uncertain."""
        if notes and self.with_notes is None:
            self.with_notes = self.original.copy()
        head = sum(block.tokens for block in forwarded[: 1 + _leading(conversation)])
        if conversation is None:
            self.self_compacting.part(self.original)
        untouched, paid = self.original.send(original, price, now), self.forwarded.send(forwarded, price, now)
        compacted = None
        if conversation is not None:
            compacted = self.self_compacting.send(conversation, original, price, now, untouched, self.original)
        fair = untouched
        if self.with_notes is not None:
            fair = self.with_notes.send(_with_notes(original, notes or {}), price, now)
        if counts:
            self.baseline_units += fair.units(price)
            self.spent_units += paid.units(price)
        return RequestCost(untouched, paid, price, head, now, idle, compacted)

    def spend(self, dollars: float, price: Price) -> None:
        """Add the cost of one of Penstock's own model calls."""
        self.spent_units += dollars * 1e6 / price.input if price.input else 0.0

    def learn(self, booking: RequestCost, usage: Usage) -> bool:
        """Correct the cache model by what the provider counted. True: a cache entry was alive that the model took for
        expired."""
        if usage.cache_read is None or usage.passes > 1:  # a later pass reads what the first one wrote
            return False
        if usage.cache_read == 0 and booking.forwarded.read:
            self.forwarded.forget(before=booking.at)
        return booking.forwarded.read == 0 and usage.cache_read > booking.head * _SURELY


def _leading(conversation: Conversation | None) -> int:
    """Blocks of the system messages that a conversation begins with."""
    messages = conversation.messages if conversation is not None else ()
    return sum(len(message.blocks) for message in takewhile(lambda m: m.role is Role.SYSTEM, messages))


def _with_notes(blocks: list[CacheBlock], notes: Mapping[int, int]) -> list[CacheBlock]:
    """`blocks` with notes in them. The client's breakpoints stay on their blocks; the provider's automatic one moves to
    a note at the end."""
    out: list[CacheBlock] = []
    for i, block in enumerate(blocks):
        out.append(block)
        if i in notes:
            mark = block.cache_ttl if block.is_automatic else ""
            out.append(CacheBlock(b"note", notes[i], mark, is_automatic=block.is_automatic))
    return out


def cache_blocks(conversation: Conversation) -> CacheBlocks:
    """The blocks of a request in the order they are cached. Tools and system count as one: they are never edited. Those
    of messages that an earlier request had, too, are taken from there."""
    first = CacheBlock(b"", head_tokens(conversation), _head_cache_ttl(conversation))
    _, blocks, ends, kinds, prefixes = _known(conversation, first)
    shared = len(ends) - 1
    for index, message in enumerate(conversation.messages[shared:], shared):
        last = kinds[-1]
        if index < conversation.ignored:
            blocks += [_IGNORED] * len(message.blocks)
        elif message.blocks:
            blocks += _cacheables(message, last)
            last = message.blocks[-1].kind
        ends.append(len(blocks))
        kinds.append(last)
    out = CacheBlocks(blocks, prefixes)
    conversation.derived[_KNOWN] = _Known(conversation.ignored, blocks, ends, kinds, out.prefixes)
    if conversation.automatic:
        _mark_the_end(out, conversation)
    return out


class _Known(NamedTuple):
    """The cache blocks of a request, for the requests that continue it."""

    ignored: int
    blocks: list[CacheBlock]
    ends: list[int]
    """The number of blocks before each message, and of all."""
    kinds: list[BlockKind | None]
    """The kind of the last block before each message, and of all; None where none is cached."""
    prefixes: tuple[list[int], list[int]]


def _known(conversation: Conversation, first: CacheBlock) -> _Known:
    """What is known of the messages at the head, for a request whose tools and system are `first`."""
    head = conversation.head
    found: _Known | None = None if head is None else head.derived.get(_KNOWN)
    if head is None or found is None or found.ignored != conversation.ignored:
        return _Known(conversation.ignored, [first], [1], [None], ([], []))
    end, (chain, sums) = found.ends[head.shared], found.prefixes
    prefixes = (chain[:end], sums[:end]) if found.blocks[0].tokens == first.tokens else ([], [])
    ends, kinds = found.ends[: head.shared + 1], found.kinds[: head.shared + 1]
    return _Known(found.ignored, [first, *found.blocks[1:end]], ends, kinds, prefixes)


def _mark_the_end(out: list[CacheBlock], conversation: Conversation) -> None:
    """Set the provider's automatic breakpoint, unless the client has one on the same block."""
    at = conversation.automatic_block()
    index = 0 if at is None else 1 + at[1] + sum(len(message.blocks) for message in conversation.messages[: at[0]])
    mark = out[index].cache_ttl or conversation.automatic
    out[index] = out[index]._replace(cache_ttl=mark, is_automatic=True)


def _cacheables(message: Message, last: BlockKind | None) -> list[CacheBlock]:
    out = []
    for block in message.blocks:
        out.append(
            CacheBlock(block.key, estimate_bytes(block.size), block.cache_ttl, block.kind is last and last in _RUNS)
        )
        last = block.kind
    return out


def _head_cache_ttl(conversation: Conversation) -> str:
    for name in ("system", "tools"):
        span = conversation.fields.get(name)
        if span is not None and conversation.body.find(b'"cache_control"', *span) >= 0:
            return "1h" if conversation.body.find(b'"1h"', *span) >= 0 else "5m"
    return ""
