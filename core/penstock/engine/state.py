"""`ConversationState`: what the engine keeps of a conversation in memory (ledger, forwarded messages, cache clock,
earlier attempts); `States`: all conversations in memory, up to 1,000 or 32 MB (but at least 16), loaded from the store
when needed. `Attempt`: how a body was forwarded, so that a retry of it is forwarded the same; the last 32 are kept.
`Lesson`: a provider's refusal of an edited request."""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from penstock.base.errors import StoreError
from penstock.conversation.conversation import Conversation, Message, Role, digest
from penstock.conversation.reply import Usage
from penstock.cost.account import Account, RequestCost
from penstock.cost.cache_ttl import CacheClock
from penstock.dialects.rejection import About
from penstock.edits.ledger import Ledger, locate
from penstock.edits.thinking_seals import Seals
from penstock.events.event import PrefixHash
from penstock.store.lease import Lease

__all__ = ["Attempt", "ConversationState", "Lesson", "States", "note_attempt"]

RETRIES = 32
REFUSED = "the provider refused a request with edits in it"
SENT_LIMIT = 50_000
LIMIT_BYTES = 32 << 20
"""Memory for the conversations that are known. The least recently used are dropped, and loaded from the store again."""
_ASKED = 200
"""Sizes are checked once in so many requests."""
AT_LEAST = 16
"""The least number of conversations that stay in memory, however large they are."""
_STATE, _KEY, _ATTEMPT = 9000, 90, 800
"""Bytes of a conversation, of a key, and of an attempt with its booking. Measured."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """How a body was forwarded before, so that a retry of it is forwarded the same."""

    revision: int
    """The revision of the ledger it was forwarded with."""
    untouched: bool
    """It was forwarded as received, without the ledger."""
    mark: tuple[int, int, str] | None = None
    """The cache breakpoint that Penstock set in it."""
    booking: RequestCost | None = None
    thinking: int | None = None
    """How many blocks of thinking, from the end, were sent: a retry sends no more. None: not noted; a retry sends all
    valid ones."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """A refusal by the provider of a request that had edits in it."""

    about: About
    body_key: int
    revision: int
    """The ledger's revision that it was sent with."""
    landed: bool
    """Edits of that revision were new in it."""
    marked: bool
    """The request had a cache breakpoint that Penstock set."""


