"""`split_log`: groups the entries of a log that differ in numbers and ids only into one piece each, with how often they
occur. Warnings and errors are kept, other entries only if the log names no levels."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from penstock.base.format import plural
from penstock.memory.items import Kind
from penstock.memory.materials.piece import Piece, Pieces

__all__ = ["is_fault", "split_log"]

_TIME = re.compile(
    r"^[\[(]?(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,6})?\d{0,3} ?(?:Z|UTC|[+-]\d\d:?\d\d)?"
    r"|[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d|\d\d:\d\d:\d\d(?:[.,]\d{1,9})?)[\])]?[ \t,:|-]*"
)
_LEVEL = re.compile(
    r"\b(TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|ERR|SEVERE|CRITICAL|FATAL|PANIC)\b"
    r"|\b(?:level|lvl|severity)\"?[=:] ?\"?(trace|debug|info|notice|warn|warning|error|critical|fatal|panic)\b"
)
_LEVEL_WITHIN = 120
"""Characters of an entry in which its level is searched, since its message may mention errors."""
_QUIET = {"trace", "debug", "info", "notice"}
_FAULT = re.compile(r"Traceback \(most recent|^\s*(?:Caused by|Exception in|panic:)|\b\w+(?:Error|Exception)\b: ", re.M)
_GOES_ON = re.compile(r"^(?:\s+\S|Caused by|Traceback |\w+(?:\.\w+)*(?:Error|Exception)\b|\.\.\. \d+ more)")
_VALUE = re.compile(r"0x[0-9a-fA-F]+|\b[0-9a-f]{8,}\b|[0-9a-f]{8}-[0-9a-f-]{27}|\d+")
_FORM = 200
"""Characters, without values, by which two entries are compared."""
_MOST = 200
"""The most groups of one log."""
_LONGEST = 4_000
"""The most characters of one entry; of a longer one, beginning and end are kept."""


@dataclass
class _Group:
    """Entries of one form."""

    text: str
    level: str
    first: str
    last: str
    count: int = 1
    also: list[str] = field(default_factory=list)

    def piece(self) -> Piece:
        often = "" if self.count == 1 else f"\n[{self.count:,} times"
        if often and self.first != self.last:
            often += f", from {self.first} to {self.last}"
        return Piece(f"{self.text}{often and often + ']'}", Kind.LOG, at=_seconds(self.last))


def split_log(text: str) -> Pieces:
    """One piece for each form of entries, in the order they first occur."""
    groups: dict[tuple[str, str], _Group] = {}
    for entry in _entries(text):
        time = _TIME.match(entry)
        stamp = time[1] if time else ""
        rest = entry[time.end() :] if time else entry
        key = (_level(entry), _VALUE.sub("#", rest[:_FORM]))
        if key in groups:
            groups[key].count += 1
            groups[key].last = stamp or groups[key].last
        else:
            groups[key] = _Group(_cut(entry), key[0], stamp, stamp)
    wanted = [group for group in groups.values() if group.level not in _QUIET]
    if any(group.level for group in groups.values()):
        wanted = [group for group in wanted if group.level]
    quiet = sum(group.count for group in groups.values()) - sum(group.count for group in wanted)
    skipped = [f"{plural(quiet, 'entry', 'entries')} of no warning and no error"] if quiet else []
    if len(wanted) > _MOST:
        skipped.append(f"{len(wanted) - _MOST:,} forms of entries beyond the {_MOST} most severe and frequent")
        order = sorted(wanted, key=lambda group: (group.level.startswith("warn"), -group.count))[:_MOST]
        chosen = set(map(id, order))
        wanted = [group for group in wanted if id(group) in chosen]
    return Pieces(tuple(group.piece() for group in wanted), tuple(skipped))


def is_fault(text: str) -> bool:
    """Whether an entry is an error, not a warning."""
    level = _level(text)
    return bool(level) and level not in _QUIET and not level.startswith("warn")


def _entries(text: str) -> Iterator[str]:
    """Entries with the lines that go on with them, such as a stack."""
    entry: list[str] = []
    for line in text.split("\n"):
        if entry and (not line.strip() or _GOES_ON.match(line)) and not _TIME.match(line):
            entry.append(line)
            continue
        if entry:
            yield "\n".join(entry).rstrip()
        entry = [line] if line.strip() else []
    if entry:
        yield "\n".join(entry).rstrip()


def _level(entry: str) -> str:
    """Its level in lower case; `error` for an exception without one; empty if unknown."""
    found = _LEVEL.search(entry[:_LEVEL_WITHIN])
    if found:
        return (found[1] or found[2]).lower()
    return "error" if _FAULT.search(entry[:_LONGEST]) else ""


def _cut(entry: str) -> str:
    return entry if len(entry) <= _LONGEST else f"{entry[: _LONGEST // 2]}\n…\n{entry[-_LONGEST // 2 :]}"


def _seconds(stamp: str) -> float | None:
    """Seconds since 1970; a time without a zone is UTC. None: it has no year."""
    try:
        when = datetime.fromisoformat(stamp.replace(",", ".").removesuffix("UTC").strip())
    except ValueError:
        return None
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()
