"""Folding the events of one exchange into its story."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from penstock.events.event import Event, EventKind
from penstock_tui.exchange.model import Block, Change, ExchangeDetail, Step, Tool, Usage, Verdict
from penstock_tui.format import many
from penstock_tui.log.payload import Payload

__all__ = ["build_detail"]


def build_detail(events: Iterable[Event]) -> ExchangeDetail:
    """Fold the events of one exchange. Its blocks are those that were new in it."""
    story = ExchangeDetail()
    for event in events:
        story.id = story.id or event.exchange
        story.at = story.at or event.at
        reader = _READERS.get(event.kind)
        if reader is not None:
            reader(story, event, Payload(event.payload))
    story.known_from = story.first or 0
    # Edits may be told before the turn they are of.
    story.changes = [replace(change, turn=story.turn, exchange=story.id) for change in story.changes]
    return story


def _received(story: ExchangeDetail, event: Event, data: Payload) -> None:
    story.bytes_in, story.profile = data.whole("bytes"), data.line("profile")
    how = f"{data.line('method')} {data.line('host')}{data.line('path')}".strip()
    story.steps.append(Step("received", event.at, how))


def _classified(story: ExchangeDetail, event: Event, data: Payload) -> None:
    story.kind, story.model, story.provider = data.line("kind"), data.line("model"), data.line("provider")
    story.conversation, story.retry = data.line("conversation"), data.flag("retry")
    story.epoch, story.turn = data.whole("epoch") or 0, data.whole("turn") or 0
    story.first, story.messages = data.whole("first"), data.whole("messages")
    story.words, story.stream = data.text("words"), data.flag("stream")
    tokens = data.part("tokens")
    story.tokens = {
        name: n for name in ("system", "tools", "messages", "total") if (n := tokens.whole(name)) is not None
    }
    story.how = tokens.line("how")
    if "toolset" in data:
        story.toolset = tuple(Tool(one.line("name"), one.whole("tokens") or 0) for one in data.parts("toolset"))
    story.head_changes = tuple(data.names("changed"))
    story.blocks = _blocks(data, story.turn)
    new = data.whole("new")
    story.steps.append(
        Step("classified", event.at, "" if new is None else f"{new} new of {many(story.messages or 0, 'message')}")
    )


def _blocks(data: Payload, turn: int) -> list[Block]:
    blocks: list[Block] = []
    for one in data.parts("blocks"):
        m = one.whole("m") or 0
        b = one.whole("b")
        if b is None:  # an older log does not number them
            b = blocks[-1].b + 1 if blocks and blocks[-1].m == m else 0
        who, named = (one.line("role"), one.line("kind")), (one.line("name"), one.line("id"))
        blocks.append(Block(m, b, *who, one.whole("tokens"), *named, one.text("text"), turn=turn))
    return blocks


def _stage(story: ExchangeDetail, _event: Event, data: Payload) -> None:
    names = data.line("stage"), data.line("outcome"), data.line("remark")
    story.verdicts.append(Verdict(*names, data.number("ms"), data.whole("edits") or 0))


def _edit(story: ExchangeDetail, _event: Event, data: Payload) -> None:
    names = data.line("stage"), data.line("op"), data.line("state"), data.line("reason")
    place = _index(data, "m"), _index(data, "b")
    sizes, found = (data.whole("before"), data.whole("after")), (data.line("handle"), data.line("place"))
    story.changes.append(Change(*names, *place, *sizes, data.text("text"), *found))


def _index(data: Payload, name: str) -> int | None:
    """Below 0: the edit's block is not in the conversation any more."""
    index = data.whole(name)
    return None if index is None or index < 0 else index


def _flush(story: ExchangeDetail, event: Event, data: Payload) -> None:
    story.flush = data.line("why")
    story.steps.append(Step("flush", event.at, f"{data.whole('edits') or 0} edits: {data.line('why')}"))


def _enriched(story: ExchangeDetail, event: Event, data: Payload) -> None:
    story.bytes_in = data.whole("bytes_in") or story.bytes_in
    story.bytes_out = data.whole("bytes_out")
    story.tokens_in, story.tokens_out = data.whole("tokens_in"), data.whole("tokens_out")
    story.how = data.line("how") or story.how
    story.replayed = data.whole("replayed") or 0
    story.steps.append(Step("enriched", event.at))


def _forwarded(story: ExchangeDetail, event: Event, data: Payload) -> None:
    story.changed = data.flag("changed")
    story.bytes_out = data.whole("bytes") or story.bytes_out
    story.steps.append(Step("forwarded", event.at, "changed" if story.changed else "as it came"))


def _bypassed(story: ExchangeDetail, event: Event, data: Payload) -> None:
    replayed, stripped = data.whole("replayed"), data.whole("stripped")
    again = f"{replayed} edits of before sent again" if replayed else ""
    gone = f"{stripped} blocks of thinking left out" if stripped else ""
    story.steps.append(Step("bypassed", event.at, ", ".join(filter(None, (data.line("why"), again, gone)))))


def _refused(story: ExchangeDetail, event: Event, data: Payload) -> None:
    story.message, story.retry_after = data.text("message"), data.number("retry_after")
    by = data.line("stage")
    story.is_over = True
    story.steps.append(Step("refused", event.at, f"by {by}" if by else ""))


def _answered(story: ExchangeDetail, event: Event, data: Payload) -> None:
    story.calls = tuple(data.names("tools"))
    usage = data.part("usage")
    counts = (usage.whole(name) for name in ("input", "cache_read", "cache_write", "output"))
    story.usage = Usage(*counts)
    story.stop, story.text = data.line("stop"), data.text("text")
    cut = "complete" in data and not data.flag("complete")
    story.is_over = True
    lost = data.names("transformations")
    said = f"the provider changed the request: {'; '.join(lost)}" if lost else ""
    story.steps.append(Step("answered", event.at, "the stream was cut" if cut else said))


def _failed(story: ExchangeDetail, event: Event, data: Payload) -> None:
    story.is_over = True
    story.steps.append(Step("failed", event.at, data.line("why")))


def _remembered(story: ExchangeDetail, event: Event, _data: Payload) -> None:
    story.steps.append(Step("remembered", event.at))


def _kept(story: ExchangeDetail, event: Event, data: Payload) -> None:
    story.steps.append(Step("kept", event.at, f"{data.line('why')}: expand {data.line('handle')}"))


def _fault(story: ExchangeDetail, event: Event, data: Payload) -> None:
    said = (data.line("where"), data.line("error"))
    story.steps.append(Step("fault", event.at, ": ".join(filter(None, said))))


_READERS: dict[EventKind, Callable[[ExchangeDetail, Event, Payload], None]] = {
    EventKind.RECEIVED: _received,
    EventKind.CLASSIFIED: _classified,
    EventKind.STAGE: _stage,
    EventKind.EDIT: _edit,
    EventKind.FLUSH: _flush,
    EventKind.ENRICHED: _enriched,
    EventKind.FORWARDED: _forwarded,
    EventKind.BYPASSED: _bypassed,
    EventKind.REFUSED: _refused,
    EventKind.ANSWERED: _answered,
    EventKind.FAILED: _failed,
    EventKind.REMEMBERED: _remembered,
    EventKind.KEPT: _kept,
    EventKind.FAULT: _fault,
}
