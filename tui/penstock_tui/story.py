"""The story of one exchange: all its events, and the blocks it sent, gathered from its conversation's earlier ones."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from penstock.events import Event, EventKind
from penstock_tui.figures import many
from penstock_tui.payload import Payload

__all__ = ["Block", "Change", "History", "Step", "Story", "Verdict", "complete", "gather", "tell"]


@dataclass(frozen=True, slots=True)
class Step:
    """A moment in the exchange's life."""

    name: str
    at: float
    note: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a stage said."""

    stage: str
    outcome: str
    remark: str
    ms: float | None
    edits: int


@dataclass(frozen=True, slots=True)
class Change:
    """An edit, as told by its event."""

    stage: str
    op: str
    state: str
    reason: str
    m: int | None
    b: int | None
    before: int | None
    after: int | None
    text: str
    here: bool = True
    """It belongs to this exchange, not to an earlier one."""


@dataclass(frozen=True, slots=True)
class Block:
    """One content block as the client sent it."""

    m: int
    b: int
    role: str
    kind: str
    tokens: int | None
    name: str
    id: str
    text: str
    new: bool = True
    """Not sent before this exchange."""
    changes: tuple[Change, ...] = ()


@dataclass(slots=True)
class Story:
    """What the events of one exchange say."""

    steps: list[Step] = field(default_factory=list)
    verdicts: list[Verdict] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)
    """By message, the oldest first."""
    first: int | None = None
    """Index of the first message that is new in this exchange."""
    messages: int | None = None
    """How many messages the request holds."""
    known_from: int = 0
    """Messages before this index were sent before the log, or too long ago to be shown."""
    tokens: dict[str, int] = field(default_factory=dict)
    """`system`, `tools`, `messages`, `total`."""
    words: str = ""
    stream: bool = False
    bytes_in: int | None = None
    bytes_out: int | None = None
    changed: bool | None = None
    """Whether what left was not what came in. None: it has not left."""
    stop: str = ""
    text: str = ""
    """The beginning of the answer."""
    message: str = ""
    """What a refusal told the client."""
    retry_after: float | None = None


@dataclass(slots=True)
class History:
    """What the earlier exchanges of a conversation sent."""

    blocks: list[Block] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    known_from: int = 0


def tell(events: Iterable[Event]) -> Story:
    """Fold the events of one exchange. Its blocks are those that were new in it."""
    story = Story()
    for event in events:
        reader = _READERS.get(event.kind)
        if reader is not None:
            reader(story, event, Payload(event.payload))
    story.known_from = story.first or 0
    return story


def gather(earlier: Iterable[Story], first: int | None, limit: int) -> History:
    """What `earlier` exchanges (newest first) sent of the messages before `first`, at most about `limit` blocks.

    Each lists what was new in it. Walking back, the newest that tells of a message counts: after a rewind or a
    compaction by the client the same index may have held something else before.
    """
    history = History(known_from=first or 0)
    pages: list[list[Block]] = []
    size = 0
    for story in earlier:
        if history.known_from <= 0 or size >= limit:
            break
        history.changes += [replace(change, here=False) for change in story.changes if change.state == "landed"]
        if story.first is None or story.first >= history.known_from or not story.blocks:
            continue
        page = [replace(block, new=False) for block in story.blocks if block.m < history.known_from]
        pages.append(page)
        size += len(page)
        history.known_from = story.first
    history.blocks = [block for page in reversed(pages) for block in page]
    return history


def complete(story: Story, history: History) -> Story:
    """`story` with the blocks of its conversation before it, each edit at its block, and each result named."""
    by_place: dict[tuple[int | None, int | None], list[Change]] = {}
    for change in (*reversed(history.changes), *story.changes):
        by_place.setdefault((change.m, change.b), []).append(change)
    calls: dict[str, str] = {}
    blocks = []
    for one in (*history.blocks, *story.blocks):
        if one.kind == "tool_use":
            calls[one.id] = one.name
        # Some results name their tool by the call's id alone.
        name = one.name or (calls.get(one.id, "") if one.kind == "tool_result" else "")
        blocks.append(replace(one, name=name, changes=tuple(by_place.get((one.m, one.b), ()))))
    return replace(story, blocks=blocks, known_from=history.known_from)


def _received(story: Story, event: Event, data: Payload) -> None:
    story.bytes_in = data.whole("bytes")
    how = f"{data.line('method')} {data.line('host')}{data.line('path')}".strip()
    story.steps.append(Step("received", event.at, how))


def _classified(story: Story, event: Event, data: Payload) -> None:
    story.first, story.messages = data.whole("first"), data.whole("messages")
    story.words, story.stream = data.text("words"), data.flag("stream")
    tokens = data.part("tokens")
    story.tokens = {
        name: n for name in ("system", "tools", "messages", "total") if (n := tokens.whole(name)) is not None
    }
    story.blocks = _blocks(data)
    new = data.whole("new")
    story.steps.append(
        Step("classified", event.at, "" if new is None else f"{new} new of {many(story.messages or 0, 'message')}")
    )


def _blocks(data: Payload) -> list[Block]:
    blocks: list[Block] = []
    for one in data.parts("blocks"):
        m = one.whole("m") or 0
        b = blocks[-1].b + 1 if blocks and blocks[-1].m == m else 0
        names = one.line("role"), one.line("kind")
        blocks.append(Block(m, b, *names, one.whole("tokens"), one.line("name"), one.line("id"), one.text("text")))
    return blocks


def _stage(story: Story, _event: Event, data: Payload) -> None:
    names = data.line("stage"), data.line("outcome"), data.line("remark")
    story.verdicts.append(Verdict(*names, data.number("ms"), data.whole("edits") or 0))


def _edit(story: Story, _event: Event, data: Payload) -> None:
    names = data.line("stage"), data.line("op"), data.line("state"), data.line("reason")
    place = _index(data, "m"), _index(data, "b")
    story.changes.append(Change(*names, *place, data.whole("before"), data.whole("after"), data.text("text")))


def _index(data: Payload, name: str) -> int | None:
    """Below 0: the edit's block is not in the conversation any more."""
    index = data.whole(name)
    return None if index is None or index < 0 else index


