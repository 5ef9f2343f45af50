"""`LOG`, one kind of tool output: logs with a time or a level at the head of each entry. How they are recognised, and
shortened to samples of each form of entry."""

from __future__ import annotations

import re
from collections import defaultdict

from penstock import ToolOutput
from penstock_plugins.trim.kinds.csv import CSV
from penstock_plugins.trim.output_kind import Kind, Line, Sight
from penstock_plugins.trim.samples import Sample
from penstock_plugins.trim.terminal import folded

__all__ = ["LOG"]

_CLOCK = r"\d{1,2}:\d\d:\d\d(?:[.,]\d{1,9})?(?: ?(?:Z|UTC|[+-]\d\d:?\d\d))?"
_HEAD = re.compile(
    r"(?:\S{1,80} {1,40}\| )?"  # the service, where several are printed together
    r"(?:<\d{1,3}>)?[\[(]?(?:"
    rf"\d{{4}}[-/.]\d\d[-/.]\d\d(?:[T ]|, ){_CLOCK}"
    rf"|\d{{1,2}}[-/.]\d{{1,2}}[-/.]\d{{2,4}},? {_CLOCK}"
    rf"|(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? )?[A-Z][a-z]{{2}} [ \d]?\d (?:\d{{4}} )?{_CLOCK}"
    rf"|{_CLOCK}| {{0,8}}\d{{1,9}}\.\d{{3,9}}(?=\])|[IWEF]\d{{4}} {_CLOCK}"
    r"|(?:TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|FATAL|CRITICAL)(?=[\]: \t])"
    r"|(?:time|ts|level|lvl)=\S"
    r")[\])]?[: \t,]*"
)
_VALUE = re.compile(r"\d+|[0-9a-f]{8,}|\"[^\"]{0,200}\"|'[^']{0,200}'")
_FORM = 80
"""Characters by which two entries are told apart, values aside."""
_FORMS = 40
"""Forms of entries that are shown by example, the rarest first."""
_MOST = 8
"""Those that are counted."""
_FIRST, _LAST = 3, 10
"""The number of entries that are shown from the beginning and from the end of a log."""


def _matches(sight: Sight) -> bool:
    # A table may begin with times too, but names its columns.
    return sight.count(_HEAD) >= 3 and sight.share(_HEAD) > 0.6 and not CSV.matches(sight)


def _sample(lines: list[Line]) -> Sample:
    """The first and the last entry of each form, and the newest entries; with how often each form occurs."""
    entries = [(index, found.end()) for index, line in enumerate(lines) if (found := _HEAD.match(line.text))]
    forms: dict[str, list[int]] = defaultdict(list)
    for index, start in entries:
        forms[_VALUE.sub("#", lines[index].text[start : start + 4 * _FORM])[:_FORM].strip()].append(index)
    rare = sorted(forms.values(), key=len)[:_FORMS]
    shown = {index for found in rare for index in (found[0], found[-1])}
    shown |= {index for index, _ in (*entries[:_FIRST], *entries[-_LAST:])}
    often = sorted(((form, len(found)) for form, found in forms.items() if len(found) > 1), key=lambda one: -one[1])
    said = "; ".join(f"{form} ×{count}" for form, count in often[:_MOST])
    return Sample(set(), shown, [f"{len(entries)} entries, # for values: {said}"] if said else [])


def _repack(output: ToolOutput) -> list[Line]:
    return folded(output)


LOG = Kind("log", _matches, _repack, sample=_sample, lead=_HEAD)
