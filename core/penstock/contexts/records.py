"""The dataclasses of contexts: what `Contexts` returns (`ContextHead`, `ContextValue`, `ContextText`, `Version`,
`Change`, `Hit`, `Page`) and what it takes (`NewContext`, `Filter`, `Retention`, and `Expected`, the version that a
caller has seen)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any, Literal

from penstock.profiles.service import ServiceSettings

__all__ = [
    "Change",
    "ChangeKind",
    "ContextHead",
    "ContextText",
    "ContextValue",
    "Expected",
    "Filter",
    "Hit",
    "NewContext",
    "Page",
    "Retention",
    "Version",
]

ChangeKind = Literal["put", "delete", "expired", "rollback", "undelete"]
DEFAULT_TTL_S = 86_400.0
"""Seconds that a context lasts where its caller names no other time."""


@dataclass(frozen=True, slots=True)
class Retention:
    """How many old versions and changes are kept."""

    versions: int = 10
    """How many of the newest versions of each context are kept."""
    changes: int = 100_000
    """How many of the newest changes are kept for subscribers."""

    @classmethod
    def of(cls, settings: ServiceSettings) -> Retention:
        """The retention that `[service]` of a profile sets."""
        return cls(settings.kept_versions, settings.kept_changes)


@dataclass(frozen=True, slots=True)
class NewContext:
    """The value, tags and expiry that a caller puts under a key."""

    data: Any
    """Anything that JSON has."""
    ttl: float | None = None
    """Seconds; 0: it does not expire. None: a day for a new context, else as before."""
    tags: tuple[str, ...] | None = None
    """None: unchanged; so with `session`, `agent` and `seal`."""
    session: str | None = None
    agent: str | None = None
    seal: bool | None = None
    """Whether its values are encrypted on disk, older versions included. None: as before."""
    change: str = "put"
    """What the caller calls this change in the history."""


@dataclass(frozen=True, slots=True)
class ContextHead:
    """A context without its value. Times are seconds since the epoch."""

    key: str
    version: int
    tags: tuple[str, ...]
    session: str
    agent: str
    size: int
    """Bytes of the value as JSON."""
    digest: str
    """SHA-256 of the value, hexadecimal: the same for equal values. Of a sealed one, an HMAC by its own key."""
    created_at: float
    updated_at: float
    expires_at: float | None
    by: str
    """Who made this version."""
    sealed: bool = False
    """Its values are encrypted on disk, and no search finds their words."""

    @property
    def tag(self) -> str:
        """`VERSION-HASH`: differs whenever anything of the context has changed, even without a new version."""
        state = (self.digest, self.updated_at, self.expires_at, self.tags, self.session, self.agent, self.sealed)
        return f"{self.version}-{hashlib.sha256(repr(state).encode()).hexdigest()[:12]}"


Expected = int | str | None
"""What a caller expects to be there: a version (0: nothing), a `ContextHead.tag`, `*` for anything, or None where it
does not matter."""


@dataclass(frozen=True, slots=True)
class ContextValue:
    """One version of a context with its value."""

    head: ContextHead
    data: Any


@dataclass(frozen=True, slots=True)
class ContextText:
    """One version of a context with its value as JSON, as it is stored."""

    head: ContextHead
    text: str


@dataclass(frozen=True, slots=True)
class Version:
    """A line of a context's history."""

    version: int
    at: float
    by: str
    change: str
    size: int
    digest: str


@dataclass(frozen=True, slots=True)
class Change:
    """What happened to a context, for subscribers. Never the value."""

    cursor: int
    at: float
    kind: ChangeKind
    key: str
    version: int
    by: str
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Filter:
    """Which contexts are wanted: those that fit every field that is set."""

    prefix: str = ""
    tag: str = ""
    session: str = ""
    agent: str = ""
    since: float | None = None
    """Changed at this time or later."""
    until: float | None = None
    """Changed at this time or before."""


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a list."""

    items: list[ContextHead] = field(default_factory=list)
    next: str | None = None
    """The cursor of what follows; None: this was all."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A context that a search found."""

    head: ContextHead
    score: float
    """Larger is better; comparable within one answer only."""
    excerpt: str
    """The part of the value, as JSON, where the words are. Empty for a sealed one."""
    weak: bool = False
    """The hit may be about something else than the query."""
