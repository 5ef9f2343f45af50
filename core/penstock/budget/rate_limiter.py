"""`RateLimiter`: when a request may be sent (`RateDecision`), by the profile's own limits (`Bucket`, a token bucket)
and by those that providers report. In memory: at most 2,000 buckets, and 20 reported limits for each credential. With
`SharedRates` the profile's limits hold for all proxies together; while Redis is away, each has its share of them."""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from penstock.budget.provider_limits import RateLimitInfo
from penstock.budget.scopes import BudgetOwner
from penstock.budget.settings import Rates
from penstock.budget.shared_rates import Share, SharedRates

__all__ = ["Bucket", "RateDecision", "RateLimiter"]

MINUTE = 60.0
_Key = tuple[str, str, str, float, float]
"""Scope, name, measure, how many a minute, and how many minutes' worth the bucket holds."""
NAMES = 20
"""Limits that are kept for one provider, since a server may report any number of names."""
BUCKETS = 2000
"""Credentials and projects that are kept; the one that is dropped would have a full bucket again."""


@dataclass(slots=True)
class Bucket:
    """A token bucket: it holds `size` and fills by `per_s` a second. Requests get their turns in order. Not
    thread-safe."""

    size: float
    per_s: float
    level: float
    """The tokens in it at `at`. Below zero: owed to requests that wait for their turn."""
    at: float
    """When something was asked for last, in seconds."""
    name: str = ""
    """The same in all proxies."""
    share: float = 1.0
    """The part of its size and its rate that can be had here; see `divide`."""

    def divide(self, share: float, now: float) -> None:
        """From now on only this `share` can be had of what it holds, and of what fills it."""
        self.level, self.at, self.share = self._filled(now), now, share

    def wait(self, amount: float, now: float) -> float:
        """Seconds until `amount` can be had, behind all that wait. More than the bucket holds can be had once it is
        full."""
        self.level, self.at = self._filled(now), now  # a clock that was set back starts from there
        return max(0.0, (min(amount, self.size * self.share) - self.left(now)) / (self.per_s * self.share))

    def take(self, amount: float, now: float) -> None:
        """Take `amount`, now or at the end of `wait`."""
        self.level = self._filled(now) - amount
        self.at = now

    def give_back(self, amount: float) -> None:
        """Return an `amount` that was taken and not used."""
        self.level = min(self.size, self.level + amount)

    def left(self, now: float) -> float:
        """The tokens that can be had at `now`. Below zero: owed."""
        return self._filled(now) - self.size * (1 - self.share)

    def _filled(self, now: float) -> float:
        # A clock that was set back fills nothing.
        return min(self.size, self.level + max(0.0, now - self.at) * self.per_s * self.share)


@dataclass(frozen=True, slots=True)
class RateDecision:
    """When a request may be forwarded."""

    wait_s: float = 0.0
    is_given: bool = True
    """Whether the request may be forwarded after `wait_s`. False: it would have to wait too long, and took nothing."""
    message: str = ""
    """Which limit delays or refuses the request, for the client."""


