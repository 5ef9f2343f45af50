"""`parse_rate_limits`: reads the rate limits that providers report in response headers (`RateLimitInfo`).
`retry_after`: the wait that one asks for.

Anthropic: https://docs.anthropic.com/en/api/rate-limits#response-headers, and `anthropic-ratelimit-unified-*` for
subscriptions; OpenAI: https://platform.openai.com/docs/guides/rate-limits#rate-limits-in-headers; Codex with a login:
`x-codex-*`; all: `retry-after` (RFC 9110, section 10.2.3).
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

__all__ = ["RateLimitInfo", "parse_rate_limits"]

_ANTHROPIC = re.compile(r"^anthropic-ratelimit-(requests|tokens|input-tokens|output-tokens)-(limit|remaining|reset)$")
_UNIFIED = re.compile(r"^anthropic-ratelimit-unified-(\w+)-(utilization|reset|status)$")
_OPENAI = re.compile(r"^x-ratelimit-(limit|remaining|reset)-(requests|tokens)$")
_CODEX = re.compile(r"^x-codex-(primary|secondary)-(used-percent|reset-after-seconds|window-minutes)$")
_SPAN = re.compile(r"(\d+(?:\.\d+)?)(ms|d|h|m|s)")
FARTHEST = 31 * 86400.0
"""The most seconds until a limit resets; longer ones are ignored."""
LONGEST = 64
"""Characters of a value, at most; times and numbers are shorter."""
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_TOO_MANY = 429


@dataclass(frozen=True, slots=True)
class RateLimitInfo:
    """One rate limit, as the provider last reported it."""

    name: str
    """`requests`, `tokens`, `5h`, `retry-after`, ..."""
    limit: float | None = None
    remaining: float | None = None
    used: float | None = None
    """The used share, if the provider reports only that."""
    resets_at: float | None = None
    """When the limit resets, in seconds since 1970."""

    @property
    def is_spent(self) -> bool:
        """Whether the limit is used up."""
        return self.remaining == 0 or (self.used is not None and self.used >= 1)

    def payload(self) -> dict[str, Any]:
        """The limit as plain data, as events hold it."""
        fields = {"limit": self.limit, "remaining": self.remaining, "used": self.used, "resets_at": self.resets_at}
        return {"name": self.name} | {name: value for name, value in fields.items() if value is not None}


def parse_rate_limits(headers: Mapping[str, str], status: int, now: float) -> tuple[RateLimitInfo, ...]:
    """The limits that an answer reports. `headers` with names in lower case; what cannot be read is left out."""
    found: dict[str, dict[str, float]] = {}
    for name, text in headers.items():
        if (match := _ANTHROPIC.match(name)) or (match := _UNIFIED.match(name)):
            _note(found, match[1], match[2], text, now)
        elif match := _OPENAI.match(name):
            _note(found, match[2], match[1], text, now)
        elif match := _CODEX.match(name):
            _note(found, match[1], match[2], text, now)
    wait = retry_after(headers, now) if status == _TOO_MANY else None
    if wait is not None:
        found["retry-after"] = {"remaining": 0, "resets_at": now + wait}
    for fields in found.values():
        if "resets_at" in fields:
            fields["resets_at"] = min(fields["resets_at"], now + FARTHEST)
    return tuple(RateLimitInfo(name, **fields) for name, fields in found.items())


def _note(found: dict[str, dict[str, float]], name: str, what: str, text: str, now: float) -> None:
    if len(text) > LONGEST:
        return
    field, value = "", None
    match what:
        case "limit" | "remaining":
            field, value = what, _number(text)
        case "utilization":
            field, value = "used", _number(text)
        case "used-percent":
            field, value = "used", _number(text)
            value = value / 100 if value is not None else None
        case "reset":
            field, value = "resets_at", _moment(text, now)
        case "reset-after-seconds":
            field, value = "resets_at", _number(text)
            value = now + value if value is not None else None
        case "status" if text.strip().lower() == "rejected":
            field, value = "remaining", 0.0
    if value is not None:
        found.setdefault(name, {})[field] = value


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds that a provider asks to wait. None: it does not say."""
    thousandths = _number(headers.get("retry-after-ms", ""))
    if thousandths is not None:
        return thousandths / 1000
    text = headers.get("retry-after", "")
    seconds = _number(text)
    if seconds is not None:
        return seconds
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - now)
    except (ValueError, OverflowError, OSError):
        return None


def _moment(text: str, now: float) -> float | None:
    """An ISO time, seconds since 1970, or a span from now such as `6m0s`."""
    seconds = _number(text)
    if seconds is not None:
        return seconds if seconds > 1e9 else now + seconds
    parts = _SPAN.findall(text)
    if parts and "".join(map("".join, parts)) == text.strip():
        return _finite(now + sum(float(n) * _UNITS[unit] for n, unit in parts))
    try:
        return datetime.fromisoformat(text.strip()).timestamp()
    except (ValueError, OverflowError, OSError):
        return None


def _number(text: str) -> float | None:
    try:
        found = float(text)
    except ValueError:
        return None
    return _finite(found)


def _finite(found: float) -> float | None:
    return found if math.isfinite(found) and found >= 0 else None
