"""`Draft`: the conversation of one request as a stage sees it (each block with its place, a `BlockRef`), on which it
proposes edits, refuses the request (`Refused`), or books the cost of its own model calls (`Spending`). Every proposal
that cannot be raises `InvalidEdit`; a text has at most `EDIT_LIMIT` characters, 4 million.

A stage needs to know nothing of caching, pairs of calls and results, or bytes. It says what the text of a block should
be; the engine keeps the original, decides when the edit is applied, and validates the result.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

from penstock.base.errors import InvalidEdit
from penstock.base.renamed import Renamed
from penstock.budget.settings import Level
from penstock.conversation.conversation import HEAD_FIELDS, Block, BlockKind, Conversation, Role, chain_of, transcript
from penstock.conversation.exchange import Exchange
from penstock.edits.edit import Edit, Op, Place
from penstock.edits.edits_in_request import Replay
from penstock.plugins.services import Services
from penstock.tokens.estimate import estimate_bytes

__all__ = ["BlockRef", "Draft", "Refused", "Spending"]

EDIT_LIMIT = 4 << 20
_EXPAND = re.compile(rb'"[A-Za-z0-9_-]*penstock_{1,2}expand"')
"""The tool as clients name it: `mcp__penstock__expand`, `penstock_expand`."""


@dataclass(frozen=True, slots=True)
class BlockRef:
    """A block and its place in the request."""

    message: int
    """Index of its message."""
    index: int
    """Index in its message."""
    block: Block
    is_new: bool
    """Never sent before: an edit costs no cache and lands at once. Otherwise it waits until the cache is cold."""

    @property
    def text(self) -> str:
        """The block's words, as the client sent them."""
        return self.block.text

    @property
    def kind(self) -> BlockKind:
        """What the block holds."""
        return self.block.kind

    @property
    def is_editable(self) -> bool:
        """Whether `replace` takes it: not thinking, tool calls or media, nor a result that holds more than text."""
        return self.block.slot is not None


@dataclass(frozen=True, slots=True)
class Refused:
    """A stage wants the request answered with an error."""

    message: str
    retry_after: int
    stage: str
    is_final: bool = False
    """Clients need not try again by themselves."""


@dataclass(frozen=True, slots=True)
class Spending:
    """The cost of one of a stage's own model calls."""

    dollars: float
    reason: str
    stage: str


