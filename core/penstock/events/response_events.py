"""What events say about the provider's answer, what it cost, and what came after."""

from __future__ import annotations

from dataclasses import dataclass

from penstock.events.kinds import EventKind
from penstock.events.payload import Count, EventData, Number

__all__ = [
    "AnsweredEvent",
    "FailedEvent",
    "KeptAliveEvent",
    "LoggedCost",
    "LoggedLimit",
    "LoggedUsage",
    "ProcessedEvent",
    "TokenSplit",
]


@dataclass(frozen=True, slots=True)
class LoggedUsage:
    """Tokens as the provider counted them; see `penstock.conversation.reply.Usage`. None: it did not say."""

    input: Count | None = None
    output: Count | None = None
    cache_read: Count | None = None
    cache_write: Count | None = None
    cache_write_hour: Count | None = None
    passes: Count = 1
    searches: Count = 0
    cleared: Count = 0
    is_fast: bool = False
    is_us: bool = False
    is_deferred: bool = False
    dollars: Number | None = None
    model: str = ""
    others: tuple[LoggedUsage, ...] = ()

    @property
    def prompt(self) -> int | None:
        """All input tokens: plain, read from the cache and written to it."""
        counted = [n for n in (self.input, self.cache_read, self.cache_write) if n is not None]
        return sum(counted) if counted else None


@dataclass(frozen=True, slots=True)
class TokenSplit:
    """Input tokens by what the provider's cache did with them."""

    plain: Count
    read: Count
    write: Count

    @property
    def total(self) -> int:
        return self.plain + self.read + self.write


@dataclass(frozen=True, slots=True)
class LoggedCost:
    """What a request cost and would have cost; see `penstock.cost.bill.Bill`. Dollars, output included."""

    came: TokenSplit
    """The input tokens behind `baseline`."""
    sent: TokenSplit
    """The input tokens behind `paid`."""
    reads_saved: Count
    writes_caused: Count
    """Below zero when edits spared writes."""
    how: str
    """`exact` when the provider gave its count (`counted` in older logs), `unknown` where nobody knows the price, else
    `estimated`."""
    baseline: Number | None = None
    """Untouched. None: the price is not known, and there are no dollars but `own`."""
    paid: Number | None = None
    """To the provider."""
    naive: Number | None = None
    """For a client that compacts by itself."""
    own: Number = 0.0
    """Calls of our own besides."""
    extra: Number = 0.0
    """The provider's own tools and further model calls; it is in all three sums."""

    @property
    def is_known(self) -> bool:
        """Whether anybody knows the price of the model."""
        return self.how != "unknown"

    @property
    def is_estimated(self) -> bool:
        """The provider did not say what it counted."""
        return self.how == "estimated"

    @property
    def spent(self) -> float:
        """To the provider and for calls of our own."""
        return (self.paid or 0.0) + self.own


@dataclass(frozen=True, slots=True)
class LoggedLimit:
    """One of a provider's own limits, as its headers say."""

    name: str
    limit: Number | None = None
    remaining: Number | None = None
    used: Number | None = None
    """As a share."""
    resets_at: Number | None = None
    """Seconds since the epoch."""


@dataclass(frozen=True, slots=True)
class AnsweredEvent(EventData):
    """The answer came whole. Where it could not be read, only its size and its times are known."""

    KIND = EventKind.ANSWERED
    status: Count | None
    ms: Number | None
    bytes: Count | None
    first_ms: Number | None
    """Until the first byte of the body."""
    limits: tuple[LoggedLimit, ...] = ()
    model: str | None = None
    usage: LoggedUsage | None = None
    stop: str | None = None
    """The provider's word for why it stopped."""
    transformations: tuple[str, ...] = ()
    """What the provider left out of the request before the model read it."""
    complete: bool | None = None
    """The stream came to its proper end."""
    tools: tuple[str, ...] | None = None
    """Names of the tools that it calls."""
    text: str | None = None
    """Redacted and cut."""
    money: LoggedCost | None = None
    """None: nothing is booked."""


@dataclass(frozen=True, slots=True)
class FailedEvent(EventData):
    """No whole answer came."""

    KIND = EventKind.FAILED
    why: str
    """`provider`, `cut`, `client left` or `connection`."""
    status: Count | None
    error: str
    ms: Number | None
    bytes: Count | None
    limits: tuple[LoggedLimit, ...] = ()


@dataclass(frozen=True, slots=True)
class ProcessedEvent(EventData):
    """The work in the background after the answer is done."""

    KIND = EventKind.PROCESSED
    ms: Number | None


@dataclass(frozen=True, slots=True)
class KeptAliveEvent(EventData):
    """While the user was idle, the last request was sent once more, so that the provider's cache lives on."""

    KIND = EventKind.KEPT_ALIVE
    conversation: str
    session: str
    model: str
    read: Count
    """Tokens, as the provider counted them."""
    write: Count
    usd: Number
    stopped: str
    """Why nothing more is sent. Empty: it goes on."""


CLASSES: tuple[type[EventData], ...] = (AnsweredEvent, FailedEvent, ProcessedEvent, KeptAliveEvent)
