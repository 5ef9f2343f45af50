"""Content-encodings: undone within limits, done the same way every time."""

from __future__ import annotations

import bz2
import gzip
import itertools
import tracemalloc
import zlib
from collections.abc import Callable

import brotli
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from penstock.base.errors import Unreadable
from penstock.dialects import content_encoding

LIMIT = 1 << 20
KNOWN = [
    "gzip",
    "x-gzip",
    "deflate",
    "br",
    "zstd",
    "identity",
    "",
    None,
    "gzip, br",
    "GZIP",
    " br ,zstd",
    "identity, gzip",
]
BOMBS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": lambda data: brotli.compress(data, quality=5),
    "zstd": zstandard.ZstdCompressor().compress,
}


@given(st.binary(max_size=3000), st.sampled_from(KNOWN))
def test_what_was_done_can_be_undone(body: bytes, header: str | None) -> None:
    """In every encoding, and in several one after the other; the same bytes for the same body."""
    packed = content_encoding.encode(body, header)
    assert content_encoding.decode(packed, header, LIMIT) == body
    assert content_encoding.encode(body, header) == packed


@given(st.lists(st.binary(min_size=1, max_size=50), min_size=2, max_size=5), st.sampled_from(["gzip", "zstd"]))
def test_members_one_after_the_other_are_one_body(parts: list[bytes], name: str) -> None:
    """Some clients pack while they write (RFC 1952, section 2.2; RFC 8878, section 3)."""
    packed = b"".join(BOMBS[name](part) for part in parts)
    assert content_encoding.decode(packed, name, LIMIT) == b"".join(parts)


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_given_up_on_early(name: str) -> None:
    """However large it would become: what is unpacked at once is bounded."""
    bomb = BOMBS[name](bytes(200 << 20))
    tracemalloc.start()
    with pytest.raises(Unreadable, match="more than 1048576 bytes"):
        content_encoding.decode(bomb, name, LIMIT)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 128 << 20


def test_a_bomb_of_many_members_is_given_up_on_too() -> None:
    """Each is small; together they are not."""
    with pytest.raises(Unreadable, match="more than"):
        content_encoding.decode(gzip.compress(bytes(1000)) * 2000, "gzip", LIMIT)


@pytest.mark.parametrize("header", ["br, gzip", "gzip, gzip"])
def test_a_bomb_in_a_bomb_is_given_up_on_too(header: str) -> None:
    """The limit holds for each layer."""
    body: bytes = bytes(50 << 20)
    for name in header.split(", "):
        body = BOMBS[name](body)
    with pytest.raises(Unreadable, match="more than"):
        content_encoding.decode(body, header, LIMIT)


def test_the_limit_itself_is_allowed() -> None:
    """One byte more is not, packed or plain."""
    for name in (*BOMBS, None):
        fits = content_encoding.encode(bytes(LIMIT), name)
        assert len(content_encoding.decode(fits, name, LIMIT)) == LIMIT
        with pytest.raises(Unreadable):
            content_encoding.decode(content_encoding.encode(bytes(LIMIT + 1), name), name, LIMIT)


@pytest.mark.parametrize("name", BOMBS)
def test_a_cut_body_is_unreadable(name: str) -> None:
    """At whatever byte it was cut: never a part of it that looks whole."""
    packed = BOMBS[name](b"some words, " * 50)
    for end in range(1, len(packed)):
        with pytest.raises(Unreadable):
            content_encoding.decode(packed[:end], name, LIMIT)


@pytest.mark.parametrize("name", BOMBS)
def test_damaged_bytes_are_unreadable(name: str) -> None:
    """No error of a library's own comes out."""
    for body in (b"no such thing", b"\xff" * 40, BOMBS[name](b"words " * 40)[::-1]):
        with pytest.raises(Unreadable):
            content_encoding.decode(body, name, LIMIT)


@pytest.mark.parametrize("name", ["compress", "bzip2", "exi", "gzip, bzip2"])
def test_an_encoding_nobody_knows_is_unreadable(name: str) -> None:
    """It is named."""
    for act in (
        lambda: content_encoding.decode(bz2.compress(b"x"), name, LIMIT),
        lambda: content_encoding.encode(b"x", name),
    ):
        with pytest.raises(Unreadable, match=name.split()[-1]):
            act()


@given(st.binary(min_size=1, max_size=2000), st.sampled_from(list(BOMBS)), st.lists(st.integers(0, 2000), max_size=5))
def test_an_answer_is_undone_as_it_comes(body: bytes, name: str, places: list[int]) -> None:
    """Wherever the network cut it."""
    packed = BOMBS[name](body)
    edges = sorted({0, len(packed), *(p % (len(packed) + 1) for p in places)})
    decoder = content_encoding.stream_decoder(name)
    assert decoder is not None
    assert b"".join(decoder(packed[a:b]) for a, b in itertools.pairwise(edges)) == body


@pytest.mark.parametrize("step", [1, 7, 64, 1000])
@pytest.mark.parametrize("name", ["gzip", "zstd"])
def test_members_one_after_the_other_are_one_answer(name: str, step: int) -> None:
    """However they are cut; and what follows that is none costs nothing."""
    packed = content_encoding.encode(b"hello ", name) + content_encoding.encode(b"world", name) + b"rubbish"
    decoder = content_encoding.stream_decoder(name)
    assert decoder is not None
    assert b"".join(decoder(packed[at : at + step]) for at in range(0, len(packed), step)) == b"hello world"


@pytest.mark.parametrize("name", ["gzip", "deflate", "br", "zstd"])
def test_an_answer_that_is_not_packed_as_it_says(name: str) -> None:
    """Whatever the library of the encoding raises."""
    decoder = content_encoding.stream_decoder(name)
    assert decoder is not None
    with pytest.raises(Unreadable, match=f"is no {name}"):
        decoder(b'{"type": "message"} ' * 100)


@pytest.mark.parametrize("header", [None, "", "identity", "compress", "gzip, br"])
def test_some_answers_are_not_undone(header: str | None) -> None:
    """Nothing to undo, or nothing that could be undone piece by piece."""
    assert content_encoding.stream_decoder(header) is None
