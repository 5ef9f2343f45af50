"""`JSON`, one kind of tool output: JSON, repacked as indented lines without quotes, and like records as a table.
Repacking keeps every value, in its own form; where lines are left out, long tables are shown by sample rows.

user: ann                      a string that cannot be taken for anything else, bare
age: 41                        any other value as JSON
text: |2                       a long string of 2 lines, below
 first line
 second line
pets:                          children, one blank deeper
 [2 rows: name|kind|age]       a table: a cell left empty is a key the record has not
 Rex|dog|4
 Mia|cat|
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from penstock import ToolOutput
from penstock_plugins.trim.output_kind import Kind, Line, Sight, plain
from penstock_plugins.trim.samples import Sample, rows

__all__ = ["JSON"]

_KEY = re.compile(r"[\w.$@/-]+")
_TYPED = re.compile(r"-?[\d.]+(?:[eE][+-]?\d+)?|true|false|null|NaN|-?Infinity")
_TABLE = re.compile(r" *\[(\d{1,7}) rows: (.*)\]$")
_JUNK = re.compile(
    r"-?\s*+\w*(?:url|node_id|gravatar_id|href|_links|sha|oid|cursor)s?: |-?\s*+[\w.$@/-]+: https?://\S+$"
)
_INLINE = 80
_DEEP = 40
"""Deeper nesting stays as it is: each level is written again to learn whether it fits a line."""
_CELL = 200
_MANY = 12
"""Tables with more rows than this are shown by example, where lines may be left out."""


def _parse(text: str) -> Any:
    """The value, or ValueError where writing it again would not give the same: repeated keys, unusual number forms."""
    return json.loads(text, object_pairs_hook=_record, parse_float=_float, parse_constant=_refuse)


def _record(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) != len(pairs):
        raise ValueError("a key stands twice")
    return record


def _float(digits: str) -> float:
    if repr(number := float(digits)) != digits:
        raise ValueError(f"{digits} would change its form")
    return number


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def _load(text: str) -> Any:
    """A dict or a list; one value a line counts as a list. None where it is neither."""
    stripped = text.strip()
    if stripped[:1] not in ("[", "{"):
        return None
    lines = stripped.split("\n")
    by_line = len(lines) > 1 and lines[0].rstrip().endswith("}")
    try:
        value = [_parse(line) for line in lines] if by_line else _parse(stripped)
    except (ValueError, RecursionError):
        return None
    return None if _is_deeper(value, _DEEP) else value


def _is_deeper(value: Any, than: int) -> bool:
    if not isinstance(value, dict | list):
        return False
    return than == 0 or any(
        _is_deeper(inner, than - 1) for inner in (value.values() if isinstance(value, dict) else value)
    )


def _matches(sight: Sight) -> bool:
    head = sight.head.lstrip()
    return head[:1] in ("[", "{") and _load(sight.output.text) is not None


def _repack(output: ToolOutput) -> list[Line]:
    return plain(_flat(_load(output.text), ""))


def _flat(value: Any, pad: str) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            name = key if _KEY.fullmatch(key) else json.dumps(key, ensure_ascii=False)
            yield from _pair(f"{pad}{name}:", inner, pad)
        return
    table = _table(value)
    if table is not None:
        yield from (pad + row for row in table)
        return
    for inner in value:
        yield from _pair(f"{pad}-", inner, pad)


def _pair(key: str, value: Any, pad: str) -> Iterator[str]:
    if isinstance(value, str) and "\n" in value and len(value) > _INLINE:
        lines = value.split("\n")
        yield f"{key} |{len(lines)}"
        yield from (f"{pad} {line}" for line in lines)
    elif isinstance(value, dict | list) and value and len(_compact(value)) > _INLINE:
        yield key
        yield from _flat(value, pad + " ")
    else:
        yield f"{key} {_bare(value)}"


def _table(value: list[Any]) -> list[str] | None:
    """Two or more records with short cells, as one line each below the names of their keys."""
    if len(value) < 2 or not all(isinstance(record, dict) and record for record in value):
        return None
    keys = list(dict.fromkeys(key for record in value for key in record))
    ordered = all(list(record) == [key for key in keys if key in record] for record in value)
    if not ordered or not all(_KEY.fullmatch(key) for key in keys):
        return None
    cells = [[_bare(record[key], "|") if key in record else "" for key in keys] for record in value]
    if any(len(cell) > _CELL for row in cells for cell in row):
        return None
    return [f"[{len(value)} rows: {'|'.join(keys)}]", *("|".join(row) for row in cells)]


def _bare(value: Any, separator: str = "") -> str:
    """A string without quotes, if it cannot be taken for anything else."""
    if (
        isinstance(value, str)
        and value.isprintable()
        and value
        and value == value.strip()
        and value[0] not in '[{"|'
        and not (separator and separator in value)
        and not _TYPED.fullmatch(value)
    ):
        return value
    return _compact(value).replace("|", "\\u007c") if separator else _compact(value)


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _sample(lines: list[Line]) -> Sample:
    sample = Sample()
    for start, line in enumerate(lines):
        head = _TABLE.match(line.text) if line.text.endswith("]") else None
        if head is None or not _MANY < int(head[1]) < len(lines) - start:
            continue
        inside = range(start + 1, start + 1 + int(head[1]))
        shown, said = rows(head[2].split("|"), [lines[index].text.strip().split("|") for index in inside])
        sample.covered |= set(inside)
        sample.shown |= {start} | {start + 1 + row for row in shown}
        sample.said.append(f"{head[1]} rows: {said}")
    return sample


def _depth(line: str) -> int | None:
    return len(line) - len(line.lstrip(" "))


JSON = Kind("JSON", _matches, _repack, depth=_depth, noise=_JUNK, sample=_sample, addresses=True, loud=False)