class Draft:
    """The conversation of one request, and the edits proposed so far."""

    def __init__(
        self,
        exchange: Exchange,
        conversation: Conversation,
        is_new: Callable[[int, int], bool],
        *,
        sent: int = 0,
        landed: Replay | None = None,
        due: str = "",
        window: int = 200_000,
        parts: Services | None = None,
        level: Level = Level.NORMAL,
        edits_rejected: str = "",
        replacements_rejected: str = "",
    ) -> None:
        self._exchange, self._conversation, self._is_new, self._sent = exchange, conversation, is_new, sent
        landed = landed or Replay()
        self._landed, self._gone = landed.replacements(), landed.covered()
        self._proposed: dict[tuple[int, int], Edit] = {}
        self._additions = tuple(edit.text for edit in landed.applied if edit.op is not Op.REPLACE)
        self._extra = sum(map(len, self._additions))
        self._due, self._window, self._parts, self._level = due, window, parts or Services(), level
        self._edits_rejected, self._replacements_rejected = edits_rejected, replacements_rejected or edits_rejected
        self._shown = replace(exchange)
        self._prompt = exchange.prompt
        self._edits: tuple[Edit, ...] = ()
        self._refused: Refused | None = None
        self._spendings: list[Spending] = []
        """Shared by all copies of the draft: a model call is paid even if the edits of its stage are discarded."""
        self._stage = ""

    words = Renamed("prompt")
    spots = Renamed("blocks")
    parts = Renamed("services")
    due = Renamed("flush_reason")

    @property
    def flush_reason(self) -> str:
        """Why edits to what was sent land now (`the cache is cold`, ...). Empty: they wait, or land if that pays."""
        return self._due

    @property
    def level(self) -> Level:
        """How near the budgets this request counts for are to their end. REDUCED: do with half; MINIMAL: with as little
        as can be."""
        return self._level

    @property
    def edits_rejected(self) -> str:
        """Why every edit of this request is rejected (`the profile observes`, ...), so that a stage need not look for
        any. Empty: each is decided on by itself."""
        return self._edits_rejected

    @property
    def replacements_rejected(self) -> str:
        """Why every `replace` in this request is rejected: as `edits_rejected`, or because the history as received
        outgrows the window. Empty: each is decided on by itself."""
        return self._replacements_rejected

    @property
    def services(self) -> Services:
        """What plugins offer each other: compressors and summarisers."""
        return self._parts

    @property
    def window(self) -> int:
        """Tokens a request to this model may have."""
        return self._window

    @cached_property
    def can_expand(self) -> bool:
        """Whether the agent has the tool that shows an original (`penstock mcp`): then a stub names it."""
        span = self._conversation.fields.get("tools")
        return span is not None and _EXPAND.search(self._conversation.body, span.start, span.end) is not None

    @property
    def exchange(self) -> Exchange:
        """Who sent the request, and of what kind it is. A copy: other stages do not see what a stage writes to it."""
        return self._shown

    @property
    def conversation(self) -> Conversation:
        """What the client sent. Read-only."""
        return self._conversation

    @property
    def edits(self) -> tuple[Edit, ...]:
        """All edits proposed so far, by this stage and those before it."""
        return self._edits

    @property
    def refused(self) -> Refused | None:
        """What `refuse` was called with, by this stage or one before it."""
        return self._refused

    @property
    def spendings(self) -> tuple[Spending, ...]:
        """What `spend` was called with, by this stage and those before it."""
        return tuple(self._spendings)

    @property
    def prompt(self) -> str:
        """The user's prompt, empty in a tool loop. A stage may clean it: tags, recall and memory read what it was set
        to, and what is sent does not change."""
        return self._prompt

    @prompt.setter
    def prompt(self, prompt: str) -> None:
        if not isinstance(prompt, str):
            raise InvalidEdit(f"the prompt is a {type(prompt).__name__}, not a string")
        self._prompt = prompt

    def blocks(
        self, kind: BlockKind | None = None, *, role: Role | None = None, new: bool | None = None
    ) -> list[BlockRef]:
        """The blocks of the history in order: of one kind, of one role, only those new (or not new) in this request.
        Those that the provider ignores, because a compaction of its own follows them, are left out. Raises `ValueError`
        for a kind or a role that there is not."""
        kind = BlockKind(kind) if kind is not None else None
        role = Role(role) if role is not None else None
        ignored = self.conversation.ignored
        first = (
            max(self._sent, ignored) if new else ignored
        )  # what stands before was sent: the work grows with what is new
        spots = (
            BlockRef(m, b, block, m >= self._sent and self._is_new(m, b))
            for m, message in enumerate(self.conversation.messages[first:], start=first)
            for b, block in enumerate(message.blocks)
            if (kind is None or block.kind is kind) and (role is None or block.role is role)
        )
        return [spot for spot in spots if new is None or spot.is_new is new]

    def call(self, spot: BlockRef) -> Block | None:
        """The tool call that the result at `spot` answers."""
        return self.conversation.call(spot.block.tool_id)

    def text(self, spot: BlockRef) -> str:
        """What the block at `spot` reads with the edits that have landed and those proposed so far."""
        edit = self.proposed(spot) or self.landed(spot)
        return spot.text if edit is None else edit.text

    def landed(self, spot: BlockRef) -> Edit | None:
        """The edit that is replayed on the block at `spot`. None: it is sent as it is."""
        return self._landed.get((spot.message, spot.index))

    def proposed(self, spot: BlockRef) -> Edit | None:
        """The replacement proposed for the block at `spot` so far, by this stage or one before it."""
        return self._proposed.get((spot.message, spot.index))

    def is_compacted(self, message: int) -> bool:
        """Whether the model does not read a message any more: a record is sent in its place, or will be, as proposed so
        far; or the provider ignores it, because a compaction of its own follows."""
        return message in self._gone or message < self.conversation.ignored

    @property
    def additions(self) -> tuple[str, ...]:
        """Texts of ours that are sent with this request again: the notes and records that have landed."""
        return self._additions

    @property
    def tokens(self) -> int:
        """About how many tokens the request has, with the edits that have landed and those proposed so far."""
        messages = self._conversation.messages
        sent = sum(message.size for i, message in enumerate(messages) if not self.is_compacted(i))
        for (m, b), edit in (self._landed | self._proposed).items():
            if not self.is_compacted(m):
                sent += len(edit.text) - len(self._conversation.messages[m].blocks[b].text)
        return estimate_bytes(sent + self._extra + sum(self._conversation.size_of(name) for name in HEAD_FIELDS))

    def replace(self, spot: BlockRef, text: str, *, reason: str) -> None:
        """Have the block at `spot` read `text`. Raises `InvalidEdit` for blocks that must stay: thinking, tool calls,
        media, and text that would become empty. The text of a tool result may become empty."""
        if not isinstance(spot, BlockRef):
            raise InvalidEdit(f"a BlockRef of draft.blocks() was expected, not a {type(spot).__name__}")
        if spot.block.slot is None:
            raise InvalidEdit(f"a {spot.kind} block can not be replaced")
        if not _checked(text).strip() and spot.kind is BlockKind.TEXT:
            raise InvalidEdit("a text block can not be empty")
        place = self._place(spot.message, spot.index)
        edit = Edit(Op.REPLACE, place, text, self._stage, reason, spot.text)
        self._propose(edit)
        self._proposed[spot.message, spot.index] = edit

    def note(self, text: str, *, reason: str) -> None:
        """Add a text of our own at the tail of the newest user turn, after tool results, before nothing."""
        at = self.conversation.newest_user()
        if at is None:
            raise InvalidEdit("there is no user message to add a note to")
        if not _checked(text).strip():
            raise InvalidEdit("a note can not be empty")
        last = len(self.conversation.messages[at].blocks) - 1
        self._propose(Edit(Op.NOTE, self._place(at, last), text, self._stage, reason))
        self._extra += len(text)

    def compact(self, first: int, last: int, text: str, *, reason: str) -> None:
        """Have the messages `first` to `last` (both included) become one user message that reads `text`.

        The newest user message, and what follows it, can not be compacted.
        """
        newest = self.conversation.newest_user()
        if not 0 <= first <= last < len(self.conversation.messages) or (newest is not None and last >= newest):
            raise InvalidEdit(f"messages {first} to {last} can not be compacted")
        if _checked(text) and not text.strip():
            raise InvalidEdit("a text block can not be empty: drop the messages instead")
        covered = self.conversation.messages[first : last + 1]
        if not covered[0].blocks:
            raise InvalidEdit(f"message {first} is empty: begin with one that is not")
        original = self.original(first, last)
        chain = chain_of(covered)
        place = self._place(first, covered[0].opening)
        self._propose(Edit(Op.COMPACT, place, text, self._stage, reason, original, chain, len(covered)))
        self._gone.update(range(first, last + 1))
        self._extra += len(text)

    def original(self, first: int, last: int) -> str:
        """What is kept of the messages `first` to `last` when they are compacted: `handle_of` it shows them again."""
        return transcript(self.conversation.messages[first : last + 1])

    def drop(self, first: int, last: int, *, reason: str) -> None:
        """Leave the messages `first` to `last` (both included) out."""
        self.compact(first, last, "", reason=reason)

    def refuse(self, message: str, *, retry_after: int = 60) -> None:
        """Have the request answered with an error in the provider's own form: 429, `retry_after` seconds. Raises
        `InvalidEdit` where these are no number of seconds."""
        if not math.isfinite(retry_after) or retry_after < 0:
            raise InvalidEdit(f"retry_after = {retry_after}: a number of seconds from 0 on was expected")
        self._refused = Refused(str(message), int(retry_after), self._stage)

    def spend(self, dollars: float, *, reason: str) -> None:
        """Book what a call of a stage's own cost: the conversation has to earn it back. It counts at once,
        also when the stage fails or is late after this."""
        if not math.isfinite(dollars) or dollars < 0:
            raise InvalidEdit(f"{dollars} dollars can not be spent")
        self._spendings.append(Spending(float(dollars), str(reason), self._stage))

    def for_stage(self, stage: str) -> Draft:
        """A copy for one stage: what it proposes counts only when the copy is taken as the new draft."""
        copy = object.__new__(type(self))  # `copy.copy` takes five times as long, for each stage
        copy.__dict__.update(self.__dict__)
        copy._shown, copy._stage = self._exchange.copy(), stage
        copy._proposed, copy._gone = dict(self._proposed), set(self._gone)
        return copy

    def _propose(self, edit: Edit) -> None:
        reason = str(edit.reason).encode(errors="replace").decode()  # it is stored: half a character can not be
        self._edits = (*self._edits, replace(edit, reason=reason))

    def _place(self, message: int, index: int) -> Place:
        key = self.conversation.messages[message].blocks[index].key
        return Place(key, sum(1 for m, b, _ in self.conversation.find(key) if (m, b) < (message, index)))


def _checked(text: str) -> str:
    if not isinstance(text, str):
        raise InvalidEdit(f"the new text is a {type(text).__name__}, not a string")
    if len(text) > EDIT_LIMIT:
        raise InvalidEdit(f"the new text has {len(text)} characters, at most {EDIT_LIMIT} are kept")
    try:
        text.encode()
    except UnicodeEncodeError as e:
        raise InvalidEdit(f"the new text can not be sent: {e}") from e
    return text
