"""`Idle`: a conversation whose user is idle, as shown to a stage, which may ask for keep-alive requests."""

from __future__ import annotations

from dataclasses import dataclass

from penstock.conversation.exchange import Exchange
from penstock.cost.prices import Price

__all__ = ["Idle"]


@dataclass(frozen=True, slots=True)
class Idle:
    """A conversation that waits for its user, or for a tool, after a complete answer."""

    exchange: Exchange
    """The last real request of the conversation."""
    at: float
    """When its cache was used last, in seconds since the epoch."""
    is_due: bool
    """Whether a keep-alive request would be sent now. False: in `step_s` seconds; then the stage is asked again."""
    is_login: bool
    """The conversation uses a subscription login, not a key that is billed by token."""
    price: Price
    tokens: int
    """The tokens of the last request, as forwarded, that the cache holds: they are read if it is sent again, and
    written again if the cache expires."""
    plain: int
    """The tokens after the cached ones, which are paid in full."""
    lifetime_s: float
    """Seconds for which an entry of the cache lives after its last use."""
    step_s: float
    """Seconds after the last use at which the request would be sent again: a little less than `lifetime_s`."""
    is_long: bool
    """The entry is one that lives longer and costs more to write."""
    waits_for_tool: bool
    """The answer asked for tools: the agent works, or asks its person for leave."""
    requests: int
    """Real requests of this conversation in this process, this one included."""
    reads: int
    """How many keep-alive requests were sent since the last request."""
    saved: float
    """Dollars that this conversation has cost less than it would have untouched, reads like this one included."""
    untouched: float
    """Dollars that it would have cost untouched, answers not included."""
    paused_s: float | None
    """Seconds between this request and the one before. None: it is the first."""

    @property
    def cost(self) -> float:
        """Dollars to send it again: all of it is read."""
        return self.price.dollars(read=self.tokens, plain=self.plain)
