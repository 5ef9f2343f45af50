"""`build_detail`: folds the events of one exchange into its details (`ExchangeDetail`): steps, blocks, edits,
figures."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from penstock.base.format import plural
from penstock.base.readable import one_line, readable
from penstock.events.event import Event
from penstock.events.proxy_events import FaultEvent
from penstock.events.request_events import (
    BypassedEvent,
    ClassifiedEvent,
    EditEvent,
    FlushEvent,
    ForwardedEvent,
    HistoryArchivedEvent,
    HistoryIngestionEvent,
    LoggedTool,
    ReceivedEvent,
    RefusedEvent,
    RewrittenEvent,
    StageEvent,
)
from penstock.events.response_events import AnsweredEvent, FailedEvent, KeptAliveEvent, ProcessedEvent
from penstock_tui.exchange.model import Block, Change, ExchangeDetail, Step
from penstock_tui.log.row import kept_alive_words

__all__ = ["build_detail"]


def build_detail(events: Iterable[Event]) -> ExchangeDetail:
    """Fold the events of one exchange. Its blocks are those that were new in it."""
    detail = ExchangeDetail()
    for event in events:
        detail.id = detail.id or event.exchange
        asked = detail.model
        detail.fold(event)
        detail.model = asked or detail.model
        note = _take(detail, event)
        if note is not None:
            detail.steps.append(Step(str(event.kind), event.at, note))
    detail.known_from = detail.first or 0
    # Edits may be told before the turn they are of.
    detail.changes = [replace(change, turn=detail.turn, exchange=detail.id) for change in detail.changes]
    return detail


def _take(detail: ExchangeDetail, event: Event) -> str | None:
    """Take in an event that only the details show. Returns the text of a step; None: it is not a step."""
    match event.data:
        case StageEvent() as said:
            names = one_line(said.stage), one_line(said.outcome), one_line(said.remark)
            detail.verdicts.append(StageEvent(*names, said.ms, said.edits))
        case EditEvent() as said:
            detail.changes.append(_change(said))
        case ReceivedEvent() as said:
            detail.bytes_in = said.bytes
            return f"{one_line(said.method)} {detail.host}{detail.path}".strip()
        case ClassifiedEvent() as said:
            return _classified(detail, said)
        case FlushEvent() as said:
            return f"{said.edits} edits: {one_line(said.why)}"
        case RewrittenEvent() as said:
            detail.bytes_in, detail.bytes_out = said.bytes_in or detail.bytes_in, said.bytes_out
            return ""
        case ForwardedEvent() as said:
            detail.changed, detail.bytes_out = said.changed, said.bytes or detail.bytes_out
            return "changed" if said.changed else "as received"
        case BypassedEvent() as said:
            again = f"{said.replayed} edits of before sent again" if said.replayed else ""
            gone = f"{said.stripped} blocks of thinking left out" if said.stripped else ""
            return ", ".join(filter(None, (one_line(said.why), again, gone)))
        case RefusedEvent() as said:
            detail.message, detail.retry_after = readable(said.message), said.retry_after
            return f"by {one_line(said.stage)}" if said.stage else ""
        case AnsweredEvent() as said:
            detail.stop, detail.text = one_line(said.stop or ""), readable(said.text or "")
            lost = "; ".join(map(one_line, said.transformations))
            changes = f"the provider changed the request: {lost}" if lost else ""
            return changes if detail.complete else "the stream was cut"
        case FailedEvent():
            return detail.why
        case ProcessedEvent():
            return ""
        case KeptAliveEvent() as said:
            return kept_alive_words(said)
        case HistoryIngestionEvent() as said:
            return f"{said.turns_ingested} of {plural(said.pairs_received, 'turn')} of the history tagged"
        case HistoryArchivedEvent() as said:
            return one_line(f"{said.why}: expand {said.handle}")
        case FaultEvent() as said:
            return one_line(": ".join(filter(None, (said.where, said.error))))
    return None


def _classified(detail: ExchangeDetail, said: ClassifiedEvent) -> str:
    detail.messages, detail.prompt, detail.stream = said.messages, readable(said.words), said.stream
    if said.toolset is not None:
        detail.toolset = tuple(LoggedTool(one_line(one.name), one.tokens) for one in said.toolset)
    detail.head_changes = tuple(map(one_line, said.changed))
    detail.blocks = _blocks(said)
    return "" if said.new is None else f"{said.new} new of {plural(said.messages or 0, 'message')}"


def _blocks(said: ClassifiedEvent) -> list[Block]:
    blocks: list[Block] = []
    for one in said.blocks:
        b = one.b
        if b is None:  # an older log does not number them
            b = blocks[-1].b + 1 if blocks and blocks[-1].m == one.m else 0
        who, named = (one_line(one.role), one_line(one.kind)), (one_line(one.name), one_line(one.id))
        blocks.append(Block(one.m, b, *who, one.tokens, *named, readable(one.text), turn=said.turn))
    return blocks


def _change(said: EditEvent) -> Change:
    names = one_line(said.stage), one_line(said.op), one_line(said.state), one_line(said.reason)
    place, sizes = (_index(said.m), _index(said.b)), (said.before, said.after)
    return Change(*names, *place, *sizes, readable(said.text), one_line(said.handle), one_line(said.place))


def _index(index: int | None) -> int | None:
    """Below 0: the edit's block is no longer in the conversation."""
    return None if index is None or index < 0 else index
