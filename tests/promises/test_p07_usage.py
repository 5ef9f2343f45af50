"""P7: what the provider sends reaches the client as it was sent, `usage` first of all."""

from __future__ import annotations

import gzip
import logging
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock import Usage
from penstock.conversation.reply import Reply
from penstock.dialects.content_encoding import stream_decoder
from penstock.dialects.replies import ReplyReader
from penstock.testing import answer, assistant, call, dialect_of
from penstock_addons.wire.tee import Tee

COUNTED = Usage(input=1200, output=34, cache_read=56_000, cache_write=700)
DIALECTS = ["anthropic", "openai-chat", "openai-responses", "ollama-chat", "ollama-generate", "gemini"]


def cut(data: bytes, places: list[int]) -> list[bytes]:
    edges = sorted({0, len(data), *(p % (len(data) + 1) for p in places)})
    return [data[a:b] for a, b in pairwise(edges)]


@pytest.mark.parametrize("dialect", DIALECTS)
@given(places=st.lists(st.integers(0, 5000), max_size=12))
def test_every_chunk_passes_as_it_came(dialect: str, places: list[int]) -> None:
    """One in, the same one out, at once; and what was read on the way is what the provider counted."""
    said = answer(assistant("some words", call("Read", path="a")), dialect=dialect, usage=COUNTED)
    tee = Tee(dialect_of(dialect).reply_reader(said.content_type), None)
    chunks = cut(said.body, places)
    assert [tee(chunk) for chunk in chunks] == chunks
    assert tee.size == len(said.body)
    reply = tee.close()
    assert reply is not None
    assert reply.complete
    assert reply.usage.output == 34
    assert reply.usage.input in (1200, 1900)  # Gemini counts writes as plain input


@given(places=st.lists(st.integers(0, 5000), max_size=12))
def test_a_packed_answer_passes_packed(places: list[int]) -> None:
    """Only the reader unpacks."""
    said = answer(assistant("some words"), usage=COUNTED)
    packed = gzip.compress(said.body)
    tee = Tee(dialect_of("anthropic").reply_reader(said.content_type), stream_decoder("gzip"))
    chunks = cut(packed, places)
    assert [tee(chunk) for chunk in chunks] == chunks
    reply = tee.close()
    assert reply is not None
    assert reply.usage == COUNTED


class Raises(ReplyReader):
    """A reader of a stranger's dialect."""

    def __init__(self, when: str) -> None:
        self.when = when

    def feed(self, chunk: bytes) -> None:
        if self.when == "feed":
            raise RuntimeError("no")

    def close(self) -> Reply:
        raise RuntimeError("no")


@pytest.mark.parametrize("when", ["feed", "close"])
def test_a_reader_that_raises_keeps_no_byte_back(when: str, caplog: pytest.LogCaptureFixture) -> None:
    """The answer reaches the client; what could not be read is not known, and no more."""
    caplog.set_level(logging.CRITICAL)
    tee = Tee(Raises(when), None)
    assert [tee(chunk) for chunk in (b"one", b"two", b"")] == [b"one", b"two", b""]
    assert tee.close() is None
    assert tee.size == 6


def test_a_damaged_encoding_keeps_no_byte_back(caplog: pytest.LogCaptureFixture) -> None:
    """Bytes that do not unpack are the client's to judge."""
    caplog.set_level(logging.CRITICAL)
    tee = Tee(dialect_of("anthropic").reply_reader("text/event-stream"), stream_decoder("gzip"))
    assert tee(b"no gzip at all") == b"no gzip at all"
    assert tee(b"and more") == b"and more"
    assert tee.close() is None


def test_an_answer_without_a_reader_passes() -> None:
    """Of an encoding nobody knows."""
    tee = Tee(None, None)
    assert tee(b"\x00\x01") == b"\x00\x01"
    assert tee.close() is None
