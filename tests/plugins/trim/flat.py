"""`unflat`: reads the indented form into which the trim stage writes JSON, to test that nothing is lost in it."""

from __future__ import annotations

import json
import re
from typing import Any

_TABLE = re.compile(r"\[(\d+) rows: (.*)\]$")


def unflat(lines: list[str], is_record: bool) -> Any:
    """The value that was written."""
    if not lines:
        return {} if is_record else []
    return _Reader(lines).children(0, is_record)


class _Reader:
    def __init__(self, lines: list[str]) -> None:
        self.lines = lines
        self.at = 0

    def children(self, pad: int, is_record: bool | None = None) -> Any:
        first = self.lines[self.at][pad:]
        table = _TABLE.match(first)
        if table and not is_record:
            return self.table(int(table[1]), table[2].split("|"), pad)
        if is_record is None:
            is_record = first != "-" and not first.startswith("- ")
        record: dict[str, Any] = {}
        values: list[Any] = []
        while self.at < len(self.lines) and self.indent() == pad:
            line = self.lines[self.at][pad:]
            self.at += 1
            key, rest = _key(line) if is_record else ("", line[1:])
            value = self.value(rest, pad)
            record[key] = value
            values.append(value)
        return record if is_record else values

    def indent(self) -> int:
        return len(self.lines[self.at]) - len(self.lines[self.at].lstrip(" "))

    def value(self, rest: str, pad: int) -> Any:
        if not rest:
            return self.children(pad + 1)
        text = rest[1:]
        if text.startswith("|"):
            count = int(text[1:])
            self.at += count
            return "\n".join(line[pad + 1 :] for line in self.lines[self.at - count : self.at])
        return _scalar(text)

    def table(self, count: int, keys: list[str], pad: int) -> list[dict[str, Any]]:
        rows = self.lines[self.at + 1 : self.at + 1 + count]
        self.at += 1 + count
        cells = [row[pad:].split("|") for row in rows]
        return [{key: _scalar(cell) for key, cell in zip(keys, row, strict=True) if cell} for row in cells]


def _key(line: str) -> tuple[str, str]:
    if line.startswith('"'):
        key, end = json.JSONDecoder().raw_decode(line)
        return key, line[end + 1 :]
    key, _, rest = line.partition(":")
    return key, rest


def _scalar(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
