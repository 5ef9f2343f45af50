"""`penstock explain`: what was done with one exchange, why, and what it came to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from penstock.base.errors import PenstockError
from penstock.cli.difference import difference
from penstock.cli.formatting import columns, counted, dollars, lasted, moment, percent, printable, signed
from penstock.edits.edit import Edit
from penstock.events.event import Event, EventKind
from penstock.stats.cost_totals import CostTotals
from penstock.store.base import Store
from penstock.store.before_after import before_after
from penstock.store.reading import all_events, backwards, open_log

__all__ = ["explain"]

_ENDS = (EventKind.ANSWERED, EventKind.FAILED, EventKind.REFUSED)
_HOW = {
    "estimated": "estimated from the request's bytes",
    "calibrated": "estimated, by what the provider counted before",
    "tokenizer": "estimated, by what the model's own tokenizer counted of a part",
}
_COUNTED = ("exact", "counted")
"""How a sum of money is called that is by the provider's count: now, and in older logs."""
_COLOURS = {"landed": "green", "pending": "yellow", "edited": "green", "failed": "red", "late": "yellow"}


def explain(
    exchange: Annotated[
        str, typer.Argument(help="Its id, or the beginning of it. The newest one with an edit when not given.")
    ] = "",
    lines: Annotated[int, typer.Option(help="How many lines of each difference. 0: all.", min=0)] = 40,
    every: Annotated[bool, typer.Option("--all", help="Also list the edits that were replayed.")] = False,
    store: Annotated[Path | None, typer.Option(help="The log to read. The proxy's own when not given.")] = None,
) -> None:
    """Explain one exchange: what each stage said, every edit with its reason, what it cost, and before and after."""
    log = open_log(store)
    try:
        events = log.events_of(_find(log, exchange))
        for line in _told(log, events, lines, every):
            typer.echo(line)
    finally:
        log.close()


def _find(log: Store, wanted: str) -> str:
    """The id that is meant."""
    if wanted and log.events_of(wanted):
        return wanted
    found: dict[str, None] = {}
    for event in backwards(log, log.last_seq()):
        if wanted and event.exchange.startswith(wanted):
            found[event.exchange] = None
        elif not wanted and event.kind is EventKind.EDIT and event.payload.get("state") == "landed":
            return event.exchange
    if len(found) == 1:
        return next(iter(found))
    if found:
        raise PenstockError(f"{wanted!r} is the beginning of {len(found)} exchanges: {', '.join(list(found)[:5])}")
    if wanted:
        raise PenstockError(f"no exchange {wanted!r} is in this log. `penstock events` shows their ids")
    raise PenstockError("no exchange with an edit is in this log; name one. `penstock events` shows their ids")


def _told(log: Store, events: list[Event], limit: int, every: bool) -> Iterator[str]:
    first = {event.kind: event.payload for event in reversed(events)}
    edits = [event.payload for event in events if event.kind is EventKind.EDIT]
    about: Mapping[str, Any] = first.get(EventKind.CLASSIFIED, {})
    yield from _head(events, first, about)
    yield from _stages([event.payload for event in events if event.kind is EventKind.STAGE])
    yield from _edits(edits, first.get(EventKind.ENRICHED, {}), every)
    if every:
        yield from _replayed(log, events, about)
    if EventKind.FLUSH in first:
        flush = first[EventKind.FLUSH]
        landed = f"{counted(flush.get('edits'), 'edit')} landed{' together' if flush.get('edits') != 1 else ''}"
        yield f"\nFlush: {landed}, because {printable(str(flush.get('why', '')))}"
    yield from _money(first.get(EventKind.ANSWERED, {}).get("money"))
    ledger = [one.edit for one in log.edits_of(str(about.get("conversation", "")))]
    for edit in edits:
        if edit.get("state") == "landed":
            yield ""
            yield from _difference(log, ledger, edit, limit)


def _head(events: list[Event], first: Mapping[EventKind, Mapping[str, Any]], about: Mapping[str, Any]) -> Iterator[str]:
    came = first.get(EventKind.RECEIVED, {})
    end = next((event for event in events if event.kind in _ENDS), None)
    yield typer.style(f"Exchange {events[0].exchange}", bold=True)
    who = (about.get("client") or came.get("client"), about.get("kind"), about.get("agent"), about.get("model"))
    pairs = [
        ("who", " · ".join(printable(str(one)) for one in who if one)),
        ("where", printable(f"{came.get('method', '')} {came.get('host', '')}{came.get('path', '')}".strip())),
        ("when", moment(events[0].at)),
        ("session", printable(str(about.get("session", "")))),
        ("conversation", _history(about)),
        ("words", printable(str(about.get("words", "")))[:200]),
        ("passed by", _passed_by(first.get(EventKind.BYPASSED, {}))),
        ("binding", _binding(about, first.get(EventKind.ANSWERED, {}))),
        ("ended", "not yet" if end is None else _end(end)),
    ]
    yield from (f"  {name:<12}  {value}" for name, value in pairs if value)


def _passed_by(bypassed: Mapping[str, Any]) -> str:
    again = f"{bypassed['replayed']} edits of before sent again" if bypassed.get("replayed") else ""
    gone = f"{bypassed['stripped']} blocks of thinking left out" if bypassed.get("stripped") else ""
    return ", ".join(filter(None, (printable(str(bypassed.get("why", ""))), again, gone)))


def _binding(about: Mapping[str, Any], answered: Mapping[str, Any]) -> str:
    """What the client asked for thinking whose prefix has changed, and what the provider left out of the request."""
    asked = f"the client asks for {printable(str(about['block_binding']))}" if about.get("block_binding") else ""
    lost = answered.get("transformations")
    said = "; ".join(printable(str(one)) for one in lost) if isinstance(lost, list) else ""
    return ", ".join(filter(None, (asked, f"the provider changed the request: {said}" if said else "")))