class RateLimiter:
    """The rate limits of all clients and providers. Any thread may call. Nothing is stored: a minute after a restart it
    would be the same."""

    def __init__(self, shared: SharedRates | None = None) -> None:
        self._lock, self._shared = threading.Lock(), shared
        self._buckets: OrderedDict[_Key, Bucket] = OrderedDict()
        self._told: OrderedDict[tuple[str, str], tuple[RateLimitInfo, ...]] = OrderedDict()

    def turn(self, who: BudgetOwner, rates: Rates, tokens: float, now: float) -> RateDecision:
        """Decide when a request with so many input `tokens` may be sent; requests get their turns in order."""
        with self._lock:
            buckets = list(self._of(who, rates, tokens, now))
            wait, what = _longest(buckets, 1.0, now)
            shared = self._shared if buckets else None
            if shared is None or wait > rates.queue_s:
                return self._taken(buckets, who, rates, now, wait, what, is_given=wait <= rates.queue_s)
        # Asked last: what this proxy alone has let through bounds it when Redis is away or was emptied. And without the
        # lock, which the event loop takes with each answer.
        found = shared.turn(_shares(buckets), rates.queue_s)
        with self._lock:
            is_given = True
            if found is None:
                wait, what = _longest(buckets, shared.own_part, now)
                is_given = wait <= rates.queue_s
            elif found.wait_s > wait:
                wait, what, is_given = found.wait_s, buckets[found.which][0], found.is_taken
            return self._taken(buckets, who, rates, now, wait, what, is_given=is_given)

    def give_back(self, who: BudgetOwner, rates: Rates, tokens: float, now: float) -> None:
        """Return the tokens of a turn that was given and not used."""
        with self._lock:
            buckets = list(self._of(who, rates, tokens, now))
            for _, bucket, amount in buckets:
                bucket.give_back(amount)
        if buckets and self._shared is not None:
            self._shared.give_back(_shares(buckets))  # in a thread: the event loop may be the caller

    def record_rate_limits(self, who: BudgetOwner, limits: tuple[RateLimitInfo, ...]) -> None:
        """Note the limits that a provider reported for a credential. A limit that is missing this time is kept."""
        if not limits:
            return
        with self._lock:
            key = who.provider, who.credential
            before = {one.name: one for one in self._told.pop(key, ()) if one.name != "retry-after"}
            self._told[key] = tuple((before | {one.name: one for one in limits}).values())[-NAMES:]
            while len(self._told) > BUCKETS:
                self._told.popitem(last=False)

    def is_spent(self, who: BudgetOwner, now: float) -> bool:
        """Whether a limit that the provider reported for a credential is used up now."""
        with self._lock:
            return self._until(who, now) > now

    def show(self, now: float) -> dict[str, list[dict[str, Any]]]:
        """The profile's own limits (`ours`) and those that providers reported (`providers`), as plain data."""
        with self._lock:
            ours = []
            for (scope, name, measure, per_minute, _), bucket in self._buckets.items():
                row = {"scope": scope, "name": name, "measure": measure, "per_minute": per_minute}
                ours.append(row | {"size": bucket.size, "left": round(max(0.0, bucket.left(now)), 1)})
            theirs = [
                {"provider": provider, "credential": credential, **one.payload()}
                for (provider, credential), told in self._told.items()
                for one in told
                if one.resets_at is None or one.resets_at > now
            ]
            return {"ours": ours, "providers": theirs}

    def _taken(
        self,
        buckets: Sequence[tuple[str, Bucket, float]],
        who: BudgetOwner,
        rates: Rates,
        now: float,
        wait: float,
        what: str,
        *,
        is_given: bool,
    ) -> RateDecision:
        """The decision; if the turn is given, what it takes is taken."""
        if not is_given:
            return RateDecision(wait, is_given=False, message=_too_fast(what, wait))
        for _, bucket, amount in buckets:
            bucket.take(amount, now)
        if rates.provider and rates.queue_s:
            theirs = self._until(who, now) - now
            # One that would take longer is not ours to refuse: the provider says so itself.
            wait = max(wait, theirs) if theirs <= rates.queue_s else wait
        return RateDecision(wait)

    def _until(self, who: BudgetOwner, now: float) -> float:
        told = self._told.get((who.provider, who.credential), ())
        return max((one.resets_at for one in told if one.is_spent and one.resets_at is not None), default=now)

    def _of(self, who: BudgetOwner, rates: Rates, tokens: float, now: float) -> Iterator[tuple[str, Bucket, float]]:
        ours = ("credential", who.credential, rates.credential), ("project", who.project, rates.project)
        for scope, name, rate in ours:
            asked = ("requests", 1.0, rate.requests_per_minute), ("tokens", tokens, rate.tokens_per_minute)
            for measure, amount, per_minute in asked:
                if per_minute is not None:
                    bucket = self._bucket((scope, name, measure, per_minute, rate.burst), now)
                    whose = f"project {name}" if scope == "project" else "this credential"
                    yield f"the limit of {math.ceil(per_minute):,} {measure} a minute for {whose}", bucket, amount

    def _bucket(self, key: _Key, now: float) -> Bucket:
        """Profiles with different limits have buckets of their own."""
        *_, per_minute, burst = key
        size = per_minute * burst
        bucket = self._buckets.pop(key, None) or Bucket(size, per_minute / MINUTE, size, now, repr(key))
        self._buckets[key] = bucket
        while len(self._buckets) > BUCKETS:
            self._buckets.popitem(last=False)
        return bucket


def _longest(buckets: Sequence[tuple[str, Bucket, float]], share: float, now: float) -> tuple[float, str]:
    """The longest wait of those in this proxy's buckets, of which it has a `share`, and for what."""
    for _, bucket, _ in buckets:
        bucket.divide(share, now)
    return max(((bucket.wait(amount, now), what) for what, bucket, amount in buckets), default=(0.0, ""))


def _shares(buckets: Sequence[tuple[str, Bucket, float]]) -> list[Share]:
    return [(bucket.name, bucket.size, bucket.per_s, amount) for _, bucket, amount in buckets]


def _too_fast(what: str, wait: float) -> str:
    return f"Penstock: {what} is reached; try again in {max(1, round(wait))} s (`penstock budget show`)"
