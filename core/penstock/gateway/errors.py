"""The errors of the gateway: of its requests (`BadKey`, `NotAllowed`, `QuotaFull`, …), of the calls that administer it
(`InvalidSetting`, `Conflict`, `ProviderDown`), and of both (`NotThere`). The proxy and the service answer them with an
HTTP status and an error type."""

from __future__ import annotations

from penstock.base.errors import NotFound, PenstockError
from penstock.gateway.records import Limit, Reached

__all__ = [
    "AnalyserFailed",
    "BadKey",
    "Conflict",
    "InvalidSetting",
    "KeyChanged",
    "NotAllowed",
    "NotThere",
    "ProviderDown",
    "QuotaFull",
    "UnknownPrice",
]


class InvalidSetting(PenstockError):
    """A value cannot be used. `param` names the setting."""

    def __init__(self, text: str, param: str = "") -> None:
        super().__init__(text)
        self.param = param


class NotThere(NotFound):
    """There is none of this name or id in the caller's workspace."""


class Conflict(PenstockError):
    """The name is taken, or something depends on what was to be deleted."""


class BadKey(PenstockError):
    """The key is unknown, has expired or was revoked."""


class KeyChanged(PenstockError):
    """The key is not what it was when its request came, a moment ago."""


class NotAllowed(PenstockError):
    """The key is valid, but may not do this."""


class UnknownPrice(NotAllowed):
    """A limit of dollars counts for a model whose price is not known."""


class ProviderDown(PenstockError):
    """A provider cannot be reached, or does not answer as it should."""


class QuotaFull(PenstockError):
    """A limit has no room for the request."""

    def __init__(
        self, text: str, *, scope: str, limit: Limit, cap: int, spent: int, held: int, resets_at: float
    ) -> None:
        """`cap`: the limit's, with what was added for this period; `resets_at`: seconds since the epoch."""
        super().__init__(text)
        self.scope, self.limit, self.cap, self.resets_at = scope, limit, cap, resets_at
        self.spent, self.held = spent, held
        self.reached: Reached | None = None
        """Set when this is the first refusal of its period."""

    @property
    def is_rate(self) -> bool:
        """Whether the limit is one for each minute, so that waiting a minute is enough."""
        return self.limit.per == "minute"


class AnalyserFailed(PenstockError):
    """Personal data must be redacted, and a plugin that looks for it has failed, or took too long."""