def _history(about: Mapping[str, Any]) -> str:
    if not about:
        return ""
    held = f"{counted(about.get('messages'), 'message')}, {about.get('new', 0):,} of them new"
    retry = ", a retry" if about.get("retry") else ""
    return f"{printable(str(about.get('conversation', '')))}, turn {about.get('turn', 0)}: {held}{retry}"


def _end(event: Event) -> str:
    said = event.payload
    why = said.get("why") or said.get("message") or ""
    detail = " ".join(printable(str(part)) for part in (said.get("status"), why, said.get("error")) if part)
    took = f" in {lasted(said['ms'])}" if isinstance(said.get("ms"), int | float) else ""
    return f"{event.kind} {detail}{took}".strip()


def _stages(verdicts: list[Mapping[str, Any]]) -> Iterator[str]:
    if not verdicts:
        return
    yield "\nStages"
    rows = []
    for said in verdicts:
        outcome = printable(str(said.get("outcome", "")))
        edits = counted(said["edits"], "edit") if said.get("edits") else ""
        remark = ", ".join(part for part in (edits, printable(str(said.get("remark", "")))) if part)
        shown = typer.style(outcome, fg=_COLOURS.get(outcome))
        rows.append((printable(str(said.get("stage", ""))), shown, f"{said.get('ms', 0):,.1f} ms", remark))
    yield from (f"  {line}" for line in columns(rows, 4))


def _edits(edits: list[Mapping[str, Any]], sums: Mapping[str, Any], every: bool) -> Iterator[str]:
    replayed = sums.get("replayed", 0)
    if not edits and not replayed:
        yield "\nNo edit: it went as it came."
        return
    yield "\nEdits"
    if edits:
        yield from (f"  {line}" for line in columns([_edit(edit) for edit in edits], 6))
    if replayed:
        yield f"  {replayed:,} replayed from earlier requests{'' if every else ' (--all lists them)'}"
    if "tokens_in" in sums and "tokens_out" in sums:
        how = _HOW.get(str(sums.get("how", "")), _HOW["estimated"])
        yield f"  in all ~{sums['tokens_in']:,} -> {sums['tokens_out']:,} tokens, {how}"


def _edit(edit: Mapping[str, Any]) -> tuple[str, ...]:
    state = printable(str(edit.get("state", "")))
    place = "-" if edit.get("m", -1) < 0 else f"{edit.get('m')}.{edit.get('b')}"
    return (
        typer.style(state, fg=_COLOURS.get(state)),
        printable(str(edit.get("stage", ""))),
        printable(str(edit.get("op", ""))),
        f"at {place}",
        f"~{edit.get('before', 0):,} -> {edit.get('after', 0):,} tokens",
        printable(str(edit.get("reason", ""))),
    )


def _replayed(log: Store, events: list[Event], about: Mapping[str, Any]) -> Iterator[str]:
    """The edits that landed in this conversation before: those whose block is still there were replayed."""
    mine: set[str] = set()
    rows: list[tuple[str, ...]] = []
    for event in all_events(log):
        if event.exchange == events[0].exchange:
            break
        if event.kind is EventKind.CLASSIFIED and event.payload.get("conversation") == about.get("conversation"):
            mine.add(event.exchange)
        elif event.kind is EventKind.EDIT and event.exchange in mine and event.payload.get("state") == "landed":
            rows.append((*_edit(event.payload)[1:], f"in {event.exchange}"))
    if rows:
        yield "  Landed earlier in this conversation:"
        yield from (f"    {line}" for line in columns(rows, 6))


def _money(money: object) -> Iterator[str]:
    if not isinstance(money, Mapping):
        return
    tally = CostTotals()
    tally.add(money)
    if tally.unpriced:
        yield "\nMoney"
        yield "  unknown price: nobody has said what this model costs; see `penstock models NAME`"
        yield f"  sent: {_split(money.get('sent'))}; came: {_split(money.get('came'))}"
        return
    how = "the provider's count" if money.get("how") in _COUNTED else "estimated: the provider gave no count"
    yield "\nMoney"
    rows = [
        ("without Penstock", dollars(tally.baseline), f"{_split(money.get('came'))} (worked out from what was paid)"),
        ("paid", dollars(tally.paid), f"{_split(money.get('sent'))} ({how})"),
        ("saved", signed(dollars(tally.saved), tally.saved), signed(percent(tally.share), tally.saved)),
        ("compacting", dollars(tally.naive), "for a client that compacts by itself at 30 % of the window"),
        ("cache", "", f"reads saved {tally.reads_saved:,}, {_writes(tally.writes_caused)} tokens"),
    ]
    yield from (f"  {line}" for line in columns(rows, 3))


def _writes(caused: int) -> str:
    return f"writes spared {-caused:,}" if caused < 0 else f"writes caused {caused:,}"


def _split(split: object) -> str:
    if not isinstance(split, Mapping):
        return ""
    return " · ".join(f"{split.get(name, 0):,} {name}" for name in ("plain", "read", "write")) + " tokens"


def _difference(log: Store, ledger: list[Edit], edit: Mapping[str, Any], limit: int) -> Iterator[str]:
    texts = before_after(log, ledger, edit)
    title = f"{edit.get('stage', '')} at {edit.get('m')}.{edit.get('b')}"
    if texts.handle and texts.before is None:
        yield f"{printable(title)}: the original {texts.handle} is not in the store any more"
        return
    yield from difference(texts.before or "", texts.after, title=printable(title), handle=texts.handle, limit=limit)
