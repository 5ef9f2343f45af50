"""Look for a regular expression in lines, in a process of its own that can be ended."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence

from penstock.base.errors import PenstockError

__all__ = ["SECONDS", "Match", "search"]

Match = tuple[int, int, int]
"""Which line, by its index, and where in it the first match begins and ends."""
SECONDS = 5.0
"""How long a search may take."""
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
"""What the other process does. It imports nothing of ours: a start takes a fortieth of a second."""


def search(pattern: str, lines: Sequence[str]) -> Sequence[Match]:
    """The lines in which `pattern` finds something. Ended after `SECONDS`: a pattern may take until the end of time,
    whoever wrote it. Raises `PenstockError`."""
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
