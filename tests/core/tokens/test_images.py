"""How many tokens images and files have."""

from __future__ import annotations

import base64
import json
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.cost.account import cache_blocks
from penstock.plugins.draft import Draft
from penstock.testing import dialect_of, draft_for, path_of
from penstock.tokens.estimate import estimated
from penstock.tokens.images import MEDIA_TOKENS, Medium, dimensions, media_in, pages


def png(width: int, height: int) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", width, height) + b"\x08\x06" + bytes(9000)


def jpeg(width: int, height: int, preview: int = 0) -> bytes:
    app = b"\xff\xe1" + struct.pack(">H", preview + 2) + bytes(preview) if preview else b""
    return b"\xff\xd8" + app + b"\xff\xc0" + struct.pack(">HBHHB", 17, 8, height, width, 3) + bytes(9000)


def gif(width: int, height: int) -> bytes:
    return b"GIF89a" + struct.pack("<HH", width, height) + bytes(9000)


def webp(form: bytes, width: int, height: int) -> bytes:
    head = b"RIFF" + struct.pack("<I", 9000) + b"WEBP" + form + struct.pack("<I", 10)
    if form == b"VP8X":
        return head + bytes(4) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little") + bytes(99)
    if form == b"VP8L":
        return head + b"\x2f" + struct.pack("<I", (width - 1) | (height - 1) << 14) + bytes(99)
    return head + bytes(3) + b"\x9d\x01\x2a" + struct.pack("<HH", width, height) + bytes(99)


def pdf(count: int) -> bytes:
    leaves = b"".join(b"%d 0 obj << /Type /Page /Parent 1 0 R >> endobj\n" % n for n in range(count))
    return b"%PDF-1.7\n1 0 obj << /Type /Pages /Count " + str(count).encode() + b" >> endobj\n" + leaves


def anthropic(data: bytes, kind: str = "image/png") -> dict[str, Any]:
    said = {"type": "base64", "media_type": kind, "data": base64.b64encode(data).decode()}
    return {"type": "document" if "pdf" in kind else "image", "source": said}


def url(data: bytes, kind: str = "image/png") -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


def tokens(block: object) -> int:
    (medium,) = media_in(json.dumps(block).encode())
    return medium.tokens


@pytest.mark.parametrize(
    "head",
    [
        png(640, 480),
        jpeg(640, 480),
        jpeg(640, 480, preview=30_000),
        gif(640, 480),
        webp(b"VP8X", 640, 480),
        webp(b"VP8L", 640, 480),
        webp(b"VP8 ", 640, 480),
    ],
)
def test_the_size_stands_at_the_head(head: bytes) -> None:
    """Of each format that providers take, behind a camera's preview too."""
    assert dimensions(head) == (640, 480)
    assert tokens(anthropic(head)) == 410


@pytest.mark.parametrize(
    ("size", "count"),
    [((1000, 1000), 1334), ((200, 200), 54), ((3000, 4000), 1534), ((8000, 100), 41), ((1, 1), 1)],
)
def test_anthropic_counts_pixels(size: tuple[int, int], count: int) -> None:
    """Scaled down to 1,568 on the long edge and 1.15 megapixels."""
    assert tokens(anthropic(png(*size))) == count


@pytest.mark.parametrize(
    ("size", "count"), [((1024, 1024), 765), ((2048, 4096), 1105), ((512, 512), 255), ((4096, 8192), 1105)]
)
def test_openai_counts_tiles(size: tuple[int, int], count: int) -> None:
    """In both of its formats; 85 where little detail is asked for."""
    chat = {"type": "image_url", "image_url": {"url": url(png(*size))}}
    assert tokens(chat) == tokens({"type": "input_image", "image_url": url(png(*size))}) == count
    assert tokens({"type": "image_url", "image_url": {"url": url(png(*size)), "detail": "low"}}) == 85
    assert tokens({"type": "input_image", "image_url": url(png(*size)), "detail": "low"}) == 85


@pytest.mark.parametrize(("size", "count"), [((384, 300), 258), ((768, 768), 258), ((1000, 700), 516)])
def test_gemini_counts_tiles_of_its_own(size: tuple[int, int], count: int) -> None:
    """In both of its spellings."""
    data = base64.b64encode(png(*size)).decode()
    assert tokens({"inlineData": {"mimeType": "image/png", "data": data}}) == count
    assert tokens({"inline_data": {"mime_type": "image/png", "data": data}}) == count


def test_a_pdf_counts_by_its_pages() -> None:
    """By as many as each provider makes of a page."""
    assert tokens(anthropic(pdf(12), "application/pdf")) == 12 * 2500
    assert tokens({"type": "input_file", "file_data": url(pdf(12), "application/pdf")}) == 12 * 1500
    assert tokens({"type": "file", "file": {"file_data": url(pdf(12), "application/pdf")}}) == 12 * 1500
    data = base64.b64encode(pdf(12)).decode()
    assert tokens({"inlineData": {"mimeType": "application/pdf", "data": data}}) == 12 * 258


