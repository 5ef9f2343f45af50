"""`PromptCacheModel`: a model of the provider's prompt cache, which predicts which tokens of a request (`CacheBlocks`)
are read from the cache, written to it, or paid in full (`Cost`).

Three ways of caching, by `Price.caching`:

- `breakpoints`, Anthropic (https://platform.claude.com/docs/en/build-with-claude/prompt-caching): the prefix is matched
  block by block. An entry is written at each breakpoint if the prefix has enough tokens. The lookup checks 20 positions
  back from a breakpoint (inclusive); consecutive tool calls, or consecutive tool results, count as one position. An
  entry lives 5 minutes, or 1 hour if its breakpoint says so, from the start of the request that used it last. Automatic
  caching (`cache_control` of the request itself) is a breakpoint on the last block that can be cached.
- `newest`, OpenAI from GPT-5.6 on (https://developers.openai.com/api/docs/guides/prompt-caching, and
  `PromptCacheOptions` of the Python SDK 3.54.0): entries are written at the client's breakpoints, and, unless it sets
  `mode: "explicit"`, at the end of the newest message; at most 4 for each request, the latest. The lookup has no limit
  in blocks and considers the latest 80 breakpoints. An entry lives at least 30 minutes, or 12 hours.
- `prefix`, all others: every prefix is an entry, and writing costs nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from typing import NamedTuple

from penstock.cost.prices import Price

__all__ = ["LONG", "CacheBlock", "CacheBlocks", "Cost", "PromptCacheModel", "breakpoints"]

LOOK_BACK = 20
CONSIDERED = 80
"""Breakpoints that OpenAI considers for a match, the latest."""
WRITES = 4
"""Entries that a request may write at OpenAI, the latest."""
LONG = frozenset({"1h", "12h"})
"""Lifetimes of entries that live longer and cost more to write."""
_CLASSIC = frozenset({"5m", "1h"})
ENTRIES = 4000


class CacheBlock(NamedTuple):
    """One block in the order the provider caches: tools, system, messages."""

    key: bytes
    tokens: int
    cache_ttl: str = ""
    """The lifetime of a breakpoint here: `5m` or `1h` (Anthropic), `30m` or `12h` (OpenAI). Empty: there is none."""
    joined: bool = False
    """One position with the block before: both are tool calls, or both are results."""
    is_automatic: bool = False
    """The breakpoint here is the provider's own, at the end of what can be cached: not one of the client's."""
    is_ignored: bool = False
    """The provider does not read this block: it is part of no prefix, and only keeps its place in the list."""


class CacheBlocks(list[CacheBlock]):
    """The blocks of one request. Only breakpoints may change in it, so that its prefixes are computed once for all
    cache models."""

    def __init__(self, blocks: Iterable[CacheBlock] = (), known: tuple[list[int], list[int]] = ([], [])) -> None:
        """`known`: the `prefixes` of the first blocks, as far as another request has them, too."""
        super().__init__(blocks)
        self._known = known

    @cached_property
    def prefixes(self) -> tuple[list[int], list[int]]:
        """For each block, a hash of all blocks up to it, and their tokens together."""
        return _prefixes(self, *self._known)


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
        """The cost in units of one plain input token."""
        return self.plain + self.read * price.read + self.write * price.write + self.write_hour * price.write_hour


@dataclass(slots=True)
class PromptCacheModel:
    """The entries of one conversation in the provider's cache, as far as they are known from outside."""

    _expiry: dict[int, tuple[float, float]] = field(default_factory=dict)
    """Hash of a prefix -> when it ends, and its lifetime."""

    def look(self, blocks: Sequence[CacheBlock], price: Price, now: float, margin: float = 0.0) -> Cost:
        """What `blocks` would cost if sent now. The model does not change."""
        return self._run(blocks, price, now, margin, note=False)

    def send(self, blocks: Sequence[CacheBlock], price: Price, now: float) -> Cost:
        """What `blocks` cost, sent now. Updates the entries."""
        cost = self._run(blocks, price, now, 0.0, note=True)
        if len(self._expiry) > ENTRIES:
            alive = sorted(((k, e) for k, e in self._expiry.items() if e[0] > now), key=lambda entry: entry[1][0])
            self._expiry = dict(alive[-ENTRIES // 2 :])
        return cost

    def copy(self) -> PromptCacheModel:
        """Another with the same entries."""
        return PromptCacheModel(dict(self._expiry))

    def forget(self, before: float) -> None:
        """Drop the entries last used before `before`: the provider did not find them."""
        self._expiry = {key: (end, life) for key, (end, life) in self._expiry.items() if end - life >= before}

    def lifetime(self, last: float) -> float:
        """The shortest lifetime, in seconds, of the entries that the request sent at `last` used. 0: it used none."""
        return min((life for end, life in self._expiry.values() if end - life >= last), default=0.0)

    def refresh(self, last: float, now: float) -> None:
        """Renew the entries that the request sent at `last` used: it is sent once more now."""
        self._expiry.update(
            {key: (now + life, life) for key, (end, life) in self._expiry.items() if end - life >= last}
        )

    def alive_before(self, blocks: Sequence[CacheBlock], now: float, margin: float) -> list[int]:
        """The indexes of the blocks at which an entry ends that lives for at least `margin` more seconds."""
        chain, _ = _prefixes_of(blocks)
        ends = ((i, self._expiry.get(key)) for i, key in enumerate(chain) if not blocks[i].is_ignored)
        return [i for i, entry in ends if entry is not None and entry[0] > now + margin]

    def _run(self, blocks: Sequence[CacheBlock], price: Price, now: float, margin: float, *, note: bool) -> Cost:
        chain, sums = _prefixes_of(blocks)
        marks = breakpoints(blocks, price)
        hit = self._hit(blocks, chain, marks, price, now + margin)
        read = sums[hit] if hit >= 0 else 0
        if note and hit >= 0:
            life = self._expiry[chain[hit]][1]
            self._expiry[chain[hit]] = (now + life, life)
        write = write_hour = 0
        at = read
        for i in marks[-WRITES:] if price.caching == "newest" else marks:
            if sums[i] < max(price.least, 1):
                continue
            is_hour = price.marks and blocks[i].cache_ttl in LONG
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

    def _hit(self, blocks: Sequence[CacheBlock], chain: list[int], marks: list[int], price: Price, when: float) -> int:
        """The index of the block at which the entry ends that is read. -1: none is."""
        if price.caching == "newest":
            return self._hit_newest(blocks, chain, marks, when)
        reach = LOOK_BACK if price.marks else 1
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

    def _hit_newest(self, blocks: Sequence[CacheBlock], chain: list[int], marks: list[int], when: float) -> int:
        """Breakpoints that the provider set by itself in earlier requests stand in none of this one: they are known by
        the entries written there. A client that asks for none of those is matched at its own alone."""
        is_implicit = any(block.is_automatic for block in blocks)
        places = range(len(blocks) - 1, -1, -1) if is_implicit else reversed(marks)
        left = CONSIDERED
        for i in places:
            found = self._expiry.get(chain[i])
            if found is not None and found[0] > when:
                return i
            left -= found is not None or not is_implicit
            if not left:
                break
        return -1


def breakpoints(blocks: Sequence[CacheBlock], price: Price) -> list[int]:
    """The indexes of the blocks at which entries end that this request writes or refreshes."""
    if price.caching == "prefix":
        return [i for i, block in enumerate(blocks) if not block.is_ignored]
    if price.caching == "newest":
        return [i for i, block in enumerate(blocks) if block.cache_ttl]
    return [i for i, block in enumerate(blocks) if block.cache_ttl in _CLASSIC]


def _prefixes_of(blocks: Sequence[CacheBlock]) -> tuple[list[int], list[int]]:
    return blocks.prefixes if isinstance(blocks, CacheBlocks) else _prefixes(blocks)


def _prefixes(
    blocks: Sequence[CacheBlock], chain: Sequence[int] = (), sums: Sequence[int] = ()
) -> tuple[list[int], list[int]]:
    """For each block, a hash of everything up to it, and the tokens of it; `chain` and `sums` are those of the first
    ones. Python's own hash: a tenth of the time of a digest, and it need not outlive the process."""
    chain, sums = list(chain), list(sums)
    so_far, total = (chain[-1], sums[-1]) if chain else (0, 0)
    for block in islice(blocks, len(chain), None):
        if not block.is_ignored:
            so_far = hash((so_far, block.key))
            total += block.tokens
        chain.append(so_far)
        sums.append(total)
    return chain, sums
