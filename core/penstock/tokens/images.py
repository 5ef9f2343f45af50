"""`media_in`: estimates the tokens of the images and files in a block (`Medium`) by their `dimensions` and `pages`, not
by the length of their base64; what cannot be examined counts as 1,500 tokens. Never raises.

A request may hold a megabyte of base64 that the model sees as 1,500 tokens. What a provider makes of an image is known
from its width and height, which stand in its first bytes; of a PDF, from its pages. Each provider's formula is chosen
by the form of the block:

- Anthropic (https://docs.anthropic.com/en/docs/build-with-claude/vision): width x height / 750 after scaling down to
  1,568 pixels on the long edge and about 1.15 megapixels. PDF (.../pdf-support): 1,500 to 3,000 tokens a page for its
  text, and the image of the page besides.
- OpenAI (https://platform.openai.com/docs/guides/images-vision): 85, and 170 for each tile of 512 pixels after scaling
  into 2,048 x 2,048 and down to 768 on the short edge; 85 in all for `"detail": "low"`.
- Gemini (https://ai.google.dev/gemini-api/docs/tokens): 258 up to 384 pixels on both edges, else 258 for each tile of
  768 pixels; 258 for each page of a document.
"""

from __future__ import annotations

import binascii
import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

__all__ = ["MEDIA_TOKENS", "Medium", "dimensions", "media_in", "pages"]

