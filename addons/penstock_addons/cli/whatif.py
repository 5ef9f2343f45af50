"""`penstock whatif` (`whatif`): replays a recording (a flow file of mitmproxy, a HAR or JSON lines) under other
profiles, by `penstock.replay.whatif`, and prints what each would have cost and kept. Raises `PenstockError` for a file
without model requests, and for Penstock's own log and its exports, which hold no whole request."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Protocol

import typer

from penstock.base.errors import PenstockError
from penstock.base.format import columns, dollars, percent, signed
from penstock.cli import completion
from penstock.plugins.manager import Plugins

if TYPE_CHECKING:
    from penstock.replay.recording import Bad, Position, Recorded
    from penstock.replay.whatif import Result

__all__ = ["whatif"]

_HAR = re.compile(rb'\{\s*("log"\s*:|$)')
"""How one begins, on one line or on many."""
_OWN = (b"SQLite format 3\0", b'{"format": "penstock-session"')
"""How our log begins, and an export of it."""
_HOW = (
    "To make one: `penstock up --profile observe -- -w FILE`, a session with `penstock run -- CLIENT`, Ctrl-C, then "
    "`penstock whatif FILE`. What sessions in the log cost with and without Penstock: `penstock cost`; why little "
    "was saved, and what keep-alive would have changed: `penstock cost --session ID`"
)
LARGE = 4 << 20
"""Bytes of a recording from which a progress bar is shown."""


def whatif(
    ctx: typer.Context,
    log: Annotated[
        Path | None,
        typer.Argument(
            help="A recording: a flow file of mitmproxy, a HAR, or JSON lines.", metavar="RECORDING", show_default=False
        ),
    ] = None,
    profile: Annotated[
        list[str] | None,
        typer.Option(
            help="A profile's name or file. May be repeated.",
            metavar="NAME|FILE",
            autocompletion=completion.profiles,
        ),
    ] = None,
    keep_alive: Annotated[
        bool, typer.Option("--keep-alive", help="Also each profile with its cache kept alive while the user is idle.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Replay a recorded session under other profiles: what it would have cost, and what would have been kept.

    Record untouched traffic: `mitmdump -w FILE` without Penstock, or `penstock up --profile observe -- -w FILE`.
    JSON lines hold {"at": seconds, "path": "/v1/messages", "headers": {...}, "body": {...}}, and "usage" where known.
    Nothing is sent anywhere, and no credential is shown.
    """
    from penstock.dialects.bundled import bundled_dialects
    from penstock.replay.recording import in_order
    from penstock.replay.whatif import WhatIf

    if log is None:
        raise PenstockError(f"say which recording. {_HOW}")
    plugins: Plugins = ctx.obj
    faults: list[str] = []
    dialects = [*plugins.dialects(), *bundled_dialects()]
    read, length = _reading(log, faults)
    replays: list[WhatIf] = []
    others = 0
    try:
        for name in dict.fromkeys(profile or ["default"]):
            replays.append(WhatIf(name, plugins, dialects))
            if keep_alive:
                replays.append(WhatIf(name, plugins, dialects, keep_alive=True))
        with _bar(log, length) as bar:
            at = 0
            for position, recorded in in_order(read):
                taken = [replay.take(recorded) for replay in replays]
                others += not any(taken)
                bar.update(max(0, position - at))
                at = max(at, position)
    finally:
        results = [replay.close() for replay in replays]
    _complain(faults)
    if not results[0].requests:
        raise PenstockError(f"{log} holds no model request that was answered ({others} other requests)")
    if as_json:
        typer.echo(json.dumps([_numbers(result) for result in results], indent=1))
        return
    for line in _lines(results):
        typer.echo(line)


def _reading(log: Path, faults: list[str]) -> tuple[Iterator[tuple[Position, Recorded]], int]:
    """The requests of a recording, and its length in the unit of their positions."""
    from penstock.replay.recording import read_har, read_lines

    def bad(number: int, why: str) -> None:
        faults.append(f"{log}: {kind} {number}: {why}")

    try:
        with log.open("rb") as file:
            head = file.readline(1 << 16).lstrip()
        size = log.stat().st_size
    except OSError as e:
        raise PenstockError(f"{log} cannot be read: {e.strerror or e}") from e
    if head.startswith(_OWN):
        raise PenstockError(
            f"{log} is a log of Penstock's own: what was counted and paid stands in it, and how texts begin, but no "
            f"whole request that could be replayed. {_HOW}"
        )
    reader: Reader
    if re.match(rb"\d+:", head):
        from penstock_addons.cli.flowfile import read_flows

        kind, reader = "flow", read_flows
    elif log.suffix.lower() == ".har" or _HAR.match(head):
        kind, reader, size = "entry", read_har, 0
    else:
        kind, reader = "line", read_lines
    return reader(log, bad), size


