"""The data types of the gateway: `Workspace` and its `WorkspaceSettings` (which raise `ValueError` if they are not
valid), `ApiKey` (active, expired or revoked), `Provider`, `Limit` and its `LimitState`, the `Usage` of a request,
`AuditLine`. Dollars are integers, in billionths (`BILLION`)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator

__all__ = [
    "ALL_SCOPES",
    "BILLION",
    "DEFAULT_SCOPES",
    "PERIODS",
    "UNITS",
    "ApiKey",
    "AuditLine",
    "Limit",
    "LimitState",
    "Period",
    "Provider",
    "Reached",
    "Scope",
    "SealedCredential",
    "Unit",
    "Usage",
    "Workspace",
    "WorkspaceSettings",
]

BILLION = 1_000_000_000
"""Dollars are counted in billionths, as integers: sums are exact, and a token may cost less than a millionth."""
Unit = Literal["requests", "tokens", "dollars"]
UNITS: tuple[Unit, ...] = ("requests", "tokens", "dollars")
Period = Literal["minute", "day", "month"]
PERIODS: tuple[Period, ...] = ("minute", "day", "month")
Scope = Literal["models", "contexts", "memory", "usage", "admin", "metrics"]
ALL_SCOPES: tuple[Scope, ...] = ("models", "contexts", "memory", "usage", "admin")
DEFAULT_SCOPES: tuple[Scope, ...] = ("models", "contexts", "memory", "usage")
"""What a key may do by default: `models`: ask models; `contexts`, `memory`: read and write those of the workspace;
`usage`: see what was spent; `admin`: besides, manage the workspace's keys and limits.
`metrics`, which only keys of the workspace `default` can have: read the figures of the whole installation."""


class WorkspaceSettings(BaseModel):
    """The settings for all keys of a workspace."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    profile: str = Field(default="", max_length=64, pattern=r"^[\w+-]*$")
    """The profile that its requests go through. Empty: the proxy's own."""
    aliases: dict[str, str] = {}
    """Names of models by what the workspace calls them: `fast = "anthropic/claude-haiku-5-5"`."""
    fallbacks: dict[str, str] = {}
    """The model that is asked when this one's provider cannot be reached, or has too much to do."""
    redact: bool = False
    """Replace personal data with placeholders before a request leaves, and put it back in the answer."""
    webhook: str = Field(default="", max_length=400, pattern=r"^$|^https?://")
    """The URL that is called when 80 and 100 % of a limit are spent."""

    @field_validator("webhook")
    @classmethod
    def _has_host(cls, given: str) -> str:
        parts = urlsplit(given)  # raises ValueError, as `port` does
        if given and (not parts.hostname or parts.port == 0 or " " in parts.netloc):
            raise ValueError("an address with a host was expected, as https://hooks.example/limits")
        return given

    @field_validator("aliases", "fallbacks")
    @classmethod
    def _few(cls, given: dict[str, str]) -> dict[str, str]:
        if len(given) > 500 or any(not 0 < len(text) <= 200 for one in given.items() for text in one):
            raise ValueError("at most 500 names of 1 to 200 characters were expected")
        return given


@dataclass(frozen=True, slots=True)
class Workspace:
    """A team's own part of the gateway, isolated from the others."""

    name: str
    settings: WorkspaceSettings
    created_at: float


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key, without the secret itself."""

    id: str
    workspace: str
    name: str
    prefix: str
    """How the secret begins, for people."""
    scopes: tuple[Scope, ...]
    models: tuple[str, ...]
    """The models it may ask, as `provider/name`, an alias, or with a `*`. Empty: all of the workspace."""
    created_at: float
    expires_at: float | None = None
    revoked_at: float | None = None
    last_used_day: str | None = None

    def state(self, now: float) -> Literal["active", "expired", "revoked"]:
        """Whether the key is valid at `now`."""
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.expires_at is not None and self.expires_at <= now else "active"


@dataclass(frozen=True, slots=True)
class SealedCredential:
    """A provider's credential, encrypted; see `penstock.gateway.providers.open_credential`."""

    sealed: bytes
    wrapped: bytes
    """The data key, encrypted under the master key."""
    master: str
    """The id of that master key."""


@dataclass(frozen=True, slots=True)
class Provider:
    """Where models are asked, and with whose credential."""

    id: str
    workspace: str | None
    """None: every workspace uses it."""
    name: str
    """The part before the slash in `anthropic/claude-opus-5-5`."""
    kind: str
    """See `penstock.gateway.provider_kinds`."""
    base_url: str
    allow_private: bool
    """It may be on this machine or in a private network."""
    created_at: float
    credential: SealedCredential | None = field(default=None, repr=False)
    """None: the provider needs none."""


@dataclass(frozen=True, slots=True)
class Limit:
    """What may be spent of one unit in one period."""

    per: Period
    unit: Unit
    cap: int
    """Requests, tokens, or billionths of a dollar."""


@dataclass(frozen=True, slots=True)
class LimitState:
    """A limit, and what counts against it in the current period. The same numbers refuse requests."""

    scope: str
    per: Period
    unit: Unit
    cap: int
    """The limit, with what was added for this period."""
    spent: int
    held: int
    """What is held for requests under way."""
    resets_at: float


@dataclass(frozen=True, slots=True)
class Usage:
    """What one request used. Tokens, and billionths of a dollar."""

    input: int = 0
    """Input tokens that were not read from a cache."""
    cache_read: int = 0
    cache_write: int = 0
    output: int = 0
    dollars: int = 0
    how: Literal["reported", "estimated"] = "reported"
    status: int = 200
    """The status of the provider's answer; 0: none came."""

    @property
    def tokens(self) -> int:
        """All tokens, input and output."""
        return self.input + self.cache_read + self.cache_write + self.output


@dataclass(frozen=True, slots=True)
class Reached:
    """A share of a limit was reached for the first time in its period."""

    workspace: str
    scope: str
    period: str
    unit: Unit
    percent: int
    spent: int
    cap: int


@dataclass(frozen=True, slots=True)
class AuditLine:
    """One change, with who made it."""

    id: int
    at: float
    workspace: str
    by: str
    did: str
    on: str
    details: dict[str, Any] = field(default_factory=dict)
