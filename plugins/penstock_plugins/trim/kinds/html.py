"""`HTML`, one kind of tool output: HTML, whose visible text is kept before its markup. How it is recognised and
shortened."""

from __future__ import annotations

import re

from penstock import ToolOutput
from penstock_plugins.trim.output_kind import Kind, Line, Sight, plain
from penstock_plugins.trim.samples import Sample

__all__ = ["HTML"]

_START = re.compile(r"\s*+(?:<!doctype html|<html\b)", re.IGNORECASE)
_TAG = re.compile(
    r"\s*+<(?:!doctype|html|head|body|div|span|p|a|ul|li|table|tr|td|script|link|meta|style|section|nav|h[1-6])\b",
    re.IGNORECASE,
)
_MARKUP = re.compile(r"<[^<>]{0,2000}>")
_SKIPPED = re.compile(r"\s*+<(/?)(script|style|svg|noscript)\b", re.IGNORECASE)
_TELLING = re.compile(r".*<(?:title|h[1-6]|button|input|select|label|form|meta name=.description)\b", re.IGNORECASE)


def _matches(sight: Sight) -> bool:
    return _START.match(sight.head) is not None or (sight.count(_TAG) >= 8 and sight.share(_TAG) > 0.5)


def _repack(output: ToolOutput) -> list[Line]:
    return plain(output.text.split("\n"))


def _sample(lines: list[Line]) -> Sample:
    """Scripts, styles, drawings and bare tags count as noise."""
    dull: set[int] = set()
    inside = ""
    for index, line in enumerate(lines):
        head = line.text[:4_000]
        tag = _SKIPPED.match(head)
        if tag and not tag[1]:
            inside = tag[2].lower()
        if inside or not _MARKUP.sub("", head).strip():
            dull.add(index)
        if inside and f"</{inside}" in head.lower():
            inside = ""
    return Sample(dull, set(), [])


HTML = Kind("page", _matches, _repack, keep=_TELLING, sample=_sample, loud=False)
