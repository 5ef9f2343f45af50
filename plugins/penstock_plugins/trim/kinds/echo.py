"""The echo of an edit: the tool shows the lines that the call itself just held."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from penstock import ToolOutput
from penstock_plugins.trim.kinds.source import DEFINITION, NUMBERED, numbered
from penstock_plugins.trim.names import is_error
from penstock_plugins.trim.page import Kind, Line, Sight

__all__ = ["ECHO", "strings"]

_WRITERS = frozenset({"Edit", "MultiEdit", "Write", "NotebookEdit", "str_replace_based_edit_tool", "edit", "write"})


def strings(value: Any) -> Iterator[str]:
    """Every string in a tool's input, however deep, an edit's old text aside."""
    waiting = [value]
    while waiting:
        inner = waiting.pop()
        if isinstance(inner, str):
            yield inner
        elif isinstance(inner, dict):
            waiting += [inner[key] for key in reversed(inner) if key not in ("old_string", "old_str")]
        elif isinstance(inner, list):
            waiting += reversed(inner)


def _is_echo(sight: Sight) -> bool:
    return sight.output.tool in _WRITERS and sight.count(NUMBERED) >= 3


def _elide(output: ToolOutput) -> list[Line]:
    """Runs of numbered lines that the call holds become one line that says so."""
    sent = {line.rstrip() for text in strings(dict(output.input)) for line in text.splitlines()}
    out: list[Line] = []
    run: list[Line] = []

    def close() -> None:
        if len(run) > 2:
            out.append(Line(f"[{run[0].margin[:-1]}-{run[-1].margin[:-1]}: as you wrote]", must=True, told=len(run)))
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


ECHO = Kind("edit's echo", _is_echo, _elide, depth=_depth, worth=1, code=True, loud=False)
