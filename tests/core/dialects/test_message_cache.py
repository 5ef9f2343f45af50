"""Messages that were read before are kept in bounds of memory."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.dialects.anthropic import Anthropic
from tests.footprint import footprint
from tests.sizing import examples

LIMIT = 1 << 20


def bodies(count: int, text: str) -> Iterator[bytes]:
    for n in range(count):
        messages = [{"role": "user", "content": f"{n} {k} {text}"} for k in range(10)]
        yield json.dumps({"model": "m", "max_tokens": 5, "messages": messages}, ensure_ascii=False).encode()


@pytest.mark.slow
@pytest.mark.parametrize("text", ["short", "a longer text " * 300, "ein längerer Text → " * 300, "漢字" * 500])
def test_what_is_kept_stays_below_the_limit(text: str) -> None:
    """The limit is one of real memory: of bytes, decoded texts and objects, whatever the texts are like."""
    dialect = Anthropic(LIMIT)
    for body in bodies(20, text):
        dialect.read(body, "/v1/messages")
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for body in bodies(1200 if len(text) < 100 else 150, text):
            dialect.read(body, "/v1/messages")
        del body
        grown = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert LIMIT // 4 < grown < 1.5 * LIMIT


def test_a_message_in_use_is_not_read_again() -> None:
    """However many others come by in between: it has moved to the newest quarter."""
    dialect = Anthropic()
    body = next(bodies(1, "kept"))
    first = dialect.read(body, "/v1/messages").messages
    assert all(a is b for a, b in zip(first, dialect.read(body, "/v1/messages").messages, strict=True))


@settings(max_examples=examples(20), deadline=None)
@given(st.lists(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 20_000)), min_size=1, max_size=20), max_size=30))
def test_what_is_kept_is_bounded_whatever_comes(requests: list[list[tuple[int, int]]]) -> None:
    """Long and short messages, new and known ones, in any order. Each part may take one message more than its share."""
    limit = 100_000
    dialect = Anthropic(limit)
    for request in requests:
        messages = [{"role": "user", "content": f"{n} {'x' * length}"} for n, length in request]
        body = {"model": "m", "max_tokens": 5, "messages": messages}
        dialect.read(json.dumps(body).encode(), "/v1/messages")
        assert footprint(dialect._seen) < 1.5 * (limit + 4 * 2 * 22_000)


def test_a_cache_that_is_full_drops_a_quarter() -> None:
    """And not more at once, of what was used longest ago: the heap would be left with holes."""
    dialect, body = Anthropic(LIMIT), next(bodies(1, "kept"))
    kept = dialect.read(body, "/v1/messages").messages
    sizes = [0]
    for other in bodies(400, "a longer text " * 30):
        dialect.read(other, "/v1/messages")
        again = dialect.read(body, "/v1/messages").messages
        assert all(a is b for a, b in zip(kept, again, strict=True))
        sizes.append(footprint(dialect._seen))
    drops = [before - after for before, after in pairwise(sizes) if after < before]
    assert len(drops) > 3
    assert max(drops) < LIMIT / 3
