"""`ACCESS`, one kind of tool output: access logs of web servers, in common or combined format. How they are recognised
and shortened."""

from __future__ import annotations

import re
from collections import Counter

from penstock import ToolOutput
from penstock_plugins.trim.output_kind import Kind, Line, Sight
from penstock_plugins.trim.samples import Sample, ends
from penstock_plugins.trim.terminal import folded

__all__ = ["ACCESS"]

_ENTRY = re.compile(
    r"\S{1,80} \S{1,80} \S{1,80} \[[^\]]{1,60}\] "
    r"\"(?P<method>[A-Z]{3,9}) (?P<path>[^\s?\"]{0,800})[^\"]{0,800}\" (?P<status>\d{3})\b"
)
_ID = re.compile(r"\d+|[0-9a-f]{8,}")
_MOST = 12
"""Kinds of requests that the stub counts."""


def _matches(sight: Sight) -> bool:
    return sight.count(_ENTRY) >= 3 and sight.share(_ENTRY) > 0.6


def _repack(output: ToolOutput) -> list[Line]:
    return folded(output)


def _sample(lines: list[Line]) -> Sample:
    """Samples by method, path and status, ignoring ids in paths; every answer with a status of 500 or above is kept."""
    entries = [(index, found) for index, line in enumerate(lines) if (found := _ENTRY.match(line.text))]
    keys = [f"{found['method']} {_ID.sub('#', found['path'])} {found['status']}" for _, found in entries]
    shown = {entries[row][0] for row in ends(keys, first=1)}
    shown |= {index for index, found in entries if found["status"] >= "500"}
    counts = Counter(keys).most_common()
    said = "; ".join(f"{key} ×{count}" for key, count in counts[:_MOST] if count > 1)
    more = f"; {len(counts) - _MOST} other kinds" if len(counts) > _MOST else ""
    return Sample({index for index, _ in entries}, shown, [f"{len(entries)} requests: {said}{more}"])


ACCESS = Kind("access log", _matches, _repack, sample=_sample, log=True)
