"""`SharedRates`: the buckets of `RateLimiter` in Redis, shared by all proxies. A turn is one script, so that of many
proxies only as many requests are let through as the limit says. The time is Redis' own: proxies' clocks may differ."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from penstock.base.redis_server import RedisServer

__all__ = ["Share", "SharedRates", "SharedTurn"]

Share = tuple[str, float, float, float]
"""What a turn takes of a bucket: the bucket's name, its size, how much it fills in a second, and the amount."""
_NO_END = 1e12
_RETURNING = 8
"""Turns that are given back at a time."""
_TURN = """
local time = redis.call('TIME')
local now, queue, longest, which = time[1] + time[2] / 1e6, tonumber(ARGV[1]), 0, 1
local levels = {}
for i, key in ipairs(KEYS) do
  local size, per_s, amount = tonumber(ARGV[3 * i - 1]), tonumber(ARGV[3 * i]), tonumber(ARGV[3 * i + 1])
  local kept = redis.call('HMGET', key, 'level', 'at')
  local level, at = tonumber(kept[1] or size), tonumber(kept[2] or now)
  levels[i] = math.min(size, level + math.max(0, now - at) * per_s)
  local wait = (math.min(amount, size) - levels[i]) / per_s
  if wait > longest then longest, which = wait, i end
end
if longest > queue then return {string.format('%.6f', longest), which - 1, 0} end
for i, key in ipairs(KEYS) do
  local size, per_s, amount = tonumber(ARGV[3 * i - 1]), tonumber(ARGV[3 * i]), tonumber(ARGV[3 * i + 1])
  local level = math.min(size, levels[i] - amount)
  redis.call('HSET', key, 'level', string.format('%.6f', level), 'at', string.format('%.6f', now))
  redis.call('EXPIRE', key, math.ceil(math.min(1e9, (size - level) / per_s)) + 1)
end
return {string.format('%.6f', longest), which - 1, 1}
"""


@dataclass(frozen=True, slots=True)
class SharedTurn:
    """What Redis says of a turn."""

    wait_s: float
    which: int
    """The place of the share that the wait is for."""
    is_taken: bool


class SharedRates:
    """Turns in buckets that are kept in Redis until they are full again. Any thread may call."""

    def __init__(self, redis: RedisServer) -> None:
        self._redis = redis
        self._returning = threading.BoundedSemaphore(_RETURNING)

    @property
    def own_part(self) -> float:
        """The part of each bucket that is one proxy's."""
        return 1 / self._redis.listeners

    def turn(self, shares: Sequence[Share], queue_s: float) -> SharedTurn | None:
        """Take all `shares` if that needs no longer wait than `queue_s`. None: Redis is away."""
        names = [f"penstock:rate:{hashlib.sha256(name.encode()).hexdigest()[:32]}" for name, *_ in shares]
        numbers = [queue_s, *(number for _, *numbers in shares for number in numbers)]
        found = self._redis.ask(lambda redis: redis.register_script(_TURN)(keys=names, args=numbers))
        if found is None:
            return None
        wait, which, is_taken = cast("tuple[bytes, int, int]", found)
        return SharedTurn(float(wait), which, bool(is_taken))

    def give_back(self, shares: Sequence[Share]) -> None:
        """Return what a turn took, in a thread, so that nobody waits. While Redis is away, or more than a few are under
        way, nothing is returned: buckets fill by themselves."""
        if self._returning.acquire(blocking=False):
            try:
                threading.Thread(target=self._return, args=(shares,), name="penstock-rates", daemon=True).start()
            except RuntimeError:  # no more threads
                self._returning.release()

    def _return(self, shares: Sequence[Share]) -> None:
        try:
            self.turn([(name, size, per_s, -amount) for name, size, per_s, amount in shares], _NO_END)
        finally:
            self._returning.release()
