"""What providers say of their limits."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.budget.provider_limits import RateLimitInfo, parse_rate_limits

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC).timestamp()
NAMES = st.sampled_from(
    [
        "anthropic-ratelimit-requests-limit",
        "anthropic-ratelimit-input-tokens-remaining",
        "anthropic-ratelimit-tokens-reset",
        "anthropic-ratelimit-unified-5h-utilization",
        "anthropic-ratelimit-unified-7d-status",
        "anthropic-ratelimit-unified-7d-reset",
        "x-ratelimit-reset-tokens",
        "x-ratelimit-remaining-requests",
        "x-codex-primary-used-percent",
        "x-codex-secondary-reset-after-seconds",
        "x-codex-primary-window-minutes",
        "retry-after",
        "retry-after-ms",
    ]
)
NUMBERS = st.floats().map(str) | st.integers().map(str) | st.text("0123456789.eE-+_ ", max_size=500)
TIMES = st.datetimes(timezones=st.none() | st.just(UTC) | st.just(timezone(timedelta(hours=-14))))
VALUES = (
    st.text()
    | NUMBERS
    | TIMES.map(datetime.isoformat)
    | TIMES.map(format_datetime)
    | st.lists(st.tuples(NUMBERS, st.sampled_from(["ms", "s", "m", "h", "d"]))).map(
        lambda parts: "".join(n + unit for n, unit in parts)
    )
)


def told(headers: dict[str, str], status: int = 200) -> dict[str, RateLimitInfo]:
    return {one.name: one for one in parse_rate_limits(headers, status, NOW)}


def test_anthropic() -> None:
    """Each sort of token has its own limit."""
    found = told(
        {
            "anthropic-ratelimit-requests-limit": "50",
            "anthropic-ratelimit-requests-remaining": "49",
            "anthropic-ratelimit-requests-reset": "2026-03-04T12:00:30Z",
            "anthropic-ratelimit-input-tokens-limit": "30000",
            "anthropic-ratelimit-input-tokens-remaining": "0",
            "anthropic-ratelimit-input-tokens-reset": "2026-03-04T12:01:00Z",
            "content-type": "application/json",
        }
    )
    assert found == {
        "requests": RateLimitInfo("requests", 50, 49, resets_at=NOW + 30),
        "input-tokens": RateLimitInfo("input-tokens", 30000, 0, resets_at=NOW + 60),
    }
    assert [one.is_spent for one in found.values()] == [False, True]


def test_anthropic_subscriptions() -> None:
    """Windows of five hours and a week tell only the part that is used."""
    found = told(
        {
            "anthropic-ratelimit-unified-status": "allowed",
            "anthropic-ratelimit-unified-reset": str(int(NOW + 600)),
            "anthropic-ratelimit-unified-5h-status": "allowed",
            "anthropic-ratelimit-unified-5h-utilization": "0.42",
            "anthropic-ratelimit-unified-5h-reset": str(int(NOW + 600)),
            "anthropic-ratelimit-unified-7d-status": "rejected",
            "anthropic-ratelimit-unified-7d-utilization": "1.0",
            "anthropic-ratelimit-unified-7d-reset": str(int(NOW + 86400)),
        }
    )
    assert found == {
        "5h": RateLimitInfo("5h", used=0.42, resets_at=NOW + 600),
        "7d": RateLimitInfo("7d", remaining=0, used=1, resets_at=NOW + 86400),
    }
    assert found["7d"].is_spent


def test_openai() -> None:
    """Times are spans from now."""
    found = told(
        {
            "x-ratelimit-limit-requests": "60",
            "x-ratelimit-remaining-requests": "0",
            "x-ratelimit-reset-requests": "1s",
            "x-ratelimit-limit-tokens": "150000",
            "x-ratelimit-remaining-tokens": "149984",
            "x-ratelimit-reset-tokens": "6m0s",
        }
    )
    assert found == {
        "requests": RateLimitInfo("requests", 60, 0, resets_at=NOW + 1),
        "tokens": RateLimitInfo("tokens", 150000, 149984, resets_at=NOW + 360),
    }


@pytest.mark.parametrize(
    ("span", "seconds"), [("250ms", 0.25), ("1h2m3.5s", 3723.5), ("2d", 172800), ("20", 20), ("0s", 0)]
)
def test_spans(span: str, seconds: float) -> None:
    """As Go writes them, and bare seconds."""
    assert told({"x-ratelimit-reset-tokens": span})["tokens"].resets_at == NOW + seconds


def test_codex() -> None:
    """With a login: percents and seconds."""
    found = told(
        {
            "x-codex-primary-used-percent": "100",
            "x-codex-primary-reset-after-seconds": "90",
            "x-codex-primary-window-minutes": "300",
            "x-codex-secondary-used-percent": "12.5",
        }
    )
    assert found == {
        "primary": RateLimitInfo("primary", used=1, resets_at=NOW + 90),
        "secondary": RateLimitInfo("secondary", used=0.125),
    }


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "12"}, 12),
        ({"retry-after": "Wed, 04 Mar 2026 12:00:45 GMT"}, 45),
        ({"retry-after": "Wed, 04 Mar 2026 11:00:00 GMT"}, 0),
        ({"retry-after-ms": "1500", "retry-after": "2"}, 1.5),
    ],
)
def test_retry_after(headers: dict[str, str], seconds: float) -> None:
    """Seconds, a date, or thousandths, which are the most exact. Of a 429 alone: a 503 speaks of no limit."""
    found = told(headers, 429)["retry-after"]
    assert (found.resets_at, found.is_spent) == (NOW + seconds, True)
    assert told(headers, 503) == {}


@given(st.dictionaries(NAMES, VALUES), st.sampled_from([200, 429, 529]), st.floats(0, 4e9))
def test_garbage_is_left_out(headers: dict[str, str], status: int, now: float) -> None:
    """Whatever a provider sends, nothing is raised, and what is taken is a number that an event can hold."""
    for one in parse_rate_limits(headers, status, now):
        payload = one.payload()
        assert all(math.isfinite(value) for name, value in payload.items() if name != "name")
        assert msgspec.json.decode(msgspec.json.encode(payload)) == payload


@given(st.dictionaries(st.text(), st.text()), st.integers(100, 599))
def test_other_headers_say_nothing(headers: dict[str, str], status: int) -> None:
    """No limit is read where none is told."""
    assert [one for one in parse_rate_limits(headers, status, NOW) if one.name != "retry-after"] == []
