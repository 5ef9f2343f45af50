"""The bill of one request: what was paid, and what it would have cost otherwise.

The mirrors know only from outside what the provider's cache holds. Where the provider said what it counted, that is
what was paid, and the figures of what did not happen are moved by as much as the mirror was wrong about what did: a
request that nobody edited costs the same on both sides, whatever the mirror thought of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from penstock.mirror import Cost
from penstock.money import Booking
from penstock.reply import Usage

__all__ = ["Bill", "bill"]

_Side = Literal["came", "sent"]


@dataclass(frozen=True, slots=True)
class Bill:
    """Dollars with output, and input tokens."""

    baseline: float
    """What the request would have cost as it came."""
    paid: float
    """To the provider, for this request."""
    naive: float
    """What it would have cost a client that compacts by itself; see `penstock.naive`."""
    came: Cost
    """The input tokens behind `baseline`."""
    sent: Cost
    """The input tokens behind `paid`."""
    counted: bool
    """The provider said what it counted. False: everything is an estimate."""
    own: float = 0.0
    """What calls of our own cost besides."""

    @property
    def saved(self) -> float:
        """Dollars; negative when editing cost more than it saved."""
        return self.baseline - self.paid - self.own

    def payload(self) -> dict[str, Any]:
        """The field `money` of an `answered` event."""
        return {
            "baseline": round(self.baseline, 6),
            "paid": round(self.paid, 6),
            "naive": round(self.naive, 6),
            "came": _split(self.came),
            "sent": _split(self.sent),
            "reads_saved": self.came.read - self.sent.read,
            "writes_caused": _written(self.sent) - _written(self.came),
            "how": "exact" if self.counted else "estimated",
            **({"own": round(self.own, 6)} if self.own else {}),
        }


def bill(booking: Booking, usage: Usage, counted: _Side = "sent") -> Bill:
    """The bill of `booking`. `counted`: what `usage` is the count of. What was sent, on the wire; what came, in the
    recording of a session that nobody edited."""
    known: Cost = getattr(booking, counted)
    real = known if usage.prompt is None else _real(usage, known)
    came, sent = (_moved(cost, known, real) for cost in (booking.came, booking.sent))
    price, output = booking.price, usage.output or 0
    answer = price.dollars(output=output)
    baseline = _dollars(booking, came) + answer
    naive = baseline
    if booking.naive is not None:
        summary = _dollars(booking, _scaled(booking.naive.call, known, real))
        summary += price.dollars(output=booking.naive.output)
        naive = _dollars(booking, _moved(booking.naive.sent, known, real)) + summary + answer
    counts = usage.prompt is not None
    return Bill(baseline, _dollars(booking, sent) + answer, naive, came, sent, counts, booking.own)


def _real(usage: Usage, known: Cost) -> Cost:
    """What the provider counted. It names one sum for entries of 5 minutes and of an hour."""
    written = usage.cache_write or 0
    hour = round(written * _share(known.write_hour, _written(known)))
    return Cost(usage.input or 0, usage.cache_read or 0, written - hour, hour)


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
    """A share of one request, when another's was thought to be `known` and is `real`."""
    if real <= known:
        return share * real / known if known else share
    return 1 - (1 - share) * (1 - real) / (1 - known)


def _scaled(cost: Cost, known: Cost, real: Cost) -> Cost:
    scale = _scale(known, real)
    return Cost(*(round(n * scale) for n in (cost.plain, cost.read, cost.write, cost.write_hour)))


def _scale(known: Cost, real: Cost) -> float:
    """Our counts are estimates: so many times too small they were."""
    return real.total / known.total if known.total and real.total else 1.0


def _share(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


def _written(cost: Cost) -> int:
    return cost.write + cost.write_hour


def _split(cost: Cost) -> dict[str, int]:
    return {"plain": cost.plain, "read": cost.read, "write": _written(cost)}


def _dollars(booking: Booking, cost: Cost) -> float:
    return booking.price.dollars(plain=cost.plain, read=cost.read, write=cost.write, write_hour=cost.write_hour)
