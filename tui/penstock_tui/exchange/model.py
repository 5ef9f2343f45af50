"""The story of one exchange: what its events tell, and what it sent."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

__all__ = ["Block", "Change", "EditState", "ExchangeDetail", "Step", "Tool", "Usage", "Verdict"]


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


class EditState(StrEnum):
    """What has become of an edit by the time of an exchange."""

    LANDED = "landed"
    """It left with this request for the first time."""
    FROZEN = "frozen"
    """It landed in an earlier request, and is replayed byte for byte."""
    PENDING = "pending"
    """It waits for a cold cache."""
    LEFT_OUT = "left out"


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
    handle: str = ""
    """Of the original, for `penstock expand`."""
    place: str = ""
    """Names its block whatever its index."""
    here: bool = True
    """It belongs to this exchange, not to an earlier one."""
    is_covered: bool = False
    """A record of old turns stands in the place of its block, so it was not sent."""
    turn: int = 0
    """Of the exchange that told it."""
    exchange: str = ""

    @property
    def fate(self) -> EditState | None:
        """None: a state of another version."""
        if self.state == EditState.LANDED:
            return EditState.LANDED if self.here else EditState.FROZEN
        return next((one for one in EditState if one == self.state), None)

    @property
    def told(self) -> dict[str, object]:
        """As its event has it, to find its texts in the store."""
        names = {"stage": self.stage, "op": self.op, "place": self.place, "handle": self.handle}
        return {**names, "before": self.before, "text": self.text}

    @property
    def key(self) -> tuple[str, str, str]:
        """The same for all that is told of one edit."""
        return self.stage, self.op, self.place or f"{self.m}.{self.b}"


@dataclass(frozen=True, slots=True)
class Tool:
    """One that the request offers."""

    name: str
    tokens: int


@dataclass(frozen=True, slots=True)
class Usage:
    """What the provider counted. None: it did not say."""

    input: int | None = None
    read: int | None = None
    write: int | None = None
    output: int | None = None

    @property
    def prompt(self) -> int | None:
        """All input tokens."""
        said = [n for n in (self.input, self.read, self.write) if n is not None]
        return sum(said) if said else None


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
    turn: int = 0
    """In which it was new."""
    sent: int | None = None
    """Tokens it was sent with. None: as it came."""
    changes: tuple[Change, ...] = ()


@dataclass(slots=True)
class ExchangeDetail:
    """What the events of one exchange say."""

    id: str = ""
    at: float = 0.0
    kind: str = ""
    model: str = ""
    """As the client asked for it."""
    provider: str = ""
    profile: str = ""
    conversation: str = ""
    epoch: int = 0
    turn: int = 0
    retry: bool = False
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
    how: str = ""
    """How tokens were counted."""
    tokens_in: int | None = None
    """The whole request as it came; None: it was not enriched yet."""
    tokens_out: int | None = None
    usage: Usage = Usage()
    toolset: tuple[Tool, ...] | None = None
    """None: as in the request before."""
    head_changes: tuple[str, ...] = ()
    """Which of `system` and `tools` are not as in the request before."""
    calls: tuple[str, ...] = ()
    """Tools that the answer calls."""
    flush: str = ""
    """Why pending edits landed."""
    replayed: int = 0
    is_over: bool = False
    """It was answered, refused or failed."""
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
