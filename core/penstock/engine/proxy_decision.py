"""`ProxyDecision`: what the engine returns for a request. The proxy forwards it, changed or as received, delays it, or
answers it with a refusal; the rest of the fields are what the engine needs again when the provider's answer arrives."""

from __future__ import annotations

from dataclasses import dataclass

from penstock.conversation.exchange import Exchange
from penstock.conversation.reply import Reply
from penstock.cost.account import RequestCost
from penstock.dialects.base import Refusal
from penstock.engine.pipeline import Pipeline

__all__ = ["ProxyDecision"]


@dataclass(slots=True)
class ProxyDecision:
    """What the proxy is to do with one request: forward, delay or refuse it."""

    body: bytes | None = None
    """The bytes to forward in place of the client's, in the same content-encoding. None: forward the client's own."""
    refusal: Refusal | None = None
    """The answer to send to the client in place of forwarding the request."""
    exchange: Exchange | None = None
    """What was read of the request. None: it was not read."""
    booking: RequestCost | None = None
    """The estimated cost of the request as forwarded, and as it would have been without edits."""
    wait_s: float = 0.0
    """Seconds to wait before the request is forwarded, because of a rate limit."""
    why: str = ""
    """Why the request was not read, or was forwarded as received."""
    reply: Reply | None = None
    """What was read of the provider's answer, once it is complete."""
    pipeline: Pipeline | None = None
    """The pipeline that handled the request. Its stages are shown the answer too."""
    body_key: int = 0
    """Python's hash of the endpoint and the decoded body: the same for a retry, within this process."""
    is_held: bool = False
    """The body may not be changed: the request is signed, attested or observed, or editing is paused."""
    conversation: str = ""
    """The id of the request's conversation. Empty: the request was not read."""
    revision: int = 0
    """The revision of the conversation's ledger that the request was forwarded with."""
    landed: bool = False
    """Edits of that revision were sent for the first time in this request."""
    marked: bool = False
    """The forwarded request has a cache breakpoint that Penstock set."""
    may_break: bool = False
    """The forwarded request has an edit before a block of thinking, which the provider may refuse."""
    replayed: int = 0
    """How many earlier edits were sent again in a request that bypassed the pipeline, removed thinking not counted."""
    stripped: int = 0
    """How many blocks of thinking were removed from a request that bypassed the pipeline."""
