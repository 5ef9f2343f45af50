"""`runs_known`: finds the lines of a file that an agent reads again and that the request holds already, in an earlier
read of the file or in a call that wrote it (`Source`), in runs of 20 lines and more (`Run`, `longest_runs`).
`without_runs` replaces them by a line that says where they are."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from penstock import Draft
from penstock_plugins.common.expand_hint import expand_hint
from penstock_plugins.common.margin import MARGIN, margin_of
from penstock_plugins.common.tool_calls import ToolKind, words_of_input
from penstock_plugins.pruning.history import History, Result
from penstock_plugins.pruning.repeats import numbered
from penstock_plugins.pruning.stub import ago, title

__all__ = ["Run", "Source", "longest_runs", "runs_known", "without_runs"]

_LONG = 20
"""Runs of fewer lines stay: an agent that reads a few lines again wants to see where they are now."""
_AROUND = 3
"""Lines that stay at both ends of a run, so that what changed is shown with what is around it."""
_NEWEST = 12
"""At most so many earlier results and calls are compared, the newest."""


@dataclass(frozen=True)
class Source:
    """A result that shows lines of the file, or a call that wrote them, in the request."""

    turn: int
    """The number of the agent's turns up to the one that read or wrote them."""
    text: str
    result: Result | None = None
    """The result. None: it is a call of the agent's."""

    @cached_property
    def lines(self) -> Mapping[int, str]:
        """The lines by their number in the file, or in the call's input."""
        return dict(enumerate(self.text.split("\n"))) if self.result is None else numbered(self.text)


class Run(NamedTuple):
    """Lines of the file that a source has, too."""

    first: int
    last: int
    shift: int
    """What to add to a line's number for its number in the source."""
    source: Source


def runs_known(draft: Draft, history: History, result: Result, earlier: Sequence[Result]) -> list[Run]:
    """The longest runs of lines in `result`, the read of a file, that stand in one of the `earlier` results, which are
    in the request, or in a call before it."""
    if result.kind is not ToolKind.READ or not result.path or margin_of(result.text.split("\n")) is None:
        return []
    sources = sorted(_sources(draft, history, result, earlier), key=lambda source: source.turn)[-_NEWEST:]
    return longest_runs(numbered(result.text), sources) if sources else []


def longest_runs(now: Mapping[int, str], sources: Sequence[Source]) -> list[Run]:
    """The runs of lines of a file, by number, that one of `sources` has, too: at each place the longest. Found by lines
    that occur once in a source, so that the time is linear in the lines of each."""
    places: dict[str, list[tuple[Source, int]]] = defaultdict(list)
    for source in reversed(sources):
        often = Counter(source.lines.values())
        for number, line in source.lines.items():
            if often[line] == 1 and line.strip():
                places[line].append((source, number))
    runs: list[Run] = []
    end = 0
    for number in sorted(now):
        if number <= end or now[number] not in places:
            continue
        found = [_run(now, number, source, there - number, end) for source, there in places[now[number]]]
        run = max(found, key=lambda run: run.last - run.first)
        if run.last - run.first + 1 >= _LONG:
            runs.append(run._replace(first=run.first + _AROUND, last=run.last - _AROUND))
            end = run.last
    return runs


def without_runs(result: Result, runs: Sequence[Run], *, can_expand: bool) -> str:
    """The result with each run replaced by a line that says where its lines are."""
    out: list[str] = []
    waiting = list(runs)
    for line in result.packed.split("\n"):
        found = MARGIN.match(line)
        number = int(found[1]) if found else 0
        if waiting and waiting[0].first <= number <= waiting[0].last:
            if number == waiting[0].last:
                out.append(_mark(waiting.pop(0), result))
        else:
            out.append(line)
    count = sum(run.last - run.first + 1 for run in runs)
    way = expand_hint(result.text, can_expand=can_expand)
    head = f"[{title(result)}: {count} lines that are above in this conversation are left out; {way}]"
    return "\n".join([head, *out])


def _mark(run: Run, result: Result) -> str:
    when = ago(result.turn - run.source.turn)
    if run.source.result is None:
        return f"[{run.first}-{run.last}: as you wrote them {when}]"
    there = f", there {run.first + run.shift}-{run.last + run.shift}" if run.shift else ""
    return f"[{run.first}-{run.last}: unchanged since you read them {when}{there}]"


def _sources(draft: Draft, history: History, result: Result, earlier: Sequence[Result]) -> Iterator[Source]:
    for other in earlier:
        if (other.tool, other.path) == (result.tool, result.path):
            yield Source(other.turn, other.text, other)
    for index, path, call in history.writes:
        if path == result.path and index < result.spot.message and not draft.is_compacted(index):
            yield Source(history.turn_of[index] + 1, words_of_input(history.lookup.given(call.text)))


def _run(now: Mapping[int, str], number: int, source: Source, shift: int, end: int) -> Run:
    """The lines around `number` and after `end` that are the same in the source."""
    first = last = number
    while first - 1 > end and first - 1 in now and now[first - 1] == source.lines.get(first - 1 + shift):
        first -= 1
    while last + 1 in now and now[last + 1] == source.lines.get(last + 1 + shift):
        last += 1
    return Run(first, last, shift, source)
