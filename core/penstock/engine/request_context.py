"""`RequestContext`: the state of one request while the engine works on it. It holds what was read of the request and
the draft of the stages, coordinates the event loop and the worker thread, and says whether the request may be edited
and whether content already sent may change in it.

`advance` and `commit` raise `Superseded` in a worker thread that was too late: the loop has continued without it. What
is read of the request raises `Unreadable` before it was read.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeVar

from penstock.base.errors import Unreadable
from penstock.conversation.conversation import Conversation
from penstock.conversation.exchange import Exchange, Request
from penstock.cost.prices import Price
from penstock.dialects.base import Dialect, Endpoint
from penstock.dialects.signed_body import SIGNED, is_signed
from penstock.edits.edits_in_request import Replay
from penstock.edits.flush_reason import FlushReason
from penstock.engine.pipeline import Pipeline, Verdict
from penstock.engine.state import Attempt, ConversationState
from penstock.plugins.draft import Draft
from penstock.profiles.profile import Profile
from penstock.store.lease import Lease
from penstock.tokens.calibration import UNCALIBRATED, TokenScale

__all__ = ["DEBT", "PAUSED", "RequestContext", "Superseded"]

T = TypeVar("T")
PAUSED = "editing is paused"
DEBT = "the history as received is about to outgrow the window: the client has to see how large it is, and compact"
EDITS_WARM = 0.08
"""The least price of a cached token, as a share of an input token's, at which edits may pay with a warm cache."""
_UNKNOWN = Price.of({})


@dataclass
class RequestContext:
    """The state of one request, shared by the event loop that waits and the worker thread.

    The engine creates it, the reader fills it in, the pipeline leaves a draft in it; all later steps only read it.
    """

    request: Request
    dialect: Dialect
    endpoint: Endpoint
    pipeline: Pipeline
    started: float
    is_paused: bool = False
    """Editing is paused: no new edits, only those applied before are replayed."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    """Guards `generation`, `step`, `deadline`, `verdicts` and `draft`."""
    generation: int = 0
    """The number of the current worker thread: increased each time that a late thread is given up."""
    step: int = -1
    """What the worker is doing. -1: reading; from 0: the index of the running stage; the number of stages: writing."""
    deadline: float = 0.0
    """When the current step must be done, in ticks of the clock."""
    verdicts: list[Verdict] = field(default_factory=list)
    draft: Draft | None = None
    """The edits that the stages propose. None: no new edits, only those applied before are replayed."""

    body: bytes = b""
    """The body of the request, without its content-encoding."""
    body_key: int = 0
    """Python's hash of the endpoint and `body`, by which a retry is recognised within this process."""
    parsed: Conversation | None = None
    """The parsed request. None: not read yet, or unreadable."""
    loaded: ConversationState | None = None
    """The state of its conversation. None: not loaded yet, or it cannot be loaded."""
    classified: Exchange | None = None
    """Who sent the request and of what kind it is. None: not read to the end yet."""
    price: Price = _UNKNOWN
    """The prices and properties of the model that serves the request."""
    scale: TokenScale = UNCALIBRATED
    """How estimated tokens are converted to the provider's counts."""
    attempt: Attempt | None = None
    """How the same body was forwarded before. None: it is no retry."""
    sent: int = 0
    """How many messages at the head were sent before."""
    lease: Lease | None = None
    """The right to change the conversation's ledger. None: another proxy has it, so that nothing new may be edited."""
    known: int | None = None
    """How many messages at the head were forwarded by this installation. None: that is not known."""
    standing: tuple[int, Replay] = field(default_factory=lambda: (-1, Replay()))
    """The revision of the ledger when the request was read, and the edits that it replays on the request."""
    used: float = 0.0
    """When the conversation's cache was last used before this request."""
    due: FlushReason | None = None
    """Why a flush of pending edits was due when the request was read. None: none was due."""
    debt: int = 0
    """Tokens by which the history as received is larger than the share of the window that it may fill without a
    compaction that covers it. 0: it is not."""

    @property
    def conversation(self) -> Conversation:
        """The request as it was received. Raises `Unreadable` before it was read."""
        return _read(self.parsed)

    @property
    def state(self) -> ConversationState:
        """The state of the conversation. Raises `Unreadable` before the request was read."""
        return _read(self.loaded)

    @property
    def exchange(self) -> Exchange:
        """Who sent the request and of what kind it is. Raises `Unreadable` before it was read."""
        return _read(self.classified)

    @property
    def profile(self) -> Profile:
        """The profile under which the request is handled."""
        return self.pipeline.profile

    @cached_property
    def is_signed(self) -> bool:
        """The sender vouches for the body's bytes: nothing may be changed, nor replayed."""
        return is_signed(self.request.headers)

    @property
    def binds(self) -> bool:
        """Whether the model binds thinking to the content before it, and the request holds thinking."""
        return self.price.binds_thinking and bool(self.conversation.thinking)

    @property
    def may_flush(self) -> bool:
        """Whether content already sent may change in this request: where thinking is bound, only when a person's new
        message begins a turn (P4)."""
        return not self.binds or (self.conversation.begins_turn and self.dialect.may_strip(self.conversation))

    @property
    def edits_warm(self) -> bool:
        """Whether content already sent may change while the cache is warm, if that saves money. Not where thinking is
        bound, which would have to be removed with the edits, nor where cached tokens are too cheap: both did not lower
        the bill of recorded sessions, with what the agent had to fetch again."""
        return self.profile.aggressiveness == "bold" and not self.binds and self.price.read >= EDITS_WARM

    @cached_property
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
        """Record the result of the last step and begin `step`. Raises `Superseded`."""
        with self.lock:
            if self.generation != generation:
                raise Superseded
            if draft is not None:
                self.draft = draft
            if verdict is not None:
                self.verdicts.append(verdict)
            self.enter(step, now)

    def enter(self, step: int, now: float) -> None:
        """Begin `step`, and set its deadline. The caller holds `lock`."""
        self.step = step
        last = step >= len(self.pipeline.stages)
        self.deadline = now + (self.profile.limits.read_ms / 1000 if last else self.pipeline.deadline(step))

    def commit(self, generation: int) -> None:
        """Make the worker thread's decision final: the loop waits for it without a deadline from here on. Raises
        `Superseded` if the thread was given up; nothing that it decided may be kept then."""
        with self.lock:
            if self.generation != generation:
                raise Superseded
            self.deadline = float("inf")


class Superseded(Exception):
    """Raised in a worker thread that took too long: the event loop has continued without it."""


def _read(found: T | None) -> T:
    if found is None:
        raise Unreadable("the request was not read")
    return found
