"""One request on its way through the engine, and what comes of it."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TypeVar

from penstock.base.errors import Unreadable
from penstock.conversation.conversation import Conversation
from penstock.conversation.exchange import Exchange, Request
from penstock.conversation.reply import Reply
from penstock.cost.account import RequestCost
from penstock.cost.prices import Price
from penstock.dialects.base import Dialect, Endpoint, Refusal
from penstock.dialects.signed_body import SIGNED, is_signed
from penstock.edits.applied import Replay
from penstock.edits.flush_reason import FlushReason
from penstock.engine.pipeline import Pipeline, Verdict
from penstock.engine.state import Attempt, ConversationState
from penstock.plugins.draft import Draft
from penstock.profiles.profile import Profile
from penstock.tokens.calibration import UNCALIBRATED, TokenScale

__all__ = ["PAUSED", "ProxyDecision", "RequestContext", "Superseded"]

T = TypeVar("T")
PAUSED = "editing is paused"
_UNKNOWN = Price.of({})


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
    is_held: bool = False
    """Nothing of it may be changed: it is signed, attested, observed, or editing is paused."""
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
    """One request on its way through the engine, shared by the loop that waits and the thread that works.

    The engine makes it, the reader fills it in, the pipeline leaves a draft in it; what comes after that only reads it.
    """

    request: Request
    dialect: Dialect
    endpoint: Endpoint
    pipeline: Pipeline
    started: float
    is_paused: bool = False
    """Nothing new may be edited; what has been applied is replayed."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    """Around the next five."""
    generation: int = 0
    """Of the thread that works for the request: one more with each that was given up."""
    step: int = -1
    """-1: reading; then the index of the stage; the number of stages: writing."""
    deadline: float = 0.0
    """When the step has to be done, by the clock's tick."""
    verdicts: list[Verdict] = field(default_factory=list)
    draft: Draft | None = None
    """What the stages propose. None: nothing new may be done, only what has been applied is replayed."""

    body: bytes = b""
    """Without its content-encoding."""
    body_key: int = 0
    """Hash of the body, to know a retry by."""
    parsed: Conversation | None = None
    """None: not read yet, or it cannot be."""
    loaded: ConversationState | None = None
    """Of its conversation. None: not loaded yet, or it cannot be."""
    classified: Exchange | None = None
    """None: not read to the end yet."""
    price: Price = _UNKNOWN
    """What serves it costs."""
    scale: TokenScale = UNCALIBRATED
    """What the provider's counts make of our estimates."""
    attempt: Attempt | None = None
    """How the same body was sent before."""
    sent: int = 0
    """How many messages at the head were sent before."""
    known: int | None = None
    """How many messages at the head were forwarded by this installation. None: that is not known."""
    standing: tuple[int, Replay] = field(default_factory=lambda: (-1, Replay()))
    """What the ledger made of the request when it was read, and its revision then."""
    used: float = 0.0
    """When the conversation's cache had been used last then."""
    due: FlushReason | None = None
    """Why a flush was due then. None: none was."""
    debt: int = 0
    """Tokens by which the history as received is larger than the share of the window that it may fill without a
    compaction that covers it. 0: it is not."""

    @property
    def conversation(self) -> Conversation:
        """The request as it was received. Raises `Unreadable` before it was read."""
        return _read(self.parsed)

    @property
    def state(self) -> ConversationState:
        """Of its conversation. Raises `Unreadable` before it was read."""
        return _read(self.loaded)

    @property
    def exchange(self) -> Exchange:
        """What is known of it. Raises `Unreadable` before it was read."""
        return _read(self.classified)

    @property
    def profile(self) -> Profile:
        """The profile it is for."""
        return self.pipeline.profile

    @property
    def is_signed(self) -> bool:
        """The sender vouches for the body's bytes: nothing may be changed, nor replayed."""
        return is_signed(self.request.headers)

    @property
    def binds(self) -> bool:
        """Whether the model binds thinking to what stands before it, and there is some."""
        return self.price.binds_thinking and bool(self.conversation.thinking)

    @property
    def may_flush(self) -> bool:
        """Whether what was sent may change in this request at all: where thinking is bound, only at a new message of a
        person's (P4)."""
        return not self.binds or (self.conversation.begins_turn and self.dialect.may_strip(self.conversation))

    @property
    def edits_warm(self) -> bool:
        """Whether what was sent may change while the cache is warm, where that pays, on no other occasion. Where all
        thinking has to go with the edits it has not paid: on recorded sessions the bill stays the same, and less of
        what is needed is there."""
        return self.profile.aggressiveness == "bold" and not self.binds

    @property
    def held(self) -> str:
        """Why nothing new may be edited in this request; empty when edits may be. What was applied is replayed."""
        if self.is_signed:
            return SIGNED
        if self.is_paused:
            return PAUSED
        if self.profile.mode == "observe":
            return "the profile observes"
        system = self.conversation.fields.get("system")
        attested = system is not None and b"cch=" in system.of(self.conversation.body)[:2048]
        if self.profile.attested == "observe" and attested:
            return "the request is attested, and the profile leaves such requests alone"
        return ""

    def advance(
        self, generation: int, step: int, now: float, draft: Draft | None = None, verdict: Verdict | None = None
    ) -> None:
        """Go on with `step`, with what came of the one before. Raises `Superseded`."""
        with self.lock:
            if self.generation != generation:
                raise Superseded
            if draft is not None:
                self.draft = draft
            if verdict is not None:
                self.verdicts.append(verdict)
            self.enter(step, now)

    def enter(self, step: int, now: float) -> None:
        """Begin `step`. Hold `lock`."""
        self.step = step
        last = step >= len(self.pipeline.stages)
        self.deadline = now + (self.profile.limits.read_ms / 1000 if last else self.pipeline.deadline(step))

    def commit(self, generation: int) -> None:
        """The loop will wait until the thread is done: what it decides is what happens. Raises `Superseded` if nobody
        waits for the thread any more: nothing that it decided may be kept."""
        with self.lock:
            if self.generation != generation:
                raise Superseded
            self.deadline = float("inf")


class Superseded(Exception):
    """The loop went on without this thread."""


def _read(found: T | None) -> T:
    if found is None:
        raise Unreadable("the request was not read")
    return found
