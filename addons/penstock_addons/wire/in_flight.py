"""One model request on the wire, from its first byte to the last of its answer."""

from __future__ import annotations

from dataclasses import dataclass

from penstock.budget.provider_limits import RateLimitInfo
from penstock.dialects.base import Dialect
from penstock.engine.engine import ProxyDecision
from penstock_addons.wire.tee import Tee

__all__ = ["InFlight"]


@dataclass
class InFlight:
    """One model request on the wire."""

    id: str
    dialect: Dialect
    started: float
    credentials: tuple[str, ...]
    outcome: ProxyDecision | None = None
    tee: Tee | None = None
    told: tuple[RateLimitInfo, ...] = ()
    """What the provider said of its limits."""
    is_over: bool = False