class Reader(Protocol):
    """Reads one format of recording."""

    def __call__(self, file: Path, bad: Bad, /) -> Iterator[tuple[Position, Recorded]]: ...


class Bar(Protocol):
    """Shows the progress of a replay."""

    def update(self, n_steps: int, /) -> None: ...


class _NoBar:
    def update(self, n_steps: int, /) -> None:
        """Nobody looks."""


@contextmanager
def _bar(log: Path, length: int) -> Iterator[Bar]:
    if length < LARGE or not sys.stderr.isatty():
        yield _NoBar()
        return
    with typer.progressbar(length=length, label=f"Replaying {log.name}", file=sys.stderr) as bar:
        yield bar


def _complain(faults: list[str]) -> None:
    if faults:
        more = f" ({len(faults) - 1} more like it)" if len(faults) > 1 else ""
        typer.echo(f"penstock: left out {faults[0]}{more}", err=True)


def _lines(results: list[Result]) -> list[str]:
    """A table with one column for each profile, the recording first."""
    first = results[0]
    about = "~" if first.estimated else ""
    stages = sorted({stage for result in results for stage in result.edits})
    rows: list[list[str]] = [
        ["", "as recorded", *(result.profile for result in results)],
        ["requests", f"{first.requests:,}", *(f"{result.requests:,}" for result in results)],
        ["dollars", about + _sum(first.recorded, first), *(f"~{_sum(result.paid, result)}" for result in results)],
        ["saved", "", *(signed(percent(_share(result)), _share(result)) for result in results)],
        ["tokens sent", f"{first.came:,}", *(f"{result.sent:,}" for result in results)],
        ["largest request", f"{first.largest_came:,}", *(f"{result.largest_sent:,}" for result in results)],
        ["flushes", "", *(f"{result.flushes:,}" for result in results)],
        ["edits", "", *(f"{sum(result.edits.values()):,}" for result in results)],
        *([f"  {stage}", "", *(f"{result.edits[stage]:,}" for result in results)] for stage in stages),
        [f"dearer, of {first.sessions} sessions", "", *(_dearer(result) for result in results)],
        [f"names kept, of {first.kept.names_used:,}", "", *(_part(r.kept.names, r.kept.names_used) for r in results)],
        [f"lines kept, of {first.kept.lines_used:,}", "", *(_part(r.kept.lines, r.kept.lines_used) for r in results)],
    ]
    if any(result.reads for result in results):
        reads = (f"{result.reads:,} for ~{dollars(result.reads_cost)}" if result.reads else "-" for result in results)
        rows.append(["keep-alive reads", "", *reads])
    if any(result.refused for result in results):
        rows.append(["refused", "", *(f"{result.refused:,}" for result in results)])
    return [*columns(rows, 1), "", *_notes(first)]


def _sum(amount: float, result: Result) -> str:
    """A sum of dollars: `?` where no request's price is known, and `?` appended where some are not."""
    if result.unpriced == result.requests and result.unpriced:
        return "?"
    return f"{dollars(amount)} + ?" if result.unpriced else dollars(amount)


def _notes(first: Result) -> list[str]:
    notes = [
        f"Compacting by itself at 30 % of the window, the client would have paid ~{_sum(first.naive, first)}.",
        "kept: names and lines of tool results that the agent used next, and that were in the request it had then.",
        "A replay changes what is sent, not what the agent does with it.",
    ]
    if first.unpriced:
        notes.append(f"? unknown price: nobody has said what the models of {first.unpriced:,} requests cost.")
    if first.estimated:
        notes.append(f"~ estimated: the recording has no count of the provider's for {first.estimated:,} requests.")
    if first.skipped:
        notes.append(f"{first.skipped:,} requests failed or could not be read; they are not counted.")
    return notes


def _share(result: Result) -> float:
    return (result.recorded - result.paid) / result.recorded if result.recorded else 0.0


def _dearer(result: Result) -> str:
    return signed(f"{result.dearer:,}", -result.dearer)


def _part(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else "-"


def _numbers(result: Result) -> dict[str, Any]:
    return {**asdict(result), "saved": result.recorded - result.paid, "share": _share(result)}