@dataclass
class ConversationState:
    """The state of one conversation. Hold `lock` for every access, where an attribute does not say otherwise."""

    ledger: Ledger
    clock: CacheClock
    known: PrefixHash | None
    """What an earlier process sent last in this conversation. None: nothing, as far as the store knows."""
    lease: Lease | None = None
    """The lease under which the ledger was read. None: another proxy may have changed it since."""
    lock: threading.RLock = field(default_factory=threading.RLock)
    account: Account = field(default_factory=Account)
    epoch: int = 0
    session: str = ""
    """The client's own id of the session."""
    is_gone: bool = False
    """The conversation was deleted: no edit may be applied in it any more."""
    flush_requested: bool = False
    """A person wants the next real request flushed. May be set without the lock."""
    size_came: int = 0
    """Estimated tokens of the last real request as received; `size_sent`: as forwarded."""
    size_sent: int = 0
    keys: list[bytes] = field(default_factory=list)
    """The message keys of the last real request."""
    bridged: bool = False
    """Keep-alive has bridged a pause since the last request in which what was sent might have changed. May be
    set without the lock."""
    full_at: int = 0
    """Tokens of the request after the last flush of a full window, which left it this full or was deferred. 0: the
    window is no longer full."""
    pending_calls: frozenset[str] = frozenset()
    """The ids of the calls in the last answer. May be set without the lock."""
    sent: dict[bytes, int] = field(default_factory=dict)
    """Block keys that were sent, with how often one stood in a request."""
    attempts: OrderedDict[int, Attempt] = field(default_factory=OrderedDict)
    """Earlier attempts by the hash of the body. Python's own hash, with another key in each process: 1 ms less for each
    megabyte than a digest."""

    seals: Seals = field(default_factory=Seals)
    """What was forwarded of each history, for thinking that is bound to it."""
    distrusts: bool = False
    """The thinking of the next request may be invalid: unknown edits may have been sent, or the provider has refused
    it. May be set without the lock."""
    late_stopped: str = ""
    """Why content already sent may no longer be edited. Empty: it may."""
    may_be_retried: bool = False
    """An earlier proxy was killed a short time ago: the first request may be a retry of one that is not in the
    store."""
    released: bool = False
    """Edits were released since the last request: it was not sent as the next one will be."""
    own_marks: bool = True
    """Whether Penstock may set cache breakpoints of its own."""
    lessons: deque[Lesson] = field(default_factory=lambda: deque(maxlen=RETRIES))
    """What the provider refused, not learnt from yet. May be appended to without the lock."""
    undropped: list[int] = field(default_factory=list)
    """Revisions that the ledger no longer replays, but that the store still holds."""
    unsaved: bool = False
    """`late_stopped` or `own_marks` changed, and the store does not know it yet."""

    answers: deque[tuple[RequestCost, Usage]] = field(default_factory=lambda: deque(maxlen=RETRIES))
    """What the provider counted, not learnt from yet. May be appended to without the lock."""
    reads: deque[tuple[float, float]] = field(default_factory=lambda: deque(maxlen=RETRIES))
    """Keep-alive requests that the provider has answered, not learnt from yet: when the cache had been used before,
    and when the request was sent. May be appended to without the lock."""
    untouched: deque[Conversation] = field(default_factory=lambda: deque(maxlen=RETRIES))
    """Requests that were forwarded as received and are not counted as sent yet. May be appended to without the lock."""

    @property
    def size(self) -> int:
        """About the bytes it takes in memory. May be asked without the lock."""
        keys = len(self.keys) + len(self.sent)
        return _STATE + self.ledger.size + _KEY * keys + _ATTEMPT * len(self.attempts)

    def learn(self) -> None:
        """Correct the cache model by the provider's counts in `answers`."""
        while self.reads:
            last, now = self.reads.popleft()
            self.account.forwarded.refresh(last, now)
            self.clock.touch(now)
        while self.answers:
            booking, usage = self.answers.popleft()
            if self.account.learn(booking, usage):
                self.clock.learn(booking.idle)

    def learn_from_refusals(self) -> None:
        """Apply the lessons: forget how the refused request was sent, and stop editing content already sent.
        `undropped` and `unsaved` say what remains to be written to the store."""
        while self.lessons:
            lesson = self.lessons.popleft()
            self.attempts.pop(lesson.body_key, None)
            self.late_stopped = self.late_stopped or REFUSED
            self.unsaved = True
            if lesson.about is About.BREAKPOINT:
                self.own_marks = False
            elif lesson.about is About.THINKING:
                self.distrusts = True
            else:  # the thinking that was produced behind these edits is found out by what was forwarded
                revisions = [lesson.revision] if lesson.landed else self.ledger.revisions
                dropped = [one for one in revisions if self.ledger.release(one)]
                self.undropped += dropped
                self.released = self.released or bool(dropped)

    def note_earlier_history(self, conversation: Conversation, now: float) -> None:
        """Call this before the first request of a conversation. A history that it already has was sent outside this
        process."""
        is_ongoing = self.known is not None or any(m.role is Role.ASSISTANT for m in conversation.messages)
        if is_ongoing and not self.keys and self.clock.first_seen_at is None:
            self.clock.first_seen_at = now

    def count_sent(self, conversation: Conversation) -> int:
        """How many messages at the head are known to be sent. What this process does not know counts as sent (P4)."""
        while self.untouched:
            self.mark_sent(self.untouched.popleft(), 0)
        messages = conversation.messages
        if self.keys:  # what an answer follows was sent, by this proxy or past it
            return max(conversation.common_head(self.keys), _last_answer(messages, self.pending_calls))
        if self.may_be_retried:
            return len(messages)
        newest = conversation.newest_user()
        tail = len(messages) if newest is None else newest
        if self.known is None:
            return 0 if not any(m.role is Role.ASSISTANT for m in messages) else tail
        if self.known.count <= len(messages) and digest(*conversation.keys[: self.known.count]) == self.known.chain:
            return max(tail, self.known.count)
        return len(messages)

    def begins_epoch(self, conversation: Conversation) -> bool:
        """Whether the history shrank or branched. Clients rewrite their last messages now and then; two may change."""
        if not self.keys:
            return False
        return conversation.common_head(self.keys) < len(self.keys) - 2

    def newness(self, conversation: Conversation, sent: int) -> Callable[[int, int], bool]:
        """Tells by message and block index whether a block was never sent; `sent` messages at the head were."""

        fresh = {block.key for message in conversation.messages[sent:] for block in message.blocks}
        nth = {at: place.nth for place, at in locate(conversation, fresh & self.sent.keys()).items()}

        def is_new(m: int, b: int) -> bool:
            if m < sent or len(self.sent) >= SENT_LIMIT:
                return False
            times = self.sent.get(conversation.messages[m].blocks[b].key, 0)
            return not times or nth.get((m, b), 0) >= times

        return is_new

    def prefix(self, conversation: Conversation) -> PrefixHash:
        """The prefix hash once all of `conversation` is sent."""
        return PrefixHash(self.epoch, conversation.chain, len(conversation.keys))

    def mark_sent(self, conversation: Conversation, sent: int) -> PrefixHash:
        """Note that all of `conversation` is sent, of which the first `sent` messages were sent before. Returns the new
        prefix hash."""
        first = 0 if not self.sent else sent
        fresh = {block.key for message in conversation.messages[first:] for block in message.blocks}
        times = Counter(place.key for place in locate(conversation, fresh))
        for key, count in times.items():
            if len(self.sent) < SENT_LIMIT:
                self.sent[key] = max(self.sent.get(key, 0), count)
        self.keys = conversation.keys
        self.known = self.prefix(conversation)
        return self.known

    def mark_shared(self, conversation: Conversation) -> None:
        """Note a call of the client's own with the history: what it adds is in the provider's cache now."""
        if self.keys and conversation.messages and conversation.messages[0].key == self.keys[0]:
            for _, _, block in conversation.blocks():
                if len(self.sent) < SENT_LIMIT:
                    self.sent.setdefault(block.key, 1)

    def note_attempt(self, body: int, attempt: Attempt) -> None:
        """Remember how the body with this hash was sent."""
        note_attempt(self.attempts, body, attempt)


