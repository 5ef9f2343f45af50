"""Messages that were read before are kept in bounds of memory."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Iterator

import pytest

from penstock.dialects.anthropic import Anthropic

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
    """However many others come by in between: it has moved to the newer half."""
    dialect = Anthropic()
    body = next(bodies(1, "kept"))
    first = dialect.read(body, "/v1/messages").messages
    assert all(a is b for a, b in zip(first, dialect.read(body, "/v1/messages").messages, strict=True))
