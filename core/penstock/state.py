"""What the engine remembers of each conversation while it runs: the ledger, what was sent, the cache clock, retries."""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from penstock.cacheclock import CacheClock
from penstock.conversation import Conversation, Message, Role, common_head, digest
from penstock.events import Tip
from penstock.ledger import Ledger, locate
from penstock.money import Account, Booking
from penstock.reply import Usage

__all__ = ["Attempt", "ConversationState", "States"]

RETRIES = 32
SENT_LIMIT = 50_000


@dataclass(frozen=True, slots=True)
class Attempt:
    """How a body was sent before, so that the same body is sent the same."""

    revision: int
    """The ledger's revision then."""
    untouched: bool
    """It went as it came, past the ledger."""
    mark: tuple[int, int, str] | None = None
    """The breakpoint of our own it went with."""
    booking: Booking | None = None


@dataclass
class ConversationState:
    """One conversation. Take `lock` around everything."""

    ledger: Ledger
    clock: CacheClock
    known: Tip | None
    """What an earlier process sent last. None: nothing, as far as the store knows."""
    lock: threading.RLock = field(default_factory=threading.RLock)
    account: Account = field(default_factory=Account)
    epoch: int = 0
    session: str = ""
    """The client's own id."""
    is_gone: bool = False
    """It was deleted: nothing may land by it any more."""
    asked: bool = False
    """A person wants the next real request flushed. May be set without the lock."""
    size_came: int = 0
    """Estimated tokens of the last real request as it came, and as it was sent."""
    size_sent: int = 0
    keys: list[bytes] = field(default_factory=list)
    """The message keys of the last real request."""
    full: int = 0
    """Tokens of the request that the last flush of a full window left so full, or put off. 0: it has room again."""
    called: frozenset[str] = frozenset()
    """The ids of the calls in the last answer. May be set without the lock."""
    sent: dict[bytes, int] = field(default_factory=dict)
    """Block keys that were sent, with how often one stood in a request."""
    attempts: OrderedDict[int, Attempt] = field(default_factory=OrderedDict)
    """By the hash of the body. Python's own, keyed anew for each process: 1 ms less for each megabyte than a digest."""

    answers: deque[tuple[Booking, Usage]] = field(default_factory=lambda: deque(maxlen=RETRIES))
    """What the provider counted, not learnt from yet. May be appended to without the lock."""
    untouched: deque[Conversation] = field(default_factory=lambda: deque(maxlen=RETRIES))
    """Requests that left as they came and are not counted as sent yet. May be appended to without the lock."""

    def learn(self) -> None:
        """Correct what is thought to be cached by what the provider counted."""
        while self.answers:
            booking, usage = self.answers.popleft()
            if self.account.learn(booking, usage):
                self.clock.learn(booking.idle)

    def meet(self, conversation: Conversation, now: float) -> None:
        """Before the first request that comes by. One that had begun by then was sent by others."""
        begun = self.known is not None or any(m.role is Role.ASSISTANT for m in conversation.messages)
        if begun and not self.keys and self.clock.met is None:
            self.clock.met = now

    def count_sent(self, conversation: Conversation) -> int:
        """How many messages at the head are known to be sent. What this process does not know counts as sent (P4)."""
        while self.untouched:
            self.mark_sent(self.untouched.popleft(), 0)
        messages = conversation.messages
        if self.keys:  # what an answer follows was sent, by this proxy or past it
            return max(common_head(self.keys, messages), _last_answer(messages, self.called))
        newest = conversation.newest_user()
        tail = len(messages) if newest is None else newest
        if self.known is None:
            return 0 if not any(m.role is Role.ASSISTANT for m in messages) else tail
        if self.known.count <= len(messages) and _chain(messages[: self.known.count]) == self.known.chain:
            return max(tail, self.known.count)
        return len(messages)

    def begins_epoch(self, conversation: Conversation) -> bool:
        """Whether the history shrank or branched. Clients rewrite their last messages now and then; two may change."""
        if not self.keys:
            return False
        common = common_head(self.keys, conversation.messages)
        return common < len(self.keys) - 2

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

    def mark_sent(self, conversation: Conversation, sent: int) -> Tip:
        """All of `conversation` is sent; its first `sent` messages were before. Gives the new tip."""
        first = 0 if not self.sent else sent
        fresh = {block.key for message in conversation.messages[first:] for block in message.blocks}
        times = Counter(place.key for place in locate(conversation, fresh))
        for key, count in times.items():
            if len(self.sent) < SENT_LIMIT:
                self.sent[key] = max(self.sent.get(key, 0), count)
        self.keys = [m.key for m in conversation.messages]
        self.known = Tip(self.epoch, digest(*self.keys), len(self.keys))
        return self.known

    def mark_shared(self, conversation: Conversation) -> None:
        """A call of the client's own carries the history: what it adds is in the provider's cache now."""
        if self.keys and conversation.messages and conversation.messages[0].key == self.keys[0]:
            for _, _, block in conversation.blocks():
                if len(self.sent) < SENT_LIMIT:
                    self.sent.setdefault(block.key, 1)

    def note_attempt(self, body: int, attempt: Attempt) -> None:
        """Remember how the body with this hash was sent."""
        self.attempts[body] = attempt
        while len(self.attempts) > RETRIES:
            self.attempts.popitem(last=False)


class States:
    """The conversations in memory; the least recently used go first, and come back from the store."""

    def __init__(self, load: Callable[[str], ConversationState], limit: int = 1000) -> None:
        self._load, self._limit = load, limit
        self._holders: OrderedDict[str, _Holder] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, conversation: str) -> ConversationState:
        """The state of a conversation, loaded when it is not in memory. May read the store: not for the loop. Nobody
        waits for another conversation's load; one that raises is tried again at the next request."""
        with self._lock:
            holder = self._holders.setdefault(conversation, _Holder())
            self._holders.move_to_end(conversation)
            while len(self._holders) > self._limit:
                self._holders.popitem(last=False)
        with holder.lock:
            if holder.state is None:
                holder.state = self._load(conversation)
            return holder.state

    def loaded(self) -> list[tuple[str, ConversationState]]:
        """The conversations in memory, each with its id."""
        with self._lock:
            return [(name, holder.state) for name, holder in self._holders.items() if holder.state is not None]

    @contextmanager
    def forgotten(self, conversations: Iterable[str]) -> Iterator[None]:
        """Until the block ends, who asks for one of these waits; after it they are loaded anew. One that raises forgets
        nothing. A request that has its state already finds it gone when it would write to it."""
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


def _last_answer(messages: tuple[Message, ...], called: frozenset[str]) -> int:
    """Where the last answer stands that proves a request before it. What the client would have the model go on from, at
    the end, proves none; nor does a call of the answer that came by here, which may stand between results of others."""
    end = len(messages)
    while end and messages[end - 1].role is Role.ASSISTANT:
        end -= 1
    for i in range(end - 1, -1, -1):
        calls = messages[i].calls
        if messages[i].role is Role.ASSISTANT and not (calls and called.issuperset(calls)):
            return i
    return 0


def _chain(messages: tuple[Message, ...]) -> bytes:
    return digest(*(m.key for m in messages))
