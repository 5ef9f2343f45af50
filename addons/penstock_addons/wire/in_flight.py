"""`in_flight_requests`: by flow, the state of its model request until the answer is complete (`InFlight`), with how it
ended (`RequestResult`). `ModelRequests` writes it, other addons read it. `usage_so_far`: the token usage of an answer,
estimated where the provider has not reported all of it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from penstock.budget.provider_limits import RateLimitInfo
from penstock.conversation.reply import Reply, Usage
from penstock.dialects.base import Dialect
from penstock.engine.proxy_decision import ProxyDecision
from penstock.tokens.estimate import estimate
from penstock_addons.wire.credentials import Head
from penstock_addons.wire.per_flow import PerFlow
from penstock_addons.wire.tee import Tee

__all__ = ["InFlight", "RequestResult", "in_flight_requests", "usage_so_far"]


@dataclass(frozen=True, slots=True)
class RequestResult:
    """How a model request ended."""

    status: int
    """The HTTP status of the provider's answer; 0: none came."""
    is_paid: bool
    """Whether the provider started its answer, or may have."""
    is_whole: bool
    """Whether the answer came to its end."""
    reply: Reply | None = None
    """What was read of the answer; see `usage_so_far`. None: nothing."""


@dataclass
class InFlight:
    """The state of one model request until its answer is complete."""

    id: str
    dialect: Dialect
    started: float
    heads: list[Head]
    """The headers and path of the request as it came, and as each provider got it; see `head_of`."""
    outcome: ProxyDecision | None = None
    tee: Tee | None = None
    limits: tuple[RateLimitInfo, ...] = ()
    """The rate limits that the provider reported in its answer."""
    is_over: bool = False
    result: RequestResult | None = None
    """None until it has ended."""

    @property
    def credentials(self) -> tuple[str, ...]:
        """The strings that no event and no error may contain; see `credentials_of`."""
        return tuple(found for head in reversed(self.heads) for found in head.credentials)


def usage_so_far(reply: Reply) -> Usage:
    """The token usage of an answer. Providers report output tokens at its end, if at all: else they are estimated."""
    if reply.complete and reply.usage.output is not None:
        return reply.usage
    came = estimate(reply.text) + sum(estimate(tool.input) for tool in reply.tools)
    return replace(reply.usage, output=max(reply.usage.output or 0, came))


in_flight_requests: PerFlow[InFlight] = PerFlow()
"""By flow, the state of its model request, until the flow is gone."""
