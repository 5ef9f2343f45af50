"""`GatewayRequest`: what the gateway knows of a request with a key, until its answer is complete. `gateway_requests`
gives that of a flow."""

from __future__ import annotations

from dataclasses import dataclass, field

from penstock.cost.prices import Prices
from penstock.gateway.admit import Admitted
from penstock.gateway.provider_kinds import Endpoint
from penstock.gateway.records import ApiKey
from penstock_addons.gateway.translate import Translated
from penstock_addons.wire.per_flow import PerFlow
from penstock_addons.wire.tee import Tee

__all__ = ["GatewayRequest", "gateway_requests"]


@dataclass(slots=True)
class GatewayRequest:
    """A request with a key, until its answer is complete."""

    secret: str = field(repr=False)
    key: ApiKey
    endpoint: Endpoint
    path: str
    """The path as the client sent it, without the query."""
    is_own: bool
    """Whether the client's own credential goes with it."""
    fallback: str
    """The model that the client named as its fallback."""
    admitted: Admitted | None = None
    """None: it was not let in, or not yet, or is settled."""
    prices: Prices | None = None
    """Those of the proxy's profile, from when it was let in."""
    retries: int = 0
    """How often it was sent again to this provider."""
    at_fallback: bool = False
    """Whether it was sent to its fallback."""
    is_redacted: bool = False
    """Whether personal data has to be restored in its answer."""
    translated: Translated | None = None
    """None: its provider speaks the client's format."""
    refusal: bytes = b""
    """The body that its client gets in place of a redirect."""
    tee: Tee | None = None
    """Reads the answer, where that is sent on as a whole, with its cost in a header."""

    @property
    def wire(self) -> Endpoint:
        """The format that its provider is asked in."""
        return self.translated.target if self.translated is not None else self.endpoint


gateway_requests: PerFlow[GatewayRequest] = PerFlow()
"""By flow, what the gateway knows of it; nothing of a flow that came without a key."""