def test_pages_are_told_even_where_they_are_not_listed() -> None:
    """By the count at the root, by the head of a file for the web, by the size of the rest."""
    assert pages(b"%PDF-1.5\n<< /Type /Pages /Count 7 >>") == 7
    assert pages(b"%PDF-1.5\n1 0 obj << /Linearized 1 /L 9 /N 31 >> endobj" + bytes(9000)) == 31
    assert pages(b"%PDF-1.5\n" + bytes(500_000)) == 11
    assert pages(b"") == 1
    assert pages(b"%PDF /Count 999999") == 1000


@pytest.mark.parametrize(
    "block",
    [
        {"type": "image", "source": {"type": "url", "url": "https://example.org/a.png"}},
        {"type": "image", "source": {"type": "file", "file_id": "file_1"}},
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "no base64 at all"}},
        {"type": "image_url", "image_url": {"url": "https://example.org/a.png"}},
        {"type": "input_file", "file_id": "file_1"},
        {"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "wav"}},
        {"fileData": {"fileUri": "https://example.org/a"}},
    ],
)
def test_what_can_not_be_looked_into_counts_as_a_picture(block: dict[str, Any]) -> None:
    """The documented default."""
    assert tokens(block) == MEDIA_TOKENS


def test_words_are_no_medium() -> None:
    """A document that is text, and base64 that stands in words, count by their letters."""
    text = {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "words " * 99}}
    assert media_in(json.dumps(text).encode()) == []
    assert media_in(json.dumps({"type": "tool_result", "content": url(png(9, 9))}).encode()) == []


def test_a_medium_is_found_within_a_result() -> None:
    """With the letters that are to be left out of the rest, and each by itself."""
    block = {"type": "tool_result", "content": [{"type": "text", "text": "two"}, *[anthropic(png(300, 300))] * 2]}
    letters = len(base64.b64encode(png(300, 300)))
    assert media_in(json.dumps(block).encode()) == [Medium(120, letters)] * 2


@pytest.mark.parametrize(
    ("dialect", "message", "least", "most"),
    [
        ("anthropic", {"role": "user", "content": [anthropic(png(1000, 1000))]}, 1334, 1334),
        (
            "anthropic",
            {
                "role": "user",
                "content": [{"type": "tool_result", "tool_use_id": "1", "content": [anthropic(png(9, 9))]}],
            },
            1,
            80,
        ),
        (
            "openai-chat",
            {"role": "user", "content": [{"type": "image_url", "image_url": {"url": url(png(9, 9))}}]},
            255,
            255,
        ),
        ("ollama-chat", {"role": "user", "content": "", "images": [url(png(1000, 1000)).split(",")[1]]}, 1334, 1340),
    ],
)
def test_a_request_counts_its_images(dialect: str, message: dict[str, Any], least: int, most: int) -> None:
    """In the ledger of money and in what stages are told, whatever the format."""
    read = dialect_of(dialect).read(json.dumps({"model": "m", "messages": [message]}).encode(), path_of(dialect))
    assert least <= cache_blocks(read)[-1].tokens <= most
    assert estimated(read) == sum(block.tokens for block in cache_blocks(read))
    assert estimated(read) <= read.size / 2.9 + 1 < len(read.body) / 2.9


def test_a_stage_is_told_the_same() -> None:
    """What it may spend does not depend on how well a picture was packed."""
    body = json.dumps({"messages": [{"role": "user", "content": [anthropic(png(1000, 1000) + bytes(400_000))]}]})
    draft: Draft = draft_for(body.encode())
    assert 1334 <= draft.tokens <= 1400


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.just(url(png(5, 5))),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["type", "source", "data", "image_url", "file", "inlineData", "content"]), inner
        )
    ),
    max_leaves=20,
)


@given(JSON)
def test_no_shape_is_too_strange(value: object) -> None:
    """Nothing is raised, and no count is below zero."""
    raw = json.dumps(value).encode()
    for medium in media_in(raw):
        assert medium.tokens > 0
        assert 0 <= medium.letters <= len(raw)


@given(
    st.binary(max_size=200),
    st.sampled_from([b"", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"\xff\xd8\xff", b"RIFF....WEBPVP8L", b"RIFF....WEBPVP8X"]),
)
def test_no_bytes_are_too_strange(tail: bytes, head: bytes) -> None:
    """Cut off or broken, a picture counts as one."""
    size = dimensions(head + tail)
    assert size is None or min(size) > 0
    assert tokens(anthropic(head + tail)) > 0
    assert media_in(tail) == [] or tail.strip()[:1] in b'"[{'
    assert pages(tail) >= 1
