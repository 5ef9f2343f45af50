"""Events come out of a byte stream whole, wherever the network cut it."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.dialects.sse import LineSplitter, Splitter, SseSplitter

LIMIT = 64


@dataclass(frozen=True)
class Stream:
    """Bytes as a server may send them, and the payloads in them."""

    data: bytes
    payloads: list[bytes]


def split(splitter: Splitter, chunks: Iterable[bytes]) -> list[bytes]:
    out = [payload for chunk in chunks for payload in splitter.feed(chunk)]
    return out + list(splitter.close())


def cut(data: bytes, places: Iterable[int]) -> list[bytes]:
    edges = [0, *sorted(min(p, len(data)) for p in places), len(data)]
    return [data[a:b] for a, b in pairwise(edges)]


line_texts = st.binary(max_size=10).map(lambda b: b.replace(b"\r", b" ").replace(b"\n", b" "))
line_ends = st.sampled_from([b"\n", b"\r\n", b"\r"])


@st.composite
def sse_streams(draw: st.DrawFn) -> Stream:
    lines: list[bytes] = []
    payloads: list[bytes] = []
    for _ in range(draw(st.integers(0, 4))):
        data: list[bytes] = []
        for _ in range(draw(st.integers(0, 4))):
            text = draw(line_texts)
            if draw(st.booleans()):
                data.append(text)
                lines.append(b"data: " + text)
            else:
                lines.append(draw(st.sampled_from([b":", b"event: ", b"id: ", b"retry: ", b"other"])) + text)
        lines.append(b"")
        if data:
            payloads.append(b"\n".join(data))
    return Stream(_with_ends(draw, lines), payloads)


@st.composite
def line_streams(draw: st.DrawFn) -> Stream:
    texts = draw(st.lists(line_texts, max_size=5))
    data = b"".join(text + draw(st.sampled_from([b"\n", b"\r\n"])) for text in texts)
    return Stream(data, [text.strip() for text in texts if text.strip()])


def _with_ends(draw: st.DrawFn, lines: list[bytes]) -> bytes:
    out = b""
    for line in lines:
        end = draw(line_ends)
        if out.endswith(b"\r") and not line and end == b"\n":
            end = b"\r"  # CR LF would be one end of line, not two
        out += line + end
    return out


@given(sse_streams(), st.lists(st.integers(0, 200), max_size=6))
def test_sse_events_do_not_depend_on_the_cuts(stream: Stream, places: list[int]) -> None:
    """Any line ends, comments, names and data over several lines: each cut of the stream gives the same events."""
    assert split(SseSplitter(), [stream.data]) == stream.payloads
    assert split(SseSplitter(), cut(stream.data, places)) == stream.payloads
    assert split(SseSplitter(), (stream.data[i : i + 1] for i in range(len(stream.data)))) == stream.payloads
    for i in range(len(stream.data)):
        assert split(SseSplitter(), cut(stream.data, [i])) == stream.payloads


@given(line_streams(), st.lists(st.integers(0, 200), max_size=6))
def test_lines_do_not_depend_on_the_cuts(stream: Stream, places: list[int]) -> None:
    """One payload a line, blank lines left out: each cut of the stream gives the same payloads."""
    assert split(LineSplitter(), [stream.data]) == stream.payloads
    assert split(LineSplitter(), cut(stream.data, places)) == stream.payloads
    assert split(LineSplitter(), (stream.data[i : i + 1] for i in range(len(stream.data)))) == stream.payloads
    for i in range(len(stream.data)):
        assert split(LineSplitter(), cut(stream.data, [i])) == stream.payloads


def test_an_event_is_given_as_soon_as_it_is_complete() -> None:
    """The bytes that end an event give the event; nothing waits for the next one."""
    sse, lines = SseSplitter(), LineSplitter()
    assert list(sse.feed(b"data: one\n")) == []
    assert list(sse.feed(b"\n")) == [b"one"]
    assert list(lines.feed(b'{"n":1}')) == []
    assert list(lines.feed(b"\n")) == [b'{"n":1}']


@pytest.mark.parametrize("end", [b"\n", b"\r", b"\r\n"])
def test_a_cr_ends_its_line_before_the_next_byte_comes(end: bytes) -> None:
    """After a CR nothing waits to see whether an LF follows, and an LF that does follow is no blank line."""
    splitter = SseSplitter()
    assert list(splitter.feed(b"data: a\r")) == []
    assert list(splitter.feed(b"\ndata: b" + end)) == []
    assert list(splitter.feed(end)) == [b"a\nb"]


@pytest.mark.parametrize("end", [b"", b"\n", b"\r", b"\r\n"])
def test_a_stream_that_ends_early_gives_its_last_event(end: bytes) -> None:
    """Without the last blank line, or without the end of the last line, what came is given at the close."""
    assert split(SseSplitter(), [b"data: a\n\ndata: b" + end]) == [b"a", b"b"]
    assert split(LineSplitter(), [b"a\nb" + end]) == [b"a", b"b"]


def test_one_space_after_the_colon_is_no_data() -> None:
    """The space is optional, and only the first one is left out."""
    assert split(SseSplitter(), [b"data:a\ndata:  b\ndata:\n\n"]) == [b"a\n b\n"]


def test_a_closed_splitter_has_nothing_left() -> None:
    """What was given is not given again."""
    for splitter in (SseSplitter(), LineSplitter()):
        assert split(splitter, [b"data: a"]) != []
        assert list(splitter.close()) == []


LONG_EVENTS = {
    "one line": b"data: " + b"x" * LIMIT + b"\n\n",
    "many lines": b"data: 0123456789\n" * 10 + b"\n",
    "a long line between short ones": b"data: a\ndata: " + b"x" * LIMIT + b"\ndata: b\n\n",
}


@pytest.mark.parametrize("long", LONG_EVENTS.values(), ids=LONG_EVENTS)
def test_an_sse_event_that_is_too_long_is_skipped(long: bytes) -> None:
    """All of it is left out, never a part, and the next event is read, wherever the stream was cut."""
    data = b"data: before\n\n" + long + b"data: after\n\n"
    for i in range(len(data)):
        assert split(SseSplitter(LIMIT), cut(data, [i])) == [b"before", b"after"]
    assert split(SseSplitter(LIMIT), (data[i : i + 1] for i in range(len(data)))) == [b"before", b"after"]


def test_an_sse_event_that_is_too_long_is_skipped_at_the_close() -> None:
    """A stream cut in the middle of it gives nothing of it."""
    assert split(SseSplitter(LIMIT), [b"data: a\ndata: " + b"x" * LIMIT]) == []


def test_a_line_that_is_too_long_is_skipped() -> None:
    """All of it is left out, and the next line is read, wherever the stream was cut."""
    data = b"before\n" + b"x" * (LIMIT + 1) + b"\nafter\n"
    for i in range(len(data)):
        assert split(LineSplitter(LIMIT), cut(data, [i])) == [b"before", b"after"]
    assert split(LineSplitter(LIMIT), [b"x" * (LIMIT + 1)]) == []


def test_an_event_of_just_the_limit_is_read() -> None:
    """The limit itself is not too long."""
    assert split(LineSplitter(LIMIT), [b"x" * LIMIT, b"\n"]) == [b"x" * LIMIT]
    line = b"data: " + b"x" * (LIMIT - 6)
    assert split(SseSplitter(LIMIT), [line, b"\n\n"]) == [line[6:]]


@pytest.mark.parametrize("new", [lambda: SseSplitter(4096), lambda: LineSplitter(4096)])
@pytest.mark.parametrize("chunk", [b"x" * 1024, b"data: " + b"x" * 1017 + b"\r"])
def test_a_stream_without_an_end_takes_no_memory(new: Callable[[], Splitter], chunk: bytes) -> None:
    """P14: an event that never ends is not collected."""
    splitter = new()
    tracemalloc.start()
    try:
        for _ in range(1000):
            assert list(splitter.feed(chunk)) == []
        assert tracemalloc.get_traced_memory()[1] < 100_000
    finally:
        tracemalloc.stop()
