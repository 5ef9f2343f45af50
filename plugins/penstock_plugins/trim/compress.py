"""`compress`: shortens one tool output: detects its kind, repacks it without loss and, where the preset allows it,
chooses the lines to keep and writes the stub. Gives None where that saves nothing, or the output has fewer than 400 or
more than a million characters."""

from __future__ import annotations

import re
from dataclasses import replace

from penstock import Compressed, ToolOutput, estimate_tokens
from penstock_plugins.common.commands import command_of
from penstock_plugins.common.expand_hint import expand_hint
from penstock_plugins.trim.addresses import fold_addresses
from penstock_plugins.trim.choose import choose
from penstock_plugins.trim.envelope import Envelope, open_envelope, without_runs
from penstock_plugins.trim.kinds import kind_of
from penstock_plugins.trim.kinds.prose import REPORT
from penstock_plugins.trim.kinds.source import holds_files
from penstock_plugins.trim.output_kind import Kind, Line
from penstock_plugins.trim.samples import Sample
from penstock_plugins.trim.strictness import CAREFUL, STRICTNESS, Strictness
from penstock_plugins.trim.stub import lean_numbers, some_numbers, write

__all__ = ["compress"]

LARGEST = 1_000_000
"""Characters: larger outputs are left alone."""
SMALLEST = 400
_GAIN = 0.99
_CUT_GAIN = 0.95
"""A cut that leaves more of the repacked text than this is not worth its holes."""
_RANGE = (
    *(
        "offset",
        "limit",
        "view_range",
        "viewRange",
        "start_line",
        "end_line",
        "startLine",
        "endLine",
        "StartLine",
        "EndLine",
    ),
    *("range", "line_range", "start_line_one_indexed", "end_line_one_indexed_inclusive", "start", "end"),
)
_PART = re.compile(r"\b(?:sed\s+(?:-\w+\s+)*-n|head|tail|awk|less|Get-Content.{0,200}-(?:Tail|TotalCount|First))\b")
"""A command that shows a part of a file."""
_READERS = frozenset({"read", "read_file", "view", "grep", "search", "glob", "ls", "list"})
"""Tools whose outputs the agent can get again, in small letters."""


def compress(output: ToolOutput) -> Compressed | None:
    """The output in fewer characters; None when nothing is gained. Deterministic, and linear in the output's length.

    Never removed: lines about an error, the client's reminders, the heads that kept lines belong to. In `safe`, only
    long logs, test runs and search results lose lines. Where the agent cannot ask for the original, more is kept.
    """
    if not SMALLEST <= len(output.text) <= LARGEST:
        return None
    parts = open_envelope(without_runs(output.text))
    inner = replace(output, text=parts.body) if parts.body != output.text else output
    kind = kind_of(inner, parts.head)
    inside = fold_addresses(kind.repack(inner)) if kind.addresses else kind.repack(inner)
    lines = [*_wrapping(parts.head), *inside, *_wrapping(parts.tail)]
    strictness = (STRICTNESS if output.can_expand else CAREFUL)[output.aggressiveness]
    packed = "\n".join(_packed(lines, kind, strictness))
    total = output.text.count("\n") + 1
    least = min(len(packed), len(output.text))
    if _may_cut(kind, strictness, output, least):
        cut = _cut(lines, parts, kind, strictness, output)
        if len(cut.text) < _CUT_GAIN * least and estimate_tokens(cut.text) <= estimate_tokens(output.text):
            return cut
    if not packed or len(packed) > _GAIN * len(output.text) or estimate_tokens(packed) > estimate_tokens(output.text):
        return None
    return Compressed(packed, True, kind.name, total, total)


def _packed(lines: list[Line], kind: Kind, strictness: Strictness) -> list[str]:
    if strictness.margins == "lean":
        return lean_numbers(lines, strictness.every)
    if strictness.margins == "some":
        return some_numbers(lines, kind, strictness.every)
    return [str(line) for line in lines]


def _wrapping(text: str) -> list[Line]:
    """The client's own text around an output, which is kept."""
    return [Line(line, must=True) for line in text.strip("\n").split("\n")] if text else []


def _comes_again(output: ToolOutput, kind: Kind) -> bool:
    """Whether repeating the call gives the same output: a file, a search, a listing."""
    return kind.again or output.tool.lower() in _READERS


def _may_cut(kind: Kind, strictness: Strictness, output: ToolOutput, length: int) -> bool:
    if length < max(strictness.least, kind.least) or (strictness.logs_only and not kind.log):
        return False
    if not strictness.files and (kind.file or kind is REPORT or holds_files(command_of(output.input))):
        return False
    # A range is the way to the rest of a file where there is no other.
    return (strictness.ranges and output.can_expand) or not _is_ranged(kind, output)


def _is_ranged(kind: Kind, output: ToolOutput) -> bool:
    """Whether the agent asked for particular lines of a file."""
    if not kind.file:
        return False
    return any(output.input.get(key) is not None for key in _RANGE) or bool(_PART.search(command_of(output.input)))


def _cut(lines: list[Line], parts: Envelope, kind: Kind, strictness: Strictness, output: ToolOutput) -> Compressed:
    before, behind = len(_wrapping(parts.head)), len(_wrapping(parts.tail))
    sample = kind.sample(lines[before : len(lines) - behind]).moved(before) if kind.sample else Sample()
    choice = choose(lines, kind, strictness.price, output, sample, _is_ranged(kind, output))
    total = output.text.count("\n") + 1
    left = sum(line.told for index, line in enumerate(lines) if index not in choice.keep)
    again = "run it again for all, in parts" if _comes_again(output, kind) else ""
    back = expand_hint(output.text, can_expand=output.can_expand, again=again)
    text = write(lines, choice, kind, sample.said, total, back, strictness.every)
    return Compressed(text, False, kind.name, max(0, total - left), total)