def note_attempt(attempts: OrderedDict[int, Attempt], body: int, attempt: Attempt) -> None:
    """Remember how the body with this hash was sent; the oldest go beyond `RETRIES`."""
    attempts[body] = attempt
    while len(attempts) > RETRIES:
        attempts.popitem(last=False)


class States:
    """The conversations in memory; the least recently used go first, and come back from the store."""

    def __init__(
        self,
        load: Callable[[str], ConversationState],
        limit: int = 1000,
        limit_bytes: int = LIMIT_BYTES,
        *,
        read: Callable[[str], Lease | None] = Lease,
    ) -> None:
        """`read`: the lease under which a ledger in the store was changed last; see `Store.read`."""
        self._load, self._read, self._limit, self._limit_bytes = load, read, limit, limit_bytes
        self._asked = 0
        self._holders: OrderedDict[str, _Holder] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, conversation: str, lease: Lease | None = None) -> ConversationState:
        """The state of a conversation, loaded if it is not in memory, or was read under another lease than `lease`.
        May read the store: do not call it on the event loop. Loading one conversation does not block others; a load
        that raises is tried again at the next request."""
        with self._lock:
            holder = self._holders.setdefault(conversation, _Holder())
            self._holders.move_to_end(conversation)
            while len(self._holders) > self._limit:
                self._holders.popitem(last=False)
            self._asked += 1
            if not self._asked % _ASKED:
                self._let_go()
        with holder.lock:
            if holder.state is None or (lease is not None and holder.state.lease != lease):
                holder.state = self._load(conversation)
                # What was forwarded counts, whatever became of the ledger.
                holder.state.seals, holder.state.attempts = holder.seals, holder.attempts
            return holder.state

    def current(self, conversation: str) -> ConversationState:
        """`get` as the store has the conversation now; what is in memory, if the store cannot be asked."""
        try:
            lease = self._read(conversation)
        except StoreError:
            return self.get(conversation)
        if lease is None:
            self.drop(conversation)
        return self.get(conversation, lease)

    def drop(self, conversation: str) -> None:
        """Drop the state of a conversation whose ledger another proxy has changed: it is loaded again when needed."""
        with self._lock:
            holder = self._holders.get(conversation)
        if holder is not None:
            with holder.lock:
                holder.state = None

    def _let_go(self) -> None:
        """Drop the least recently used conversations beyond the limits."""
        sizes = {name: holder.state.size if holder.state is not None else 0 for name, holder in self._holders.items()}
        total = sum(sizes.values())
        for name, size in list(sizes.items())[:-AT_LEAST]:
            if total <= self._limit_bytes:
                return
            del self._holders[name]
            total -= size

    def forwarded(self, conversation: str) -> tuple[Seals, OrderedDict[int, Attempt]]:
        """The seals and the earlier attempts of a conversation, also while its ledger cannot be read."""
        with self._lock:
            holder = self._holders.setdefault(conversation, _Holder())
            return holder.seals, holder.attempts

    def loaded(self) -> list[tuple[str, ConversationState]]:
        """The conversations in memory, each with its id."""
        with self._lock:
            return [(name, holder.state) for name, holder in self._holders.items() if holder.state is not None]

    @contextmanager
    def forgotten(self, conversations: Iterable[str]) -> Iterator[None]:
        """Drop the state of some conversations. Until the block ends, requests for them wait; after it they are loaded
        again. If the block raises, nothing is dropped. A request that already has the state finds `is_gone` set."""
        with self._lock:
            holders = [self._holders.setdefault(name, _Holder()) for name in sorted(set(conversations))]
        with ExitStack() as stack:
            for holder in holders:
                stack.enter_context(holder.lock)
            states = [holder.state for holder in holders if holder.state is not None]
            _mark(states, is_gone=True)
            try:
                yield
            except BaseException:
                _mark(states, is_gone=False)
                raise
            for holder in holders:
                holder.state = None
                holder.attempts = OrderedDict()

    def peek(self, conversation: str) -> ConversationState | None:
        """The state of a conversation if it is in memory."""
        holder = self._holders.get(conversation)
        return holder.state if holder is not None else None


def _mark(states: Iterable[ConversationState], *, is_gone: bool) -> None:
    for state in states:
        with state.lock:
            state.is_gone = is_gone


@dataclass(slots=True)
class _Holder:
    lock: threading.Lock = field(default_factory=threading.Lock)
    state: ConversationState | None = None
    seals: Seals = field(default_factory=Seals)
    attempts: OrderedDict[int, Attempt] = field(default_factory=OrderedDict)


def _last_answer(messages: tuple[Message, ...], called: frozenset[str]) -> int:
    """The index of the last assistant message that proves that an earlier request reached the provider. A trailing
    assistant message (prefill) proves nothing; nor does one whose tool calls all come from the answer that was just
    relayed, because clients may put it between the results of other calls."""
    end = len(messages)
    while end and messages[end - 1].role is Role.ASSISTANT:
        end -= 1
    for i in range(end - 1, -1, -1):
        calls = messages[i].calls
        if messages[i].role is Role.ASSISTANT and not (calls and called.issuperset(calls)):
            return i
    return 0
