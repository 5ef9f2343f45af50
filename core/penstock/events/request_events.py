"""What events say about a request on its way to the provider."""

from __future__ import annotations

from dataclasses import dataclass

from penstock.events.kinds import EventKind
from penstock.events.payload import Count, EventData, Number

__all__ = [
    "BypassedEvent",
    "ClassifiedEvent",
    "EditEvent",
    "FlushEvent",
    "ForwardedEvent",
    "HistoryArchivedEvent",
    "LoggedBlock",
    "LoggedTool",
    "ReceivedEvent",
    "RefusedEvent",
    "RewrittenEvent",
    "StageEvent",
    "TaggedEvent",
    "TokenShares",
]


@dataclass(frozen=True, slots=True)
class ReceivedEvent(EventData):
    """A request came."""

    KIND = EventKind.RECEIVED
    method: str
    host: str
    path: str
    bytes: Count | None
    """Of its body."""
    encoding: str
    """The content-encoding of its body."""
    client: str
    """The program, by its user agent."""
    profile: str
    """The proxy's own."""


@dataclass(frozen=True, slots=True)
class TokenShares:
    """Tokens of a request, by part. None: not said."""

    system: Count | None = None
    tools: Count | None = None
    messages: Count | None = None
    total: Count | None = None
    how: str = ""
    """How they were counted: `calibrated`, `tokenizer` or `estimated`."""


@dataclass(frozen=True, slots=True)
class LoggedBlock:
    """One content block that was not sent before."""

    m: Count
    """Index of its message."""
    b: Count | None
    """Index in its message. None: an older log does not number them."""
    role: str
    kind: str
    tokens: Count | None
    name: str
    """Of a tool."""
    id: str
    """Of a tool call."""
    text: str
    """Redacted and cut."""


@dataclass(frozen=True, slots=True)
class LoggedTool:
    """A tool that a request offers."""

    name: str
    tokens: Count
    """Estimated."""


@dataclass(frozen=True, slots=True)
class ClassifiedEvent(EventData):
    """Who sent a request, of what kind it is, and what is new in it."""

    KIND = EventKind.CLASSIFIED
    dialect: str
    provider: str
    kind: str
    """One of `penstock.conversation.exchange.Kind`."""
    conversation: str
    session: str
    agent: str
    client: str
    project: str
    model: str
    epoch: Count
    turn: Count
    retry: bool
    stream: bool
    messages: Count | None
    """How many it holds."""
    new: Count | None
    """How many of them were not sent before."""
    words: str
    """The person's words, redacted and cut."""
    tokens: TokenShares
    first: Count | None
    """Index of the first message of `blocks`."""
    blocks: tuple[LoggedBlock, ...]
    """Only those of new messages."""
    block_binding: str = ""
    """What the client asks for thinking whose prefix has changed. Empty: it does not ask."""
    toolset: tuple[LoggedTool, ...] | None = None
    """None: as in the conversation's request before."""
    changed: tuple[str, ...] = ()
    """Which of `system` and `tools` are not as in the conversation's request before."""
    login: bool | None = None
    """It goes by a subscription login, and is not billed for each token. None: an older log does not say."""


@dataclass(frozen=True, slots=True)
class StageEvent(EventData):
    """One stage's verdict."""

    KIND = EventKind.STAGE
    stage: str
    outcome: str
    """`edited`, `nothing`, `failed`, `late`, `resting`, `skipped` or `refused`."""
    remark: str
    ms: Number | None
    edits: Count


@dataclass(frozen=True, slots=True)
class EditEvent(EventData):
    """An edit landed, waits, or was left out."""

    KIND = EventKind.EDIT
    stage: str
    op: str
    """`replace`, `note` or `compact`."""
    state: str
    """`landed`, `pending` or `left out`."""
    reason: str
    m: Count | None
    """Index of its message; -1 when its block is not in this request."""
    b: Count | None
    before: Count | None
    """Tokens, estimated."""
    after: Count | None
    text: str
    """What stands there now, redacted and cut."""
    handle: str
    """Of the original, for `penstock expand`; empty when nothing was taken away."""
    place: str
    """The key of its block, and which of that key's blocks it is."""
    messages: Count | None = None
    """Of a compaction: how many it covers."""
    first_turn: Count | None = None
    last_turn: Count | None = None

    @property
    def has_landed(self) -> bool:
        return self.state == "landed"

    @property
    def freed(self) -> int:
        """Tokens it took out of the request; below zero for what put some in, 0 as long as it has not landed."""
        return (self.before or 0) - (self.after or 0) if self.has_landed else 0


@dataclass(frozen=True, slots=True)
class FlushEvent(EventData):
    """Pending edits landed together."""

    KIND = EventKind.FLUSH
    why: str
    edits: Count


@dataclass(frozen=True, slots=True)
class TaggedEvent(EventData):
    """What a request, or a turn that is complete, is about."""

    KIND = EventKind.TAGGED
    of: str
    """`request` or `turn`."""
    tags: tuple[str, ...]
    primary: str
    """The most telling of them."""
    broad: bool
    """An overview is asked for."""
    temporal: bool
    """What was at some time is asked for."""
    active: tuple[str, ...] | None = None
    """The tags of the conversation's last turns, the newest first. None: an older log does not say."""


@dataclass(frozen=True, slots=True)
class RewrittenEvent(EventData):
    """The stages have run: how much came, and how much leaves. Tokens are of the whole request."""

    KIND = EventKind.REWRITTEN
    edits: Count | None
    """Landed now."""
    replayed: Count
    pending: Count | None
    bytes_in: Count | None
    bytes_out: Count | None
    tokens_in: Count | None
    tokens_out: Count | None
    how: str
    """How tokens were counted: `calibrated`, `tokenizer` or `estimated`."""
    ms: Number | None
    injected: Count | None = None
    """Tokens of our notes in it. None: an older log does not say."""
    freed: Count | None = None
    """Tokens that edits took out, less what stands in their place: `tokens_in` + `injected` - `tokens_out`."""


@dataclass(frozen=True, slots=True)
class ForwardedEvent(EventData):
    """A request left."""

    KIND = EventKind.FORWARDED
    changed: bool
    bytes: Count | None
    ms: Number | None
    """All the suite took before it left."""
    queued_ms: Number = 0.0
    """Of that, what it waited for its turn."""


@dataclass(frozen=True, slots=True)
class BypassedEvent(EventData):
    """A request left untouched and unread, but for what was edited before."""

    KIND = EventKind.BYPASSED
    why: str
    replayed: Count
    """Edits of before that it was sent with."""
    stripped: Count
    """Blocks of thinking that were left out."""


@dataclass(frozen=True, slots=True)
class RefusedEvent(EventData):
    """We answered in the provider's stead."""

    KIND = EventKind.REFUSED
    status: Count | None
    message: str
    stage: str
    retry_after: Number | None


@dataclass(frozen=True, slots=True)
class HistoryArchivedEvent(EventData):
    """The history that a client is about to summarise was stored as received."""

    KIND = EventKind.HISTORY_ARCHIVED
    handle: str
    """For `penstock expand`."""
    why: str
    messages: Count
    tokens: Count
    """Estimated."""


CLASSES: tuple[type[EventData], ...] = (
    ReceivedEvent,
    ClassifiedEvent,
    StageEvent,
    EditEvent,
    FlushEvent,
    TaggedEvent,
    RewrittenEvent,
    ForwardedEvent,
    BypassedEvent,
    RefusedEvent,
    HistoryArchivedEvent,
)
