"""Payloads of events about a request, from its arrival to its forwarding: `ReceivedEvent`, `ClassifiedEvent`,
`TaggedEvent`, `StageEvent`, `EditEvent`, `RewrittenEvent`, `ForwardedEvent`, `RefusedEvent` and others."""

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
    "HistoryIngestionEvent",
    "IngestedTurnEvent",
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
    """A request was received."""

    KIND = EventKind.RECEIVED
    method: str
    host: str
    path: str
    bytes: Count | None
    """The size of the body."""
    encoding: str
    """The content-encoding of its body."""
    client: str
    """The program, by its user agent."""
    profile: str
    """The profile of the proxy."""


@dataclass(frozen=True, slots=True)
class TokenShares:
    """Tokens of a request by part. None: not known."""

    system: Count | None = None
    tools: Count | None = None
    messages: Count | None = None
    total: Count | None = None
    how: str = ""
    """How the tokens were counted: `calibrated`, `tokenizer` or `estimated`."""


@dataclass(frozen=True, slots=True)
class LoggedBlock:
    """One content block that was not sent before."""

    m: Count
    """The index of its message."""
    b: Count | None
    """The index in its message. None: an older log does not number blocks."""
    role: str
    kind: str
    tokens: Count | None
    name: str
    """The name of the tool, for calls and results."""
    id: str
    """The id of the tool call, for calls and results."""
    text: str
    """The block's text, redacted and cut."""
    subject: str = ""
    """What a tool call is about: its file without the folders, its command or its pattern, redacted and cut. Empty:
    older logs."""


@dataclass(frozen=True, slots=True)
class LoggedTool:
    """A tool that a request offers."""

    name: str
    tokens: Count
    """The estimated tokens of the definition."""


@dataclass(frozen=True, slots=True)
class ClassifiedEvent(EventData):
    """Who sent a request, of what kind it is, and what is new in it."""

    KIND = EventKind.CLASSIFIED
    dialect: str
    provider: str
    kind: str
    """The kind of the request, one of `penstock.conversation.exchange.Kind`."""
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
    """How many messages the request holds."""
    new: Count | None
    """How many of the messages were not sent before."""
    words: str
    """The person's prompt, redacted and cut."""
    tokens: TokenShares
    first: Count | None
    """The index of the first message of `blocks`."""
    blocks: tuple[LoggedBlock, ...]
    """The content blocks of new messages."""
    block_binding: str = ""
    """What the client asks for thinking whose prefix has changed. Empty: it does not ask."""
    toolset: tuple[LoggedTool, ...] | None = None
    """The tools that the request offers. None: the same as in the conversation's request before."""
    changed: tuple[str, ...] = ()
    """Which of `system` and `tools` differ from the conversation's request before."""
    login: bool | None = None
    """The request uses a subscription login and is not billed by token. None: an older log does not say."""


@dataclass(frozen=True, slots=True)
class StageEvent(EventData):
    """The result of one stage."""

    KIND = EventKind.STAGE
    stage: str
    outcome: str
    """`edited`, `nothing`, `failed`, `late`, `resting`, `skipped` or `refused`."""
    remark: str
    ms: Number | None
    edits: Count


@dataclass(frozen=True, slots=True)
class EditEvent(EventData):
    """An edit was applied, deferred or rejected."""

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
    """Estimated tokens of the content before the edit."""
    after: Count | None
    text: str
    """The text after the edit, redacted and cut."""
    handle: str
    """The handle of the original, for `penstock expand`; empty when nothing was removed."""
    place: str
    """The key of its block, and which of that key's blocks it is."""
    messages: Count | None = None
    """For a compaction: how many messages it covers."""
    first_turn: Count | None = None
    last_turn: Count | None = None

    @property
    def has_landed(self) -> bool:
        return self.state == "landed"

    @property
    def freed(self) -> int:
        """Tokens that the edit removed from the request; negative if it added some, 0 if it has not landed."""
        return (self.before or 0) - (self.after or 0) if self.has_landed else 0


@dataclass(frozen=True, slots=True)
class FlushEvent(EventData):
    """Pending edits were applied together."""

    KIND = EventKind.FLUSH
    why: str
    edits: Count


@dataclass(frozen=True, slots=True)
class TaggedEvent(EventData):
    """The tags of a request, or of a complete turn."""

    KIND = EventKind.TAGGED
    of: str
    """What was tagged: `request` or `turn`."""
    tags: tuple[str, ...]
    primary: str
    """The most telling of them."""
    broad: bool
    """Whether the text asks for an overview."""
    temporal: bool
    """Whether the text asks for what was at some time."""
    active: tuple[str, ...] | None = None
    """The tags of the conversation's last turns, the newest first. None: an older log does not say."""


@dataclass(frozen=True, slots=True)
class IngestedTurnEvent(EventData):
    """The tags of a turn of the history that a conversation's first request brought."""

    KIND = EventKind.INGESTED_TURN
    turn: Count
    """The number of the turn, from 1."""
    tags: tuple[str, ...]
    primary_tag: str
    """The most telling of them."""
    message: str
    """The person's prompt, redacted and cut."""


@dataclass(frozen=True, slots=True)
class HistoryIngestionEvent(EventData):
    """The history that a conversation's first request brought is tagged."""

    KIND = EventKind.HISTORY_INGESTION
    session: str
    turns_ingested: Count
    """How many turns were tagged."""
    pairs_received: Count
    """How many turns the history has."""
    elapsed_ms: Number | None


@dataclass(frozen=True, slots=True)
class RewrittenEvent(EventData):
    """The stages have run: the size of the request as received and as forwarded. Tokens are of the whole request."""

    KIND = EventKind.REWRITTEN
    edits: Count | None
    """How many new edits were applied."""
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
    """Tokens of Penstock's notes in it. None: an older log does not say."""
    freed: Count | None = None
    """Tokens that edits removed, less those of their replacements: `tokens_in` + `injected` - `tokens_out`."""


@dataclass(frozen=True, slots=True)
class ForwardedEvent(EventData):
    """A request was forwarded."""

    KIND = EventKind.FORWARDED
    changed: bool
    bytes: Count | None
    ms: Number | None
    """Milliseconds that Penstock took before the request was forwarded."""
    queued_ms: Number = 0.0
    """The part of `ms` that the request waited because of a rate limit."""


@dataclass(frozen=True, slots=True)
class BypassedEvent(EventData):
    """A request was forwarded unread and unedited, except for edits made before."""

    KIND = EventKind.BYPASSED
    why: str
    replayed: Count
    """How many earlier edits it was sent with."""
    stripped: Count
    """Blocks of thinking that were left out."""


@dataclass(frozen=True, slots=True)
class RefusedEvent(EventData):
    """Penstock answered the request itself, in the provider's place."""

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
    """The handle of the stored history, for `penstock expand`."""
    why: str
    messages: Count
    tokens: Count
    """The estimated tokens of the history."""


CLASSES: tuple[type[EventData], ...] = (
    ReceivedEvent,
    ClassifiedEvent,
    StageEvent,
    EditEvent,
    FlushEvent,
    TaggedEvent,
    IngestedTurnEvent,
    HistoryIngestionEvent,
    RewrittenEvent,
    ForwardedEvent,
    BypassedEvent,
    RefusedEvent,
    HistoryArchivedEvent,
)
