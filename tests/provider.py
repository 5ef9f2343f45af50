"""`Provider`: a provider's prompt cache and its bill, computed from the bytes of requests alone; nothing of Penstock is
used here.

The rules are those of https://platform.claude.com/docs/en/build-with-claude/prompt-caching.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

__all__ = ["LEAST", "Bill", "Provider", "tokens"]

LEAST = 1024
"""Tokens a prefix needs to be cached."""
READ, WRITE, WRITE_HOUR = 0.1, 1.25, 2.0
POSITIONS = 20
_RUNS = ("tool_use", "tool_result")
_UNCACHED = ("thinking", "redacted_thinking")


@dataclass(frozen=True)
class _Block:
    said: str
    tokens: float
    kind: str
    lifetime: float
    """Seconds the entry at its breakpoint lives. 0: there is none."""


@dataclass(frozen=True)
class Bill:
    """Tokens of one request."""

    plain: float
    read: float
    write: float
    write_hour: float

    @property
    def units(self) -> float:
        """In units of one plain input token."""
        return self.plain + READ * self.read + WRITE * self.write + WRITE_HOUR * self.write_hour


@dataclass
class Provider:
    """One account's cache. Prefixes are kept by their hash, with the time of their last use and their lifetime."""

    entries: dict[int, tuple[float, float]] = field(default_factory=dict)

    def bill(self, body: bytes, now: float) -> Bill:
        """What the request costs."""
        blocks = _marked(json.loads(body))
        prefixes, sums = [0], [0.0]
        for block in blocks:
            prefixes.append(hash((prefixes[-1], block.said)))
            sums.append(sums[-1] + block.tokens)
        hit = self._found(blocks, prefixes, now)
        if hit:
            self.entries[prefixes[hit]] = (now, self.entries[prefixes[hit]][1])
        written, paid = {300.0: 0.0, 3600.0: 0.0}, hit
        for end, block in enumerate(blocks, start=1):
            if block.lifetime and sums[end] >= LEAST:
                if end > hit:
                    written[block.lifetime] += sums[end] - sums[paid]
                    paid = end
                self.entries[prefixes[end]] = (now, block.lifetime)
        return Bill(sums[-1] - sums[paid], sums[hit], written[300.0], written[3600.0])

    def _found(self, blocks: list[_Block], prefixes: list[int], now: float) -> int:
        for mark in range(len(blocks), 0, -1):
            if not blocks[mark - 1].lifetime:
                continue
            positions = 0
            for end in range(mark, 0, -1):
                used, life = self.entries.get(prefixes[end], (0.0, 0.0))
                if used + life > now:
                    return end
                follows = end > 1 and blocks[end - 1].kind in _RUNS and blocks[end - 1].kind == blocks[end - 2].kind
                positions += not follows
                if positions == POSITIONS:
                    break
        return 0


def _marked(value: dict[str, Any]) -> list[_Block]:
    """The blocks of a request. `cache_control` of the request itself is a breakpoint on the last that can be cached,
    unless it has one."""
    blocks = list(_blocks(value))
    automatic = value.get("cache_control")
    places = [i for i, block in enumerate(blocks) if block.kind not in _UNCACHED] if automatic else []
    if places and not blocks[places[-1]].lifetime:
        blocks[places[-1]] = replace(blocks[places[-1]], lifetime=_lifetime(automatic))
    return blocks


def tokens(body: bytes) -> float:
    """Of a whole request."""
    return sum(block.tokens for block in _blocks(json.loads(body)))


def _blocks(value: dict[str, Any]) -> Iterator[_Block]:
    for name in ("tools", "system"):
        for one in value.get(name) or ():
            yield _block(name, one)
    for message in value["messages"]:
        content = message["content"]
        for one in [{"type": "text", "text": content}] if isinstance(content, str) else content:
            yield _block(message["role"], one)


def _block(where: str, one: dict[str, Any]) -> _Block:
    mark = one.get("cache_control")
    said = json.dumps({k: v for k, v in one.items() if k != "cache_control"}, sort_keys=True, ensure_ascii=False)
    return _Block(f"{where} {said}", len(said.encode()) / 2.9, one.get("type", "tool"), _lifetime(mark))


def _lifetime(mark: dict[str, Any] | None) -> float:
    return 0.0 if mark is None else 3600.0 if mark.get("ttl") == "1h" else 300.0