def _flush(story: Story, event: Event, data: Payload) -> None:
    story.steps.append(Step("flush", event.at, f"{data.whole('edits') or 0} edits: {data.line('why')}"))


def _enriched(story: Story, event: Event, data: Payload) -> None:
    story.bytes_in = data.whole("bytes_in") or story.bytes_in
    story.bytes_out = data.whole("bytes_out")
    story.steps.append(Step("enriched", event.at))


def _forwarded(story: Story, event: Event, data: Payload) -> None:
    story.changed = data.flag("changed")
    story.bytes_out = data.whole("bytes") or story.bytes_out
    story.steps.append(Step("forwarded", event.at, "changed" if story.changed else "as it came"))


def _bypassed(story: Story, event: Event, data: Payload) -> None:
    story.steps.append(Step("bypassed", event.at, data.line("why")))


def _refused(story: Story, event: Event, data: Payload) -> None:
    story.message, story.retry_after = data.text("message"), data.number("retry_after")
    by = data.line("stage")
    story.steps.append(Step("refused", event.at, f"by {by}" if by else ""))


def _answered(story: Story, event: Event, data: Payload) -> None:
    story.stop, story.text = data.line("stop"), data.text("text")
    cut = "complete" in data and not data.flag("complete")
    story.steps.append(Step("answered", event.at, "the stream was cut" if cut else ""))


def _failed(story: Story, event: Event, data: Payload) -> None:
    story.steps.append(Step("failed", event.at, data.line("why")))


def _remembered(story: Story, event: Event, _data: Payload) -> None:
    story.steps.append(Step("remembered", event.at))


def _kept(story: Story, event: Event, data: Payload) -> None:
    story.steps.append(Step("kept", event.at, f"{data.line('why')}: expand {data.line('handle')}"))


def _fault(story: Story, event: Event, data: Payload) -> None:
    said = (data.line("where"), data.line("error"))
    story.steps.append(Step("fault", event.at, ": ".join(filter(None, said))))


_READERS: dict[EventKind, Callable[[Story, Event, Payload], None]] = {
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
