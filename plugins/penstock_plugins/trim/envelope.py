"""`open_envelope`: separates a tool output from what the client wraps around it (`Envelope`): a status, a time, a file
path, tags. `without_runs` replaces runs of 100 and more equal lines by the line and a count. The stage `envelope`,
which strips users' words, is `penstock_plugins.envelope`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import groupby, islice
from operator import eq

__all__ = ["Envelope", "open_envelope", "without_runs"]

_LOOK = 2_000
"""Characters in which the output must begin."""
_STATUS = re.compile(
    r"(?:(?:Script|Exit code|Wall time|Chunk ID|Process|Session ID|Command|Directory|Duration|Status|Stdout"
    r"|Original token count|Total output lines|Warning: truncated)\b[^\n]{0,300}\n|\n){1,12}+",
    re.IGNORECASE,
)
_OUTPUT = re.compile(r"(?:Output|Stdout):[ \t]*\n{1,3}+", re.IGNORECASE)
_CUT = re.compile(r"(?:(?:Warning: truncated|Total output lines:)[^\n]{0,200}\n{1,3}+){1,4}+")
_NAMES = (
    r"(?:path|type|file|files|content|contents|file_content|output|stdout|stderr|result|results|task|task_id|task_type"
    r"|task_result|tool_result|status|retrieval_status|returncode|exit_code|response|document)"
)
_TAGS = re.compile(rf"(?:\s{{0,9}}<({_NAMES})\b[^<>\n]{{0,300}}>(?:[^<>\n]{{0,400}}</\1>)?[ \t]*\n){{1,12}}")
_CLOSING = re.compile(
    rf"(?:\n\s{{0,9}}(?:\([^()\n]{{1,200}}\)|</{_NAMES}>|<{_NAMES}>[^<>\n]{{0,200}}</{_NAMES}>))+\s{{0,9}}$"
)
_RUN = 100
"""Equal lines from which a run is told by its number."""


@dataclass(frozen=True)
class Envelope:
    """An output and what the client put before and after it; the three make up the text."""

    head: str
    body: str
    tail: str


def open_envelope(text: str) -> Envelope:
    """Split `text` into the output and its envelope; where there is none, the output is all of it."""
    start, end = 0, len(text)
    status = _STATUS.match(text, 0, _LOOK)
    if status is not None and (output := _OUTPUT.match(text, status.end())):
        start = output.end()
        cut = _CUT.match(text, start)
        start = cut.end() if cut else start
    elif (tags := _TAGS.match(text, 0, _LOOK)) is not None:
        start = tags.end()
        closing = _CLOSING.search(text, max(start, len(text) - _LOOK))
        end = closing.start() if closing else end
    return Envelope(text[:start], text[start:end], text[end:])


def without_runs(text: str) -> str:
    """`text` with runs of a hundred or more equal lines replaced by the line and a count, so that later work is not
    done for each of them."""
    lines = text.split("\n")
    if not any(map(eq, lines, islice(lines, _RUN - 1, None))):
        return text
    out: list[str] = []
    for line, run in groupby(lines):
        count = sum(1 for _ in run)
        if count < _RUN:
            out += [line] * count
        else:
            out += [line, f"[{count - 1} more lines like the one above]"] if line else [f"[{count} blank lines]"]
    return "\n".join(out)
