"""A mirror of the provider's prompt cache: what a request will read, write and pay in full.

Anthropic (https://docs.anthropic.com/en/docs/build-with-claude/prompt-caching): the prefix is matched block by block;
an entry is written where a breakpoint stands, if the prefix has enough tokens; it is looked for at 20 positions, of
which the breakpoint is the first and a run of calls or of results is one; it lives 5 minutes (or 1 hour, if marked so)
from its last use. Others cache every prefix by themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from penstock.prices import Price

__all__ = ["CacheMirror", "Cacheable", "Cost"]

LOOK_BACK = 20
ENTRIES = 4000


class Cacheable(NamedTuple):
    """One block in the order the provider caches: tools, system, messages."""

    key: bytes
    tokens: int
    mark: str = ""
    """`5m` or `1h` where the client set a breakpoint."""
    joined: bool = False
    """One position with the block before: both are tool calls, or both are results."""


@dataclass(frozen=True, slots=True)
class Cost:
    """Input tokens of one request by what they cost."""

    plain: int = 0
    read: int = 0
    write: int = 0
    write_hour: int = 0

    @property
    def total(self) -> int:
        """All input tokens."""
        return self.plain + self.read + self.write + self.write_hour

    def units(self, price: Price) -> float:
        """In units of one plain input token."""
        return self.plain + self.read * price.read + self.write * price.write + self.write_hour * price.write_hour


@dataclass(slots=True)
class CacheMirror:
    """The cache of one conversation, as far as it can be known from outside."""

    _expiry: dict[int, tuple[float, float]] = field(default_factory=dict)
    """Hash of a prefix -> when it ends, and its lifetime."""

    def look(self, blocks: Sequence[Cacheable], price: Price, now: float, margin: float = 0.0) -> Cost:
        """What `blocks` would cost now; nothing is noted."""
        return self._run(blocks, price, now, margin, note=False)

    def send(self, blocks: Sequence[Cacheable], price: Price, now: float) -> Cost:
        """What `blocks` cost, sent now."""
        cost = self._run(blocks, price, now, 0.0, note=True)
        if len(self._expiry) > ENTRIES:
            alive = sorted(((k, e) for k, e in self._expiry.items() if e[0] > now), key=lambda entry: entry[1][0])
            self._expiry = dict(alive[-ENTRIES // 2 :])
        return cost

    def copy(self) -> CacheMirror:
        """Another with the same entries."""
        return CacheMirror(dict(self._expiry))

    def forget(self, before: float) -> None:
        """The provider had nothing of this: entries last used before then are gone."""
        self._expiry = {key: (end, life) for key, (end, life) in self._expiry.items() if end - life >= before}

    def alive_before(self, blocks: Sequence[Cacheable], now: float, margin: float) -> list[int]:
        """The indexes of the blocks at which an entry ends that is alive, and has `margin` seconds left."""
        chain, _ = _prefixes(blocks)
        return [i for i, key in enumerate(chain) if self._expiry.get(key, (0.0, 0.0))[0] > now + margin]

    def _run(self, blocks: Sequence[Cacheable], price: Price, now: float, margin: float, *, note: bool) -> Cost:
        chain, sums = _prefixes(blocks)
        marks = [i for i, b in enumerate(blocks) if b.mark or not price.marks]
        hit = self._hit(blocks, chain, marks, LOOK_BACK if price.marks else 1, now + margin)
        read = sums[hit] if hit >= 0 else 0
        if note and hit >= 0:
            life = self._expiry[chain[hit]][1]
            self._expiry[chain[hit]] = (now + life, life)
        write = write_hour = 0
        at = read
        for i in marks:
            if sums[i] < max(price.least, 1):
                continue
            is_hour = price.marks and blocks[i].mark == "1h"
            life = price.ttl_hour_s if is_hour else price.ttl_s
            if i > hit and price.marks:
                if is_hour:
                    write_hour += sums[i] - at
                else:
                    write += sums[i] - at
                at = sums[i]
            if note:
                self._expiry[chain[i]] = (now + life, life)
        return Cost((sums[-1] if sums else 0) - at, read, write, write_hour)

    def _hit(self, blocks: Sequence[Cacheable], chain: list[int], marks: list[int], reach: int, when: float) -> int:
        for mark in reversed(marks):
            left = reach
            for i in range(mark, -1, -1):
                found = self._expiry.get(chain[i])
                if found is not None and found[0] > when:
                    return i
                left -= not blocks[i].joined
                if not left:
                    break
        return -1


def _prefixes(blocks: Sequence[Cacheable]) -> tuple[list[int], list[int]]:
    """For each block, a hash of everything up to it, and the tokens of it. Python's own hash: a tenth of the time of a
    digest, and it need not outlive the process."""
    chain, sums, total, so_far = [], [], 0, 0
    for block in blocks:
        so_far = hash((so_far, block.key))
        chain.append(so_far)
        total += block.tokens
        sums.append(total)
    return chain, sums
