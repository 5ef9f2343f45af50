"""`folded`: the lines of a tool output as a terminal would finally show them (`shown`, `screen`: without colours,
progress lines in their last state), with repeated lines written once (`fold`; `expand` undoes it). Lines of files are
kept to the character."""

from __future__ import annotations

import re
from itertools import groupby

from penstock import ToolOutput
from penstock_plugins.common.tool_calls import kind_of, shows_text
from penstock_plugins.trim.names import is_error
from penstock_plugins.trim.output_kind import Line

__all__ = ["expand", "fold", "folded", "screen", "shown"]

_ESCAPE = re.compile(r"\x1b(?:\[[0-9;?]{0,32}[A-Za-z]|\][^\x07\x1b]{0,2000}(?:\x07|\x1b\\)|[()][A-Z0-9]|[=>78])")
_NUMBER = re.compile(r"\d+")
_SAME = re.compile(r"\[the line above (\d+) times\]$")
_ALIKE = re.compile(r"\[and with (\d+) as ((?:\d+, )*\d+)\]$")


def shown(output: ToolOutput) -> list[str]:
    """The output's lines as a terminal would finally show them; the content of files is kept to the character."""
    return output.text.split("\n") if _is_of_files(output) else screen(output.text)


def folded(output: ToolOutput) -> list[Line]:
    """The output's lines as a terminal would finally show them, with repeated lines folded. All blank lines of files
    are kept: edits quote them."""
    return fold(shown(output), blanks=_is_of_files(output))


def screen(text: str) -> list[str]:
    """Lines as a terminal finally shows them: no escapes, only the last state of a progress line, no trailing
    blanks."""
    bare = _ESCAPE.sub("", text) if "\x1b" in text else text
    return [_last_state(line.rstrip("\r")).rstrip() for line in bare.split("\n")]


def _is_of_files(output: ToolOutput) -> bool:
    return shows_text(kind_of(output.tool), output.input)


def _last_state(line: str) -> str:
    """The final state of a progress line, which overwrites itself."""
    return line.rpartition("\r")[2] if line.count("\r") > 1 else line


def fold(lines: list[str], *, blanks: bool = False) -> list[Line]:
    """Runs of blank lines become one, unless `blanks`; equal lines become one and a count; lines that differ in one
    number become the first and the other numbers. `expand` restores the lines, except runs of blank ones."""
    if any(_SAME.match(line) or _ALIKE.match(line) for line in lines):
        return [Line(line) for line in lines]
    out: list[Line] = []
    for line, run in groupby(lines):
        count = sum(1 for _ in run)
        if not line and blanks:
            out += [Line(line) for _ in range(count)]
            continue
        out.append(Line(line, told=1 if line else count))
        if line and count > 1:
            said = f"[the line above {count} times]"
            pays = len(said) < (len(line) + 1) * (count - 1)
            out += [Line(said, told=count - 1)] if pays else [Line(line) for _ in range(count - 1)]
    return _fold_alike(out)


def expand(lines: list[str]) -> list[str]:
    """The lines as they were before `fold`, except that blank ones are not restored."""
    out: list[str] = []
    for line in lines:
        if (same := _SAME.match(line)) and out:
            out += [out[-1]] * (int(same[1]) - 1)
        elif (alike := _ALIKE.match(line)) and out:
            before, _, after = out[-1].partition(alike[1])
            out += [before + value + after for value in alike[2].split(", ")]
        else:
            out.append(line)
    return out


def _fold_alike(lines: list[Line]) -> list[Line]:
    out: list[Line] = []
    start = 0
    while start < len(lines):
        first = lines[start].text
        others, slot = _alike(lines, start)
        said = f"[and with {slot} as {', '.join(others)}]"
        if len(others) > 1 and len(said) < (len(first) + 1) * len(others):
            out += [lines[start], Line(said, told=len(others))]
            start += len(others) + 1
        else:
            # Past all that was looked at: looking again from the next line would make long runs quadratic.
            step = max(1, len(others))
            out += lines[start : start + step]
            start += step
    return out


def _alike(lines: list[Line], start: int) -> tuple[list[str], str]:
    """The values of the one number in which the lines from `start` on differ, and that of the first line. Error lines
    are left as they are: a run ends before one."""
    first = lines[start].text
    spans = list(_NUMBER.finditer(first[:2_000]))
    if not spans or start + 2 >= len(lines) or is_error(first):
        return [], ""
    shape = _NUMBER.sub("#", first)
    found: list[str] = []
    slot: re.Match[str] | None = None
    for line in lines[start + 1 :]:
        if len(line.text) > 2_000 or is_error(line.text) or _NUMBER.sub("#", line.text) != shape:
            break
        values = _NUMBER.findall(line.text)
        differ = [span for span, value in zip(spans, values, strict=True) if span[0] != value]
        if len(differ) != 1 or (slot is not None and differ[0] is not slot):
            break
        slot = differ[0]
        # The number is named by its digits, so its first occurrence in the line must be the one that differs.
        if first.find(slot[0]) != slot.start():
            return [], ""
        found.append(values[spans.index(slot)])
    return found, slot[0] if slot else ""
