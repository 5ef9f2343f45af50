"""Data classes for one exchange in detail: `ExchangeDetail` with its steps (`Step`), content blocks (`Block`) and edits
(`Change`, with an `EditState`)."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from penstock.events.request_events import EditEvent, LoggedTool, StageEvent
from penstock.stats.exchange import ExchangeStats

__all__ = ["Block", "Change", "EditState", "ExchangeDetail", "Step"]


@dataclass(frozen=True, slots=True)
class Step:
    """A moment in the exchange's life."""

    name: str
    at: float
    note: str = ""


class EditState(StrEnum):
    """The state of an edit at the time of an exchange."""

    LANDED = "landed"
    """It was applied for the first time in this request."""
    FROZEN = "frozen"
    """It was applied in an earlier request, and is replayed byte for byte."""
    PENDING = "pending"
    """It waits for a cold cache."""
    LEFT_OUT = "left out"


@dataclass(frozen=True, slots=True)
class Change:
    """An edit, as its event describes it: its place is message `m` and block `b`."""

    stage: str
    op: str
    state: str
    reason: str
    m: int | None
    b: int | None
    before: int | None
    after: int | None
    text: str
    handle: str = ""
    """The handle of the original, for `penstock expand`."""
    place: str = ""
    """Identifies its block whatever the block's index."""
    here: bool = True
    """Whether it belongs to this exchange, not to an earlier one."""
    is_covered: bool = False
    """Whether a record of old turns stands in the place of its block, so that it was not sent."""
    turn: int = 0
    """The turn of the exchange whose event reported it."""
    exchange: str = ""

    @property
    def edit_state(self) -> EditState | None:
        """The edit's state. None: it is one that another version wrote."""
        if self.state == EditState.LANDED:
            return EditState.LANDED if self.here else EditState.FROZEN
        return next((one for one in EditState if one == self.state), None)

    @property
    def event(self) -> EditEvent:
        """The edit in the form of its event, to find its texts in the store."""
        names, sizes = (self.stage, self.op, self.state, self.reason), (self.before, self.after)
        return EditEvent(*names, self.m, self.b, *sizes, self.text, self.handle, self.place)

    @property
    def key(self) -> tuple[str, str, str]:
        """Identifies the edit: the same for all events about it."""
        return self.stage, self.op, self.place or f"{self.m}.{self.b}"


@dataclass(frozen=True, slots=True)
class Block:
    """One content block as the client sent it: block `b` of message `m`."""

    m: int
    b: int
    role: str
    kind: str
    tokens: int | None
    name: str
    id: str
    text: str
    new: bool = True
    """Whether it was not sent before this exchange."""
    turn: int = 0
    """The turn in which it was new."""
    sent: int | None = None
    """Tokens as forwarded. None: as received."""
    changes: tuple[Change, ...] = ()


@dataclass(slots=True)
class ExchangeDetail(ExchangeStats):
    """All that the events of one exchange say. Its model is named as the client requested it."""

    steps: list[Step] = field(default_factory=list)
    verdicts: list[StageEvent] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)
    """The blocks by message, the oldest first."""
    messages: int | None = None
    """The number of messages in the request."""
    known_from: int = 0
    """Messages before this index were sent before the log, or too long ago to be shown."""
    toolset: tuple[LoggedTool, ...] | None = None
    """The names of the tools. None: as in the request before."""
    head_changes: tuple[str, ...] = ()
    """Which of `system` and `tools` differ from the request before."""
    prompt: str = ""
    stream: bool = False
    bytes_in: int | None = None
    bytes_out: int | None = None
    changed: bool | None = None
    """Whether what was forwarded differs from what was received. None: nothing was forwarded yet."""
    stop: str = ""
    text: str = ""
    """The beginning of the answer."""
    message: str = ""
    """The text of a refusal, as the client got it."""
    retry_after: float | None = None
