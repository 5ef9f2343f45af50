"""`penstock explain` (`explain`): prints what was done with one exchange: each stage's verdict, the edits with their
reasons and the texts before and after, the cost; and why little was saved in its session. Raises `PenstockError` if the
log has no such exchange, or several whose ids begin so. `explain_json` builds what `--json` prints."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import chain, groupby
from typing import Annotated, Any

import typer

from penstock.base.diff import changed_lines
from penstock.base.errors import PenstockError
from penstock.base.format import columns, dollars, lasted, moment, percent, plural, printable, signed
from penstock.cli import completion
from penstock.cli.store_option import LogOption
from penstock.edits.edit import Edit
from penstock.events.event import Event
from penstock.events.request_events import (
    BypassedEvent,
    ClassifiedEvent,
    EditEvent,
    FlushEvent,
    ReceivedEvent,
    StageEvent,
)
from penstock.events.response_events import AnsweredEvent, KeptAliveEvent, LoggedCost, TokenSplit
from penstock.plugins.manager import Plugins
from penstock.profiles import profile as profiles
from penstock.stats.cost_totals import CostTotals
from penstock.stats.exchange import ExchangeRecord
from penstock.stats.session_events import session_events
from penstock.store.base import Store
from penstock.store.before_after import before_after
from penstock.store.reading import all_events, backwards, open_log

__all__ = ["difference", "explain"]

_HOW = {
    "exact": "counted by the provider",
    "estimated": "estimated from the request's bytes",
    "calibrated": "estimated, by what the provider counted before",
    "tokenizer": "estimated, by what the model's own tokenizer counted of a part",
}
_COLOURS = {"landed": "green", "pending": "yellow", "edited": "green", "failed": "red", "late": "yellow"}
_SIGNS = {"+": "green", "-": "red", "@": "cyan"}


def explain(
    ctx: typer.Context,
    exchange: Annotated[
        str,
        typer.Argument(
            help="Its id, or the beginning of it. The newest one with an edit when not given; without any, the newest.",
            autocompletion=completion.exchanges,
        ),
    ] = "",
    lines: Annotated[int, typer.Option(help="How many lines of each difference. 0: all.", min=0)] = 40,
    every: Annotated[bool, typer.Option("--all", help="Also list the edits that were replayed.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, with the texts of edits whole.")] = False,
    store: LogOption = None,
) -> None:
    """Explain one exchange: what each stage said, every edit with its reason, what it cost, before and after; and why
    little was saved in its session."""
    log = open_log(store)
    try:
        events = log.events_of(_find(log, exchange))
        if as_json:
            typer.echo(json.dumps(_document(log, events, every, ctx.obj), indent=1))
            return
        for line in chain(_told(log, events, lines, every), _why_not(_reasons(log, events, ctx.obj))):
            typer.echo(line)
    finally:
        log.close()


def _document(log: Store, events: list[Event], every: bool, plugins: Plugins) -> dict[str, Any]:
    from penstock.cli.explain_json import explained

    record = ExchangeRecord.of(events[0].exchange, events)
    replayed = _landed_before(log, record, record.conversation) if every else []
    return explained(log, events, replayed, _reasons(log, events, plugins))


def _reasons(log: Store, events: list[Event], plugins: Plugins) -> list[str]:
    """Why little was saved in its session."""
    from penstock.replay.savings_advice import savings_advice  # the engine

    record = ExchangeRecord.of(events[0].exchange, events)
    name = record.session or record.conversation
    return savings_advice(session_events(log, [name])[name], profiles.in_use(), plugins) if name else []


def _why_not(reasons: list[str]) -> Iterator[str]:
    if reasons:
        yield "\nWhy little was saved in its session"
        yield from (f"  - {printable(reason)}" for reason in reasons)


def _find(log: Store, wanted: str) -> str:
    """The id that is meant."""
    if wanted and log.events_of(wanted):
        return wanted
    found: dict[str, None] = {}
    newest = ""
    for event in backwards(log, log.end()):
        if wanted and event.exchange.startswith(wanted):
            found[event.exchange] = None
        elif not wanted and isinstance(event.data, EditEvent) and event.data.has_landed:
            return event.exchange
        newest = newest or event.exchange
    if not wanted and newest:
        return newest
    if len(found) == 1:
        return next(iter(found))
    if found:
        raise PenstockError(f"{wanted!r} is the beginning of {len(found)} exchanges: {', '.join(list(found)[:5])}")
    if wanted:
        raise PenstockError(f"no exchange {wanted!r} is in this log. `penstock events` shows their ids")
    raise PenstockError("no exchange is in this log yet: `penstock run -- CLIENT` sends requests through the proxy")


def _told(log: Store, events: list[Event], limit: int, every: bool) -> Iterator[str]:
    record = ExchangeRecord.of(events[0].exchange, events)
    about, flush = record.find(ClassifiedEvent), record.find(FlushEvent)
    yield from _head(record, events, about)
    yield from _stages(record.find_all(StageEvent))
    yield from _edits(record, every)
    conversation = about.conversation if about is not None else ""
    if every:
        yield from _replayed(log, record, conversation)
    if flush is not None:
        landed = f"{plural(flush.edits, 'edit')} landed{' together' if flush.edits != 1 else ''}"
        yield f"\nFlush: {landed}, because {printable(flush.why)}"
    yield from _money(record.money)
    yield from _keep_alive(record)
    ledger = [one.edit for one in log.edits_of(conversation)]
    for edit in record.changes:
        if edit.has_landed:
            yield ""
            yield from _difference(log, ledger, edit, limit)


def _head(record: ExchangeRecord, events: list[Event], about: ClassifiedEvent | None) -> Iterator[str]:
    came = record.find(ReceivedEvent)
    yield typer.style(f"Exchange {record.id}", bold=True)
    asked = about.model if about is not None else record.model
    pairs = [
        ("who", " · ".join(printable(one) for one in (record.client, record.kind, record.agent, asked) if one)),
        ("where", f"{printable(came.method) if came is not None else ''} {record.host}{record.path}".strip()),
        ("when", moment(events[0].at)),
        ("session", record.session),
        ("conversation", _history(about)),
        ("prompt", printable(about.words)[:200] if about is not None else ""),
        ("passed by", _passed_by(record.find(BypassedEvent))),
        ("binding", _binding(about, record.find(AnsweredEvent))),
        ("ended", _end(record)),
    ]
    yield from (f"  {name:<12}  {value}" for name, value in pairs if value)


def _passed_by(bypassed: BypassedEvent | None) -> str:
    if bypassed is None:
        return ""
    again = f"{bypassed.replayed} edits of before sent again" if bypassed.replayed else ""
    gone = f"{bypassed.stripped} blocks of thinking left out" if bypassed.stripped else ""
    return ", ".join(filter(None, (printable(bypassed.why), again, gone)))


def _binding(about: ClassifiedEvent | None, answered: AnsweredEvent | None) -> str:
    """What the client asked for thinking whose prefix has changed, and what the provider left out of the request."""
    asked = f"the client asks for {printable(about.block_binding)}" if about and about.block_binding else ""
    lost = "; ".join(map(printable, answered.transformations)) if answered is not None else ""
    return ", ".join(filter(None, (asked, f"the provider changed the request: {lost}" if lost else "")))


def _history(about: ClassifiedEvent | None) -> str:
    if about is None:
        return ""
    held = f"{plural(about.messages, 'message')}, {about.new or 0:,} of them new"
    retry = ", a retry" if about.retry else ""
    return f"{printable(about.conversation)}, turn {about.turn}: {held}{retry}"


def _end(record: ExchangeRecord) -> str:
    if record.outcome == "open":
        return "not yet"
    took = f" in {lasted(record.ms)}" if record.ms is not None else ""
    parts = (record.outcome, str(record.status or ""), record.why, record.error)
    return " ".join(filter(None, parts)) + took


def _stages(verdicts: list[StageEvent]) -> Iterator[str]:
    if not verdicts:
        return
    yield "\nStages"
    rows = []
    for said in verdicts:
        outcome = printable(said.outcome)
        edits = plural(said.edits, "edit") if said.edits else ""
        remark = ", ".join(filter(None, (edits, printable(said.remark))))
        shown = typer.style(outcome, fg=_COLOURS.get(outcome))
        rows.append((printable(said.stage), shown, f"{said.ms or 0:,.1f} ms", remark))
    yield from (f"  {line}" for line in columns(rows, 4))


def _edits(record: ExchangeRecord, every: bool) -> Iterator[str]:
    if not record.changes and not record.replayed:
        yield "\nNo edit: it was sent as received."
        return
    yield "\nEdits"
    if record.changes:
        yield from (f"  {line}" for line in columns([_edit(edit) for edit in record.changes], 6))
    if record.replayed:
        yield f"  {record.replayed:,} replayed from earlier requests{'' if every else ' (--all lists them)'}"
    if record.tokens_in is not None and record.tokens_out is not None:
        how = _HOW.get(record.how, _HOW["estimated"])
        about = "" if record.how == "exact" else "~"
        yield f"  in all {about}{record.tokens_in:,} -> {record.tokens_out:,} tokens, {how}"


def _edit(edit: EditEvent) -> tuple[str, ...]:
    state = printable(edit.state)
    return (
        typer.style(state, fg=_COLOURS.get(state)),
        printable(edit.stage),
        printable(edit.op),
        f"at {'-' if edit.m is None or edit.m < 0 else f'{edit.m}.{edit.b}'}",
        f"~{edit.before or 0:,} -> {edit.after or 0:,} tokens",
        printable(edit.reason),
    )


def _replayed(log: Store, record: ExchangeRecord, conversation: str) -> Iterator[str]:
    rows = [(*_edit(said)[1:], f"in {id}") for id, said in _landed_before(log, record, conversation)]
    if rows:
        yield "  Landed earlier in this conversation:"
        yield from (f"    {line}" for line in columns(rows, 6))


def _landed_before(log: Store, record: ExchangeRecord, conversation: str) -> Iterator[tuple[str, EditEvent]]:
    """The edits that landed in this conversation before: those whose block is still there were replayed."""
    mine: set[str] = set()
    for event in all_events(log):
        if event.exchange == record.id:
            break
        said = event.data
        if isinstance(said, ClassifiedEvent) and said.conversation == conversation:
            mine.add(event.exchange)
        elif isinstance(said, EditEvent) and event.exchange in mine and said.has_landed:
            yield event.exchange, said


def _money(money: LoggedCost | None) -> Iterator[str]:
    if money is None:
        return
    tally = CostTotals()
    tally.add(money)
    yield "\nMoney"
    if tally.unpriced:
        yield "  unknown price: nobody has said what this model costs; see `penstock models NAME`"
        yield f"  sent: {_split(money.sent)}; came: {_split(money.came)}"
        return
    how = "estimated: the provider gave no count" if money.is_estimated else "the provider's count"
    rows = [
        ("without Penstock", dollars(tally.baseline), f"{_split(money.came)} (worked out from what was paid)"),
        ("paid", dollars(tally.paid), f"{_split(money.sent)} ({how})"),
        ("saved", signed(dollars(tally.saved), tally.saved), signed(percent(tally.share), tally.saved)),
        ("compacting", dollars(tally.naive), "for a client that compacts by itself at 30 % of the window"),
        ("cache", "", f"reads saved {tally.reads_saved:,}, {_writes(tally.writes_caused)} tokens"),
    ]
    yield from (f"  {line}" for line in columns(rows, 3))


def _keep_alive(record: ExchangeRecord) -> Iterator[str]:
    """The requests of ours that sent it once more: in the sums of its session, not in what it paid itself."""
    reads = record.find_all(KeptAliveEvent)
    if not reads:
        return
    yield f"\nKeep-alive: {plural(len(reads), 'read')}, {dollars(record.reads_cost)}"
    for said in reads:
        written = f", {said.write:,} written" if said.write else ""
        ends = f"; no more: {printable(said.stopped)}" if said.stopped else ""
        yield f"  sent again for no answer: {said.read:,} tokens read{written}, {dollars(said.usd or 0.0)}{ends}"


def _writes(caused: int) -> str:
    return f"writes spared {-caused:,}" if caused < 0 else f"writes caused {caused:,}"


def _split(split: TokenSplit) -> str:
    return f"{split.plain:,} plain · {split.read:,} read · {split.write:,} write tokens"


def _difference(log: Store, ledger: list[Edit], edit: EditEvent, limit: int) -> Iterator[str]:
    texts = before_after(log, ledger, edit)
    title = printable(f"{edit.stage} at {edit.m}.{edit.b}")
    if texts.handle and texts.before is None:
        yield f"{title}: the original {texts.handle} is not in the store any more"
        return
    yield from difference(texts.before or "", texts.after, title=title, handle=texts.handle, limit=limit)


def difference(before: str, after: str, *, title: str, handle: str, limit: int) -> Iterator[str]:
    """The lines of a unified difference, at most about `limit` of them unless that is 0; then how to see the rest."""
    old, new = before.splitlines(), after.splitlines()
    name = f"{title} ({handle})" if handle else title
    yield typer.style(f"--- {name}, as received: {len(old):,} lines", bold=True)
    yield typer.style(f"+++ {title}, as sent: {len(new):,} lines", bold=True)
    lines = changed_lines(old, new)
    if not limit or len(lines) <= limit:
        yield from map(_coloured, lines)
        return
    left_out = 0
    for line, stands_for in _bounded(lines, limit):
        yield _coloured(line) if line else typer.style(f"… {stands_for:,} more like it", dim=True)
        left_out += stands_for
    whole = f"; the whole original: penstock expand {handle}" if handle else ""
    yield typer.style(f"{left_out:,} lines of the difference left out: --lines 0 shows them{whole}", dim=True)


def _bounded(lines: list[str], limit: int) -> Iterator[tuple[str, int]]:
    """Lines, each standing for none but itself; an empty one stands for those left out. Long runs are shortened before
    the end is cut: what went is often long, and what replaced it is what one wants to see."""
    longest, left = max(2, limit // 4), limit
    rest = len(lines)
    for _, run in groupby(lines, key=lambda line: line[:1]):
        found = list(run)
        shown = found[: min(longest, left)]
        rest -= len(found)
        left -= len(shown)
        yield from ((line, 0) for line in shown)
        if len(shown) < len(found):
            yield "", len(found) - len(shown)
        if not left:
            break
    if rest:
        yield "", rest


def _coloured(line: str) -> str:
    text = printable(line.expandtabs(4))
    return typer.style(text, fg=_SIGNS[text[0]]) if text[:1] in _SIGNS else text
