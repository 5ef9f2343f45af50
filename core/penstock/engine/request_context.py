"""One request on its way through the engine, and what comes of it."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from penstock.conversation.conversation import Conversation
from penstock.conversation.exchange import Exchange, Request
from penstock.conversation.reply import Reply
from penstock.cost.account import RequestCost
from penstock.dialects.base import Dialect, Endpoint, Refusal
from penstock.edits.applied import Replay
from penstock.edits.flush_reason import FlushReason
from penstock.engine.pipeline import Pipeline, Verdict
from penstock.engine.state import Attempt, ConversationState
from penstock.plugins.draft import Draft
from penstock.tokens.calibration import UNCALIBRATED, TokenScale

__all__ = ["ProxyDecision", "RequestContext", "Superseded"]


@dataclass(slots=True)
class ProxyDecision:
    """What is to be done with a request."""

    body: bytes | None = None
    """The bytes to send in place of the client's, in the same content-encoding. None: the client's own."""
    refusal: Refusal | None = None
    """Answer with this instead of forwarding."""
    exchange: Exchange | None = None
    """None: the request was not read."""
    booking: RequestCost | None = None
    """What it costs, and would have cost untouched."""
    wait_s: float = 0.0
    """Send it after so many seconds: its turn comes then."""
    why: str = ""
    """Why the request was not read, or went as it came."""
    reply: Reply | None = None
    pipeline: Pipeline | None = None
    """The one it went through: its answer is for the same."""
    body_key: int = 0
    """Hash of the body."""
    conversation: str = ""
    """The id of its conversation. Empty: the request was not read."""
    revision: int = 0
    """Of the ledger that it left with."""
    landed: bool = False
    """Edits of that revision are new in it."""
    marked: bool = False
    """It has a cache breakpoint of ours."""
    may_break: bool = False
    """An edit of ours stands before thinking that it carries."""
    replayed: int = 0
    """Edits of before that were sent again, thinking left out not counted, where it left past the pipeline."""
    stripped: int = 0
    """Blocks of thinking that were left out, where it left past the pipeline."""


@dataclass
class RequestContext:
    """One request on its way through the engine, shared by the loop that waits and the thread that works."""

    request: Request
    dialect: Dialect
    endpoint: Endpoint
    pipeline: Pipeline
    started: float
    is_paused: bool = False
    """Nothing new may be done; what has landed is replayed."""
    lock: threading.Lock = field(default_factory=threading.Lock)
    generation: int = 0
    step: int = -1
    """-1: reading; then the index of the stage; the number of stages: writing."""
    step_until: float = 0.0
    verdicts: list[Verdict] = field(default_factory=list)
    body: bytes = b""
    body_key: int = 0
    conversation: Conversation | None = None
    exchange: Exchange | None = None
    state: ConversationState | None = None
    attempt: Attempt | None = None
    draft: Draft | None = None
    sent: int = 0
    standing: tuple[int, Replay] = field(default_factory=lambda: (-1, Replay()))
    """What the ledger makes of the request, and its revision then."""
    used: float = 0.0
    """When the conversation's cache had been used last, as the request was read."""
    due: FlushReason | None = None
    """Why a flush is due. None: none is."""
    gauge: TokenScale = UNCALIBRATED
    """What the provider's counts make of our estimates."""
    debt: int = 0
    """See `Job.debt`."""
    known: int | None = None
    """See `Job.known`."""


class Superseded(Exception):
    """The loop went on without this thread."""
