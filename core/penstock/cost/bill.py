"""`bill`: what one request cost in dollars, and what it would have cost without edits (`Bill`). Where the price of the
model is not known, it has no dollars.

The cache models know only from outside what the provider's cache holds. Where the provider said what it counted, that
is what was paid, and the hypothetical costs are corrected by the same error that the cache model made on the real
request: a request without edits costs the same on both sides.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from penstock.conversation.reply import Usage
from penstock.cost.account import RequestCost
from penstock.cost.prices import Price
from penstock.cost.prompt_cache import Cost
from penstock.events.response_events import LoggedCost, TokenSplit

__all__ = ["SEARCH", "Bill", "PriceOf", "bill"]

_Side = Literal["original", "forwarded"]
PriceOf = Callable[[str], Price]
"""The price of a model by its name."""
SEARCH = 0.01
"""Dollars for a web search that the provider runs: $10 for 1,000
(https://platform.claude.com/docs/en/agents-and-tools/tool-use/web-search-tool)."""


@dataclass(frozen=True, slots=True)
class Bill:
    """The cost of one request in dollars, output included, and its input tokens."""

    baseline: float
    """What the request would have cost as received, without edits."""
    paid: float
    """What was paid to the provider for this request."""
    self_compacting: float
    """What it would have cost a client that compacts by itself; see `penstock.cost.baseline`."""
    original: Cost
    """The input tokens behind `baseline`."""
    forwarded: Cost
    """The input tokens behind `paid`."""
    counted: bool
    """The provider said what it counted. False: everything is an estimate."""
    own: float = 0.0
    """What Penstock's own model calls have cost besides."""
    extra: float = 0.0
    """What the provider's own tools and further model calls cost (searches, a compaction, an advisor). It is in all
    three sums: no edit changes it. 0 where the provider names one sum for everything."""
    is_known: bool = True
    """False: the model's price is not known. All dollars but `own` are 0 and must not be shown."""

    @property
    def saved(self) -> float:
        """Dollars; negative when editing cost more than it saved."""
        return self.baseline - self.paid - self.own

    def logged(self) -> LoggedCost:
        """The field `money` of an `answered` event. Where the price is not known, `how` is `unknown`, and no dollars
        but those of Penstock's own calls."""
        how = "exact" if self.counted else "estimated"
        return LoggedCost(
            came=_split(self.original),
            sent=_split(self.forwarded),
            reads_saved=self.original.read - self.forwarded.read,
            writes_caused=_written(self.forwarded) - _written(self.original),
            how=how if self.is_known else "unknown",
            baseline=round(self.baseline, 6) if self.is_known else None,
            paid=round(self.paid, 6) if self.is_known else None,
            naive=round(self.self_compacting, 6) if self.is_known else None,
            own=round(self.own, 6),
            extra=round(self.extra, 6),
        )


def bill(booking: RequestCost, usage: Usage, counted: _Side = "forwarded", price_of: PriceOf | None = None) -> Bill:
    """The bill of `booking`. `counted`: what `usage` is the count of: the forwarded request on the wire, the original
    one in a recording of an unedited session. `price_of`: the prices of further models that were charged; without it
    they count like the one that answered.

    Where the provider left old tool results out by itself (`usage.cleared`), nothing counts as saved: untouched, the
    request would have been cleared of at least as much.
    """
    known: Cost = getattr(booking, counted)
    real = _expected(known, booking.scale) if usage.prompt is None else _real(usage, known)
    costs = (booking.original, booking.forwarded)
    original, forwarded = (real if usage.cleared else _moved(cost, known, real) for cost in costs)
    price, output, rate = booking.price, usage.output or 0, _rate(booking.price, usage)
    extra = SEARCH * usage.searches + sum(_other(one, price, price_of) for one in usage.others)
    baseline, paid = (rate * _dollars(price, cost, output) + extra for cost in (original, forwarded))
    compacting = baseline
    if booking.self_compacting is not None and not usage.cleared:
        own = booking.self_compacting
        summary = _dollars(price, _scaled(own.call, known, real), own.output)
        compacting = rate * (_dollars(price, _moved(own.sent, known, real), output) + summary) + extra
    if usage.dollars is not None:
        counted_cost = paid if counted == "forwarded" else baseline
        baseline, paid, compacting = (
            usage.dollars * _ratio(cost, counted_cost) for cost in (baseline, paid, compacting)
        )
        extra = 0.0
    is_known = price.is_known or usage.dollars is not None
    has_count = usage.prompt is not None
    return Bill(baseline, paid, compacting, original, forwarded, has_count, booking.own, extra, is_known)


def _rate(price: Price, usage: Usage) -> float:
    """The factors of a request's terms, which multiply (https://platform.claude.com/docs/en/about-claude/pricing)."""
    rate = price.fast if usage.is_fast else 1.0
    rate *= price.geo_us if usage.is_us else 1.0
    return rate * (price.batch if usage.is_deferred else 1.0)


def _other(usage: Usage, price: Price, price_of: PriceOf | None) -> float:
    """Dollars for a further model call of the answer."""
    if usage.model and price_of is not None:
        price = price_of(usage.model)
    return _dollars(price, _real(usage, Cost()), usage.output or 0)


def _ratio(cost: float, counted: float) -> float:
    """`cost` as a factor of `counted`; 1 if the price is not known."""
    return cost / counted if counted > 0 else 1.0


def _real(usage: Usage, known: Cost) -> Cost:
    """What the provider counted. Where it names one sum for what was written, it is split as the cache model does."""
    written, hour = usage.cache_write or 0, usage.cache_write_hour
    if hour is None:
        hour = round(written * _share(known.write_hour, _written(known)))
    hour = min(hour, written)
    return Cost(usage.input or 0, usage.cache_read or 0, written - hour, hour)


def _expected(known: Cost, scale: float) -> Cost:
    """What the provider would have counted, by its counts of earlier requests."""
    return Cost(*(round(n * scale) for n in (known.plain, known.read, known.write, known.write_hour)))


def _moved(cost: Cost, known: Cost, real: Cost) -> Cost:
    """What `cost` would have been counted as by the provider that counted `real` for `known`."""
    total = round(cost.total * _scale(known, real))
    read = _nudged(_share(cost.read, cost.total), _share(known.read, known.total), _share(real.read, real.total))
    rest = [_share(_written(c), c.total - c.read) for c in (cost, known, real)]
    reads = round(total * read)
    written = round((total - reads) * _nudged(*rest))
    like = cost if _written(cost) else real
    hour = round(written * _share(like.write_hour, _written(like)))
    return Cost(total - reads - written, reads, written - hour, hour)


def _nudged(share: float, known: float, real: float) -> float:
    """`share` corrected by how a share of another request, estimated as `known`, turned out to be `real`."""
    if real <= known:
        return share * real / known if known else share
    return 1 - (1 - share) * (1 - real) / (1 - known)


def _scaled(cost: Cost, known: Cost, real: Cost) -> Cost:
    scale = _scale(known, real)
    return Cost(*(round(n * scale) for n in (cost.plain, cost.read, cost.write, cost.write_hour)))


def _scale(known: Cost, real: Cost) -> float:
    """The factor by which our estimate of the input tokens was too small."""
    return real.total / known.total if known.total and real.total else 1.0


def _share(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


def _written(cost: Cost) -> int:
    return cost.write + cost.write_hour


def _split(cost: Cost) -> TokenSplit:
    return TokenSplit(cost.plain, cost.read, _written(cost))


def _dollars(price: Price, cost: Cost, output: int) -> float:
    """Dollars for one whole request, whose length may decide the price of every token."""
    return price.dollars(plain=cost.plain, read=cost.read, write=cost.write, write_hour=cost.write_hour, output=output)