MEDIA_TOKENS = 1500
"""Tokens assumed for media that cannot be examined: named by an address or an id, audio, video, an image of an unknown
format."""
PAGE_BYTES = 50_000
"""Bytes taken for one page of a PDF whose pages cannot be counted: their list may be compressed."""
PAGES = 1000
"""The most pages that a provider accepts."""
_HEAD = 4096
"""Letters of base64 that hold the size of most pictures; 3 bytes are 4 letters."""
_FAR = 1 << 18
"""The same for a JPEG with a preview before its size."""
_DEPTH = 6
"""How deep a medium may be nested in its block, such as in a document in a tool's result."""
_PAGE = re.compile(rb"/Type\s*/Page(?![A-Za-z])")
_COUNT = re.compile(rb"/Count\s+(\d{1,6})")
_LINEAR = re.compile(rb"/Linearized\b[^>]{0,200}/N\s+(\d{1,6})")
_SOF = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""Markers of a JPEG that its height and width follow."""


@dataclass(frozen=True, slots=True)
class Medium:
    """One image or file in a block."""

    tokens: int
    letters: int
    """Bytes of the block that are the medium: its base64, or the whole block."""


@dataclass(frozen=True, slots=True)
class _Provider:
    image: Callable[[int, int], int]
    page: int
    """Tokens of one page of a PDF."""


def media_in(raw: bytes) -> list[Medium]:
    """The images and files in a block, given as its JSON. Empty when there are none; never raises."""
    try:
        value = msgspec.json.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return []
    if isinstance(value, str):  # Ollama's list of images holds bare strings
        return [Medium(_encoded(value, "", _ANTHROPIC).tokens, len(raw))]
    whole = _medium(value) if isinstance(value, Mapping) else None
    if whole is not None:  # what holds it together is no words either
        return [Medium(whole.tokens, len(raw))]
    return list(_found(value, _DEPTH))


def dimensions(head: bytes) -> tuple[int, int] | None:
    """Width and height of the PNG, JPEG, GIF or WebP that begins with `head`. None: not to be seen there."""
    size = None
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        size = _big(head, 16, 4), _big(head, 20, 4)
    elif head[:6] in (b"GIF87a", b"GIF89a"):
        size = _little(head, 6, 2), _little(head, 8, 2)
    elif head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        size = _webp(head)
    elif head.startswith(b"\xff\xd8"):
        size = _jpeg(head)
    return size if size is not None and size[0] > 0 and size[1] > 0 else None


def pages(pdf: bytes) -> int:
    """Pages of a PDF, at least 1: as many as it names, or by its size where their list is compressed."""
    found = _LINEAR.search(pdf, 0, 2048)
    if found is not None:
        count = int(found[1])
    else:
        named = sum(1 for _ in _PAGE.finditer(pdf))
        count = named or max((int(n) for n in _COUNT.findall(pdf)), default=0)
    return min(max(count or math.ceil(len(pdf) / PAGE_BYTES), 1), PAGES)


def _found(value: Any, depth: int) -> Iterator[Medium]:
    if depth <= 0:
        return
    if isinstance(value, list):
        for one in value:
            yield from _found(one, depth - 1)
        return
    if not isinstance(value, Mapping):
        return
    medium = _medium(value)
    if medium is not None:
        yield medium
        return
    for one in value.values():
        if isinstance(one, list | Mapping):
            yield from _found(one, depth - 1)


def _medium(value: Mapping[str, Any]) -> Medium | None:
    return _anthropic(value) or _openai(value) or _gemini(value)


def _anthropic(value: Mapping[str, Any]) -> Medium | None:
    source = value.get("source")
    if value.get("type") not in ("image", "document") or not isinstance(source, Mapping):
        return None
    kind = source.get("type")
    if kind in ("text", "content"):  # words, and blocks that are looked into by themselves
        return None
    data = source.get("data")
    if kind == "base64" and isinstance(data, str):
        return _encoded(data, str(source.get("media_type", "")), _ANTHROPIC)
    return Medium(MEDIA_TOKENS, 0)


def _openai(value: Mapping[str, Any]) -> Medium | None:
    kind = value.get("type")
    if kind in ("image_url", "input_image", "computer_screenshot"):
        image = value.get("image_url")
        inner = image if isinstance(image, Mapping) else {"url": image, "detail": value.get("detail")}
        return _by_url(inner.get("url"), low=inner.get("detail") == "low")
    if kind in ("file", "input_file"):
        file = value.get("file")
        return _by_url((file if isinstance(file, Mapping) else value).get("file_data"))
    if kind == "input_audio":
        audio = value.get("input_audio")
        data = audio.get("data") if isinstance(audio, Mapping) else None
        return Medium(MEDIA_TOKENS, len(data) if isinstance(data, str) else 0)
    return None


def _by_url(url: object, *, low: bool = False) -> Medium:
    if not isinstance(url, str) or not url.startswith("data:"):
        return Medium(_LOW if low else MEDIA_TOKENS, 0)
    kind, _, data = url[5:].partition(",")
    medium = _encoded(data, kind, _OPENAI)
    return Medium(_LOW, medium.letters) if low else medium


def _gemini(value: Mapping[str, Any]) -> Medium | None:
    inline = value.get("inlineData") or value.get("inline_data")
    if isinstance(inline, Mapping) and isinstance(inline.get("data"), str):
        kind = inline.get("mimeType") or inline.get("mime_type") or ""
        return _encoded(inline["data"], str(kind), _GEMINI)
    return Medium(MEDIA_TOKENS, 0) if "fileData" in value or "file_data" in value else None


def _encoded(data: str, kind: str, provider: _Provider) -> Medium:
    """The medium in base64, of which only the needed beginning is decoded."""
    head = _decoded(data[:_HEAD])
    if head.startswith(b"%PDF") or "pdf" in kind:
        return Medium(pages(_decoded(data)) * provider.page, len(data))
    size = dimensions(head)
    if size is None and head.startswith(b"\xff\xd8"):
        size = dimensions(_decoded(data[:_FAR]))
    return Medium(provider.image(*size) if size else MEDIA_TOKENS, len(data))


def _decoded(data: str) -> bytes:
    try:
        return binascii.a2b_base64(data[: len(data) - len(data) % 4])
    except (binascii.Error, ValueError):
        return b""


def _jpeg(head: bytes) -> tuple[int, int] | None:
    at = 2
    while at + 9 <= len(head) and head[at] == 0xFF:
        marker = head[at + 1]
        if marker in _SOF:
            return _big(head, at + 7, 2), _big(head, at + 5, 2)
        alone = marker == 0xFF or 0xD0 <= marker <= 0xD8 or marker == 0x01  # fillers, and markers without a length
        at += (1 if marker == 0xFF else 2) if alone else 2 + max(_big(head, at + 2, 2), 2)
    return None


def _webp(head: bytes) -> tuple[int, int] | None:
    form = head[12:16]
    if form == b"VP8X" and len(head) >= 30:
        return _little(head, 24, 3) + 1, _little(head, 27, 3) + 1
    if form == b"VP8L" and len(head) >= 25:
        bits = _little(head, 21, 4)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if form == b"VP8 " and len(head) >= 30:
        return _little(head, 26, 2) & 0x3FFF, _little(head, 28, 2) & 0x3FFF
    return None


def _big(data: bytes, at: int, size: int) -> int:
    return int.from_bytes(data[at : at + size], "big")


def _little(data: bytes, at: int, size: int) -> int:
    return int.from_bytes(data[at : at + size], "little")


def _anthropic_image(width: int, height: int) -> int:
    scale = min(1.0, 1568 / max(width, height), math.sqrt(1.15e6 / (width * height)))
    return max(1, math.ceil(width * height * scale * scale / 750))


_LOW = 85


def _openai_image(width: int, height: int) -> int:
    fit = min(1.0, 2048 / max(width, height))
    scale = fit * min(1.0, 768 / (min(width, height) * fit))
    return _LOW + 170 * _tiles(width * scale, height * scale, 512)


def _gemini_image(width: int, height: int) -> int:
    if max(width, height) <= 384:
        return 258
    scale = min(1.0, 3072 / max(width, height))
    return 258 * _tiles(width * scale, height * scale, 768)


def _tiles(width: float, height: float, edge: int) -> int:
    return max(1, math.ceil(round(width, 3) / edge)) * max(1, math.ceil(round(height, 3) / edge))


_ANTHROPIC = _Provider(_anthropic_image, 2500)
_OPENAI = _Provider(_openai_image, 1500)
_GEMINI = _Provider(_gemini_image, 258)
