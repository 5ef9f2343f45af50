"""One request whose stages have run: what is to be settled, what is planned, and what leaves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from penstock.conversation.conversation import Conversation
from penstock.conversation.exchange import Exchange
from penstock.cost.account import RequestCost
from penstock.cost.prices import Price
from penstock.cost.prompt_cache import CacheBlock
from penstock.cost.warm_flush import Candidate
from penstock.dialects.base import Dialect
from penstock.dialects.signed_body import SIGNED
from penstock.edits.applied import Replay
from penstock.edits.edit import Edit, Op
from penstock.edits.flush_reason import FlushReason
from penstock.engine.state import Attempt, ConversationState
from penstock.plugins.draft import Draft
from penstock.profiles.profile import Profile
from penstock.tokens.calibration import UNCALIBRATED, TokenScale

__all__ = ["PAUSED", "Job", "Plan", "Rewrite"]

PAUSED = "editing is paused"


@dataclass(frozen=True, slots=True)
class Job:
    """One request whose stages have run."""

    dialect: Dialect
    path: str
    profile: Profile
    conversation: Conversation
    exchange: Exchange
    state: ConversationState
    body_key: int
    """Hash of the body, to know a retry by."""
    sent: int
    """How many messages at the head were sent before."""
    draft: Draft | None
    """None: nothing new may be done, only what has landed is replayed."""
    attempt: Attempt | None
    """How the same body was sent before."""
    standing: tuple[int, Replay]
    """What the ledger made of the request when it was read, and its revision then."""
    used: float
    """When the conversation's cache had been used last then."""
    due: FlushReason | None
    """Why edits to what was sent land now. None: they must wait."""
    price: Price
    commit: Callable[[], bool]
    """Asked once, when everything is stored: may the edits land? False: nobody waits for this request any more."""
    gauge: TokenScale = UNCALIBRATED
    """What the provider's counts make of our estimates."""
    is_paused: bool = False
    """Nothing of the draft may land; what has landed is replayed."""
    known: int | None = None
    """How many messages at the head were forwarded by this installation. None: that is not known."""
    debt: int = 0
    """Tokens by which the history as received is larger than the share of the window that it may fill without a
    compaction that covers it. 0: it is not."""

    is_signed: bool = False
    """The sender vouches for the body's bytes: nothing may be changed, nor replayed."""

    @property
    def binds(self) -> bool:
        """Whether the model binds thinking to what stands before it, and there is some."""
        return self.price.binds_thinking and bool(self.conversation.thinking)

    @property
    def may_flush(self) -> bool:
        """Whether what was sent may change in this request at all: where thinking is bound, only at a new message of a
        person's (P4)."""
        edge = self.conversation.begins_turn and self.dialect.may_strip(self.conversation)
        return edge or not self.binds

    @property
    def held(self) -> str:
        """Why nothing new may be edited in this request; empty when edits may be. What has landed is replayed."""
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


@dataclass(slots=True)
class Rewrite:
    """What leaves."""

    body: bytes | None
    """None: as it came."""
    replay: Replay
    view: Conversation
    """The request as it leaves."""
    landed: int = 0
    booking: RequestCost | None = None
    blocks: list[CacheBlock] | None = None
    """What is cached of it, when that is known already."""
    mark: tuple[int, int, str] | None = None
    """A breakpoint of our own: message, block, lifetime."""


@dataclass(slots=True)
class Plan:
    """What is to become of the edits proposed."""

    land: list[Edit] = field(default_factory=list)
    late: list[Edit] = field(default_factory=list)
    """Those of `land` to what was sent before."""
    wait: list[Edit] = field(default_factory=list)
    out: list[tuple[Edit, str]] = field(default_factory=list)
    warm: list[Edit] = field(default_factory=list)
    """Those of `land` that land although the cache is warm, because it pays."""
    candidates: list[Candidate] = field(default_factory=list)
    """What else could be cut while the cache is warm."""
    entry: int | None = None
    """The entry a warm flush reads from."""
    blocks: list[CacheBlock] = field(default_factory=list)
    """What is cached of the request without `warm`."""

    def leave_out(self, out: Sequence[tuple[Edit, str]]) -> None:
        """Of `land`, these do not after all."""
        self.out += out
        gone = {edit for edit, _ in out}
        self.land = [edit for edit in self.land if edit not in gone]
        self.warm = [edit for edit in self.warm if edit not in gone]

    def put_off(self) -> None:
        """It does not pay yet."""
        self._wait_for(self.warm)
        self.warm, self.entry = [], None

    def wait_for_room(self) -> None:
        """It would free too little."""
        self._wait_for(self.late)
        self.late = []

    def _wait_for(self, edits: Sequence[Edit]) -> None:
        waits = set(edits)
        self.land = [edit for edit in self.land if edit not in waits]
        self.wait += [edit for edit in edits if edit.op is not Op.STRIP]  # it goes with what breaks the thinking
