"""`excerpt`: the lines of a text in a range, or those that match a regular expression, with their numbers; of a
matching line of more than 1,000 characters only the surroundings of the match. Raises `PenstockError` for a wrong range
or expression, and for a search of more than five seconds, which `search` runs in a child process. `lines_of` splits a
text into lines as editors count them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Sequence

from penstock.base.errors import PenstockError

__all__ = ["excerpt", "lines_of", "search"]

WIDE = 1000
"""A matching line of more characters than this is shown around its first match only."""
AROUND = 300
_RANGE = re.compile(r"(\d{1,9})(?:(-)(\d{0,9}))?")
Match = tuple[int, int, int]
"""A matching line: its index, and where in it the first match begins and ends."""
SECONDS = 5.0
"""How long a search for a pattern may take."""
_CHILD = """
import json, re, sys
pattern, lines = json.load(sys.stdin)
try:
    wanted = re.compile(pattern)
except Exception as e:
    json.dump(str(e), sys.stdout)
else:
    found = ((n, wanted.search(line)) for n, line in enumerate(lines))
    json.dump([(n, *match.span()) for n, match in found if match is not None], sys.stdout)
"""
"""The program of the child process. It imports nothing of Penstock, so that it starts within 25 ms."""


def excerpt(text: str, *, grep: str = "", lines: str = "") -> str:
    """The lines of `text` in the range `lines` (`10-40`, `10-`, `10`), and of these the ones in which the regular
    expression `grep` finds something, with their numbers. All lines if neither is given. Raises `PenstockError`."""
    if not grep and not lines:
        return text
    every = lines_of(text)
    first, last = _range(lines, len(every))
    chosen = every[first - 1 : last]
    if not grep:
        return "\n".join(chosen)
    found = search(grep, chosen)
    return "\n".join(f"{first + n}:{_around(chosen[n], start, end)}" for n, start, end in found)


def lines_of(text: str) -> list[str]:
    """The lines as editors and `grep` count them: by line feeds alone."""
    return text.removesuffix("\n").split("\n")


def _range(lines: str, count: int) -> tuple[int, int]:
    if not lines:
        return 1, count
    found = _RANGE.fullmatch(lines.strip())
    if found is None:
        raise PenstockError(f"lines {lines!r}: a range was expected, such as 10-40, 10- or 10")
    first = int(found[1])
    last = first if not found[2] else int(found[3] or count)
    if last < first and found[3]:
        raise PenstockError(f"lines {lines!r}: the range ends before it begins; did you mean {last}-{first}?")
    if not 1 <= first <= count:
        raise PenstockError(f"lines {lines!r}: it has the lines 1-{count}")
    return first, last


def _around(line: str, begins: int, ends: int) -> str:
    if len(line) <= WIDE:
        return line
    start, end = max(0, begins - AROUND), min(ends, begins + AROUND) + AROUND
    return f"{'…' if start else ''}{line[start:end]}{'…' if end < len(line) else ''}"


def search(pattern: str, lines: Sequence[str]) -> Sequence[Match]:
    """The lines in which `pattern` finds something. It runs in a child process that is killed after `SECONDS`, since a
    regular expression may never end. Raises `PenstockError`."""
    command = [sys.executable, "-I", "-S", "-c", _CHILD]
    asked = json.dumps([pattern, lines]).encode()  # in ASCII, half characters too
    try:
        done = subprocess.run(command, input=asked, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=SECONDS)
    except subprocess.TimeoutExpired as e:
        raise PenstockError(
            f"{pattern!r} was not done after {SECONDS:g} s: give a simpler expression, or fewer lines"
        ) from e
    except OSError as e:
        raise PenstockError(f"no process to search in can be started: {e}") from e
    if done.returncode:
        raise PenstockError(f"{pattern!r} can not be searched for: give a simpler expression")
    found: str | list[Match] = json.loads(done.stdout)
    if isinstance(found, str):
        raise PenstockError(f"{pattern!r} is no regular expression: {found}")
    return found
