"""`PromptCache`: simulates a provider's prompt cache for the demo. For each request it gives the tokens that are read
from the cache, written to it, and paid in full (`Usage`); `tokens` estimates those of a text. Prefixes below 1,024
tokens are not cached; 20 blocks before a breakpoint are searched."""

from __future__ import annotations

import json
import math
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

__all__ = ["PromptCache", "Usage", "tokens"]

MINIMUM = 1024
"""Tokens: a shorter prefix is not cached."""
LOOK_BACK = 20
"""The number of blocks before a breakpoint that are searched for the end of a cached prefix."""


@dataclass(frozen=True)
class Usage:
    """The tokens of a request, as they are billed."""

    input: int
    read: int
    written: int


def tokens(text: str) -> int:
    """An estimate of the tokens of `text`: one for four characters."""
    return max(1, len(text) // 4)


class PromptCache:
    """Knows prefixes by the hash of everything up to a breakpoint, each for `lifetime_s` after its last use."""

    def __init__(self, lifetime_s: float = math.inf, clock: Callable[[], float] = time.monotonic) -> None:
        self._lifetime_s, self._clock = lifetime_s, clock
        self._lock = threading.Lock()
        self._used: dict[bytes, float] = {}
        """When each prefix was used last."""

    def use(self, body: Mapping[str, Any]) -> Usage:
        """Bill one request; its own breakpoints are cached from then on."""
        hashes, sums, marks = [], [], []
        digest, total = blake2b(digest_size=16), 0
        for i, block in enumerate(_blocks(body)):
            text = json.dumps({k: v for k, v in block.items() if k != "cache_control"}, sort_keys=True)
            digest.update(text.encode())
            total += tokens(text)
            hashes.append(digest.digest())
            sums.append(total)
            if "cache_control" in block and total >= MINIMUM:
                marks.append(i)
        now = self._clock()
        with self._lock:
            known = {i for mark in marks for i in _before(mark) if hashes[i] in self._used}
            alive = {i for i in known if now - self._used[hashes[i]] <= self._lifetime_s}
            read = max((sums[i] for i in alive), default=0)
            self._used.update((hashes[i], now) for i in {*alive, *marks})
        reach = max(sums[marks[-1]], read) if marks else 0
        return Usage(input=total - reach, read=read, written=reach - read)


def _before(mark: int) -> range:
    return range(max(0, mark - LOOK_BACK), mark + 1)


def _blocks(body: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Tools, system, messages: the order in which a provider reads them."""
    yield from body.get("tools") or ()
    yield from body.get("system") or ()
    for message in body["messages"]:
        content = message["content"]
        yield from [{"type": "text", "text": content}] if isinstance(content, str) else content
