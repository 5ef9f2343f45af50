"""Payloads of events about a provider's answer (`AnsweredEvent`, with `LoggedUsage`, `LoggedCost` and `LoggedLimit`),
failures (`FailedEvent`), work of stages in the background (`ProcessedEvent`), keep-alive requests (`KeptAliveEvent`).
"""

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
    """What a request cost, and what it would have cost otherwise; see `penstock.cost.bill.Bill`. Dollars, output
    included."""

    came: TokenSplit
    """The input tokens behind `baseline`."""
    sent: TokenSplit
    """The input tokens behind `paid`."""
    reads_saved: Count
    writes_caused: Count
    """Below zero when edits spared writes."""
    how: str
    """`exact` when the provider gave its count (`counted` in older logs), `unknown` if the price is not known, else
    `estimated`."""
    baseline: Number | None = None
    """The cost without edits. None: the price is not known, and there are no dollars but `own`."""
    paid: Number | None = None
    """What was paid to the provider."""
    naive: Number | None = None
    """The cost for a client that compacts by itself."""
    own: Number = 0.0
    """What Penstock's own model calls cost besides."""
    extra: Number = 0.0
    """The provider's own tools and further model calls; it is in all three sums."""

    @property
    def is_known(self) -> bool:
        """Whether the price of the model is known."""
        return self.how != "unknown"

    @property
    def is_estimated(self) -> bool:
        """Whether the cost is estimated, since the provider did not report its counts."""
        return self.how == "estimated"

    @property
    def spent(self) -> float:
        """Dollars paid to the provider, and for Penstock's own model calls."""
        return (self.paid or 0.0) + self.own


@dataclass(frozen=True, slots=True)
class LoggedLimit:
    """One of a provider's own rate limits, from its response headers."""

    name: str
    limit: Number | None = None
    remaining: Number | None = None
    used: Number | None = None
    """How much of the limit is used, as a share."""
    resets_at: Number | None = None
    """When the limit resets, in seconds since 1970."""


@dataclass(frozen=True, slots=True)
class AnsweredEvent(EventData):
    """A complete answer was received. Where it could not be read, only its size and its times are known."""

    KIND = EventKind.ANSWERED
    status: Count | None
    ms: Number | None
    bytes: Count | None
    first_ms: Number | None
    """Time until the first byte of the body."""
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
    """The text of the answer, redacted and cut."""
    money: LoggedCost | None = None
    """What the request cost. None: nothing is booked."""

    @property
    def traffic(self) -> tuple[int, int] | None:
        """Input tokens as received and as forwarded, by the provider's count where it gave one. None: the log does not
        say what was paid for."""
        money = self.money
        return (money.came.total, money.sent.total) if money is not None and money.sent.total else None

    @property
    def is_counted(self) -> bool:
        """Whether `traffic` is by the provider's count."""
        return self.traffic is not None and self.usage is not None and self.usage.prompt is not None


@dataclass(frozen=True, slots=True)
class FailedEvent(EventData):
    """No complete answer was received."""

    KIND = EventKind.FAILED
    why: str
    """`provider`, `cut`, `client left` or `connection`."""
    status: Count | None
    error: str
    ms: Number | None
    bytes: Count | None
    limits: tuple[LoggedLimit, ...] = ()

    @property
    def is_rejection(self) -> bool:
        """Whether no model read the request: the provider rejected it, or could not be reached. It costs nothing."""
        return self.why == "connection" or (self.status or 0) >= 400


@dataclass(frozen=True, slots=True)
class ProcessedEvent(EventData):
    """The work in the background after the answer is done."""

    KIND = EventKind.PROCESSED
    ms: Number | None


@dataclass(frozen=True, slots=True)
class KeptAliveEvent(EventData):
    """A keep-alive request was sent while the user was idle, so that the provider's cache entry stays alive."""

    KIND = EventKind.KEPT_ALIVE
    conversation: str
    session: str
    model: str
    read: Count
    """Tokens read from the cache, as the provider counted them."""
    write: Count
    usd: Number
    stopped: str
    """Why no more keep-alive requests are sent. Empty: they are."""


CLASSES: tuple[type[EventData], ...] = (AnsweredEvent, FailedEvent, ProcessedEvent, KeptAliveEvent)
