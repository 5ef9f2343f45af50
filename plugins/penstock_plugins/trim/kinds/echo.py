"""`ECHO`, one kind of tool output: the echo of an edit, where the tool prints the lines that its call just wrote
(`strings` finds them in its input). How it is recognised and shortened."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from penstock import ToolOutput
from penstock_plugins.common.tool_calls import ToolKind
from penstock_plugins.trim.kinds.source import DEFINITION, NUMBERED, numbered
from penstock_plugins.trim.names import is_error
from penstock_plugins.trim.output_kind import Kind, Line, Sight

__all__ = ["ECHO", "strings"]

_EACH, _LONG, _BEGINNING = 10, 20, 12
"""In `safe`, of a run of more than so many lines each so-manyth is shown by so many characters: the agent knows what it
wrote, but not where in the file it now stands."""
_OLD = frozenset({"old_string", "old_str", "oldString", "old_text", "oldText", "search"})


def strings(value: Any) -> Iterator[str]:
    """Every string in a tool's input, however deeply nested, except an edit's old text."""
    waiting = [value]
    while waiting:
        inner = waiting.pop()
        if isinstance(inner, str):
            yield inner
        elif isinstance(inner, dict):
            waiting += [inner[key] for key in reversed(inner) if key not in _OLD]
        elif isinstance(inner, list):
            waiting += reversed(inner)


def _is_echo(sight: Sight) -> bool:
    return sight.tool is ToolKind.EDIT and sight.count(NUMBERED) >= 3


def _elide(output: ToolOutput) -> list[Line]:
    """Replace runs of numbered lines that are in the call by one line that says so."""
    sent = {line.rstrip() for text in strings(dict(output.input)) for line in text.splitlines()}
    out: list[Line] = []
    run: list[Line] = []
    careful = output.aggressiveness == "safe"

    def close() -> None:
        if len(run) > 2:
            marks = [line for line in run if line.number % _EACH == 0] if careful and len(run) > _LONG else []
            where = f", each {_EACH}th begins" if marks else ""
            said = f"[{run[0].number}-{run[-1].number}: as you wrote{where}]"
            out.append(Line(said, must=True, told=len(run) - len(marks)))
            out.extend(Line(line.text[:_BEGINNING].rstrip(), line.margin) for line in marks)
        else:
            out.extend(run)
        run.clear()

    for line in numbered(output.text):
        if line.margin and line.text.rstrip() in sent and not (is_error(line.text) and len(line.text) < 300):
            run.append(line)
        else:
            close()
            out.append(line)
    close()
    return out


def _depth(line: str) -> int | None:
    return 0 if DEFINITION.match(line) else None


ECHO = Kind("edit's echo", _is_echo, _elide, depth=_depth, worth=1, code=True, file=True, loud=False)
