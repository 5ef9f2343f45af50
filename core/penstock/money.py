"""The money of a conversation: what it would have cost untouched, what it costs, and the guard that keeps the second
below the first (P12)."""

from __future__ import annotations

from dataclasses import dataclass, field

from penstock.conversation import HEAD_FIELDS, BlockKind, Conversation
from penstock.mirror import Cacheable, CacheMirror, Cost
from penstock.prices import Price
from penstock.reply import Usage
from penstock.tokens import estimate_bytes

__all__ = ["Account", "Booking", "cacheables"]

MEDIA_TOKENS = 1500


@dataclass(frozen=True, slots=True)
class Booking:
    """One request, by the mirror: what it would have cost as it came, and what it costs as it was sent."""

    came: Cost
    sent: Cost
    price: Price

    def dollars(self, usage: Usage) -> tuple[float, float]:
        """Dollars as it came, and as it was sent, output included. Where the provider said what it counted, its count
        is what was paid, and the mirror's figures are scaled to it."""
        output = usage.output or 0
        counted = usage.prompt
        scale = counted / self.sent.total if counted and self.sent.total else 1.0
        baseline = _dollars(self.came, self.price, scale) + self.price.dollars(output=output)
        if counted is None:
            return baseline, _dollars(self.sent, self.price, 1.0) + self.price.dollars(output=output)
        paid = self.price.dollars(
            plain=usage.input or 0,
            read=usage.cache_read or 0,
            write=0 if self.sent.write_hour else usage.cache_write or 0,
            write_hour=usage.cache_write or 0 if self.sent.write_hour else 0,
            output=output,
        )
        return baseline, paid


@dataclass(slots=True)
class Account:
    """Two mirrors side by side, and the sums of what they say."""

    came: CacheMirror = field(default_factory=CacheMirror)
    sent: CacheMirror = field(default_factory=CacheMirror)
    baseline: float = 0.0
    """Units of one plain input token that passing everything through would have cost so far."""
    spent: float = 0.0
    """Units that were spent."""

    @property
    def is_behind(self) -> bool:
        """Editing has cost more than it saved: it stops until that is made good."""
        return self.spent > self.baseline + 1

    def book(self, came: list[Cacheable], sent: list[Cacheable], price: Price, now: float) -> Booking:
        """Note one request that leaves now."""
        booking = Booking(self.came.send(came, price, now), self.sent.send(sent, price, now), price)
        self.baseline += booking.came.units(price)
        self.spent += booking.sent.units(price)
        return booking


def cacheables(conversation: Conversation) -> list[Cacheable]:
    """The blocks of a request in the order they are cached. Tools and system count as one: they are never edited."""
    head = estimate_bytes(sum(conversation.size_of(name) for name in HEAD_FIELDS))
    out = [Cacheable(b"", head, _head_mark(conversation))]
    for message in conversation.messages:
        for block in message.blocks:
            start, end = block.span
            tokens = MEDIA_TOKENS if block.kind is BlockKind.MEDIA else estimate_bytes(end - start)
            out.append(Cacheable(block.key, tokens, block.mark))
    return out


def _dollars(cost: Cost, price: Price, scale: float) -> float:
    return scale * price.dollars(plain=cost.plain, read=cost.read, write=cost.write, write_hour=cost.write_hour)


def _head_mark(conversation: Conversation) -> str:
    for name in ("system", "tools"):
        span = conversation.fields.get(name)
        if span is not None and conversation.body.find(b'"cache_control"', *span) >= 0:
            return "1h" if conversation.body.find(b'"1h"', *span) >= 0 else "5m"
    return ""
