"""One tool output in, a shorter one or nothing out."""

from __future__ import annotations

from collections.abc import Sequence

from penstock import Compressed, ToolOutput
from penstock_plugins.trim.choose import choose
from penstock_plugins.trim.kinds import kind_of
from penstock_plugins.trim.level import LEVELS, Level
from penstock_plugins.trim.page import Kind, Line
from penstock_plugins.trim.samples import Sample
from penstock_plugins.trim.stub import write

__all__ = ["compress"]

LARGEST = 1_000_000
"""Characters; larger outputs are not looked at."""
SMALLEST = 400
_GAIN = 0.99
_CUT_GAIN = 0.9
"""A cut that leaves more of the repacked text than this is not worth its holes."""
_RANGE = ("offset", "limit", "view_range", "start_line", "end_line", "range")


def compress(output: ToolOutput) -> Compressed | None:
    """The output in fewer characters; None when there is nothing to gain. Deterministic, and linear in the output.

    What never goes, whatever the setting: lines that tell of an error, the client's reminders, the heads that kept
    lines hang from. In `safe`, only long logs, test runs and search results lose lines at all."""
    if not SMALLEST <= len(output.text) <= LARGEST:
        return None
    kind = kind_of(output)
    lines = kind.repack(output)
    packed = "\n".join(str(line) for line in lines)
    total = output.text.count("\n") + 1
    level = LEVELS[output.setting]
    least = min(len(packed), len(output.text))
    if _may_cut(kind, level, output, least):
        cut = _cut(lines, kind, level, output)
        if len(cut.text) < _CUT_GAIN * least:
            return cut
    if len(packed) > _GAIN * len(output.text):
        return None
    return Compressed(packed, True, kind.name, total, total)


def _may_cut(kind: Kind, level: Level, output: ToolOutput, length: int) -> bool:
    if length < level.least or (level.logs_only and not kind.log):
        return False
    return level.ranges or not _is_ranged(kind, output)


def _is_ranged(kind: Kind, output: ToolOutput) -> bool:
    """Whether the agent asked for these very lines of a file."""
    return kind.code and any(output.input.get(key) is not None for key in _RANGE)


def _cut(lines: Sequence[Line], kind: Kind, level: Level, output: ToolOutput) -> Compressed:
    sample = kind.sample(list(lines)) if kind.sample else Sample()
    keep = choose(lines, kind, level, output, sample, _is_ranged(kind, output))
    total = output.text.count("\n") + 1
    left = sum(line.told for index, line in enumerate(lines) if index not in keep)
    text = write(lines, keep, kind, sample.said, output.text, total, level.number)
    return Compressed(text, False, kind.name, max(0, total - left), total)
