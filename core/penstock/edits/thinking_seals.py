"""`Seals`: how much of the thinking in a request stays valid, where the model binds thinking to the content before it.

Current Claude models refuse a request in which anything before a block of thinking differs from what it was when the
block was produced; GPT from 6.2 on leaves such reasoning out
(https://platform.claude.com/docs/en/build-with-claude/preserved-thinking/prefix-checks,
https://developers.openai.com/api/docs/guides/keep-prefix-unchanged). Only thinking itself may be removed, as an
unbroken run from the start.

A block was produced by the request that ends where the model's run of messages begins. For each history that a
client sent, what was forwarded of it is remembered: when a later request holds that history again with thinking after
it, the same must be forwarded again, or the thinking must be removed. A history that is not remembered was either
forwarded by an earlier process, with the edits of the ledger, or was sent to the provider without this proxy, as the
client has it; the number of messages that are known to have been forwarded tells which. All hashes are Python's own:
they are valid for the life of the process.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable
from typing import NamedTuple

from penstock.conversation.conversation import Conversation, Message, Role

__all__ = ["Seals"]

LIMIT = 5000
"""Requests of one conversation that are remembered."""


class _Thought(NamedTuple):
    """A block of thinking at its place in a request."""

    key: bytes
    before: int
    """Hash of all that stands before it."""
    run: int
    """Hash of all that stands before the model's run of messages that holds it."""
    since: tuple[bytes, ...]
    """What the model said in that run before it."""
    first: int
    """The index of the first message of that run."""


class Seals:
    """What was forwarded of each history of one conversation. Any thread may call."""

    def __init__(self) -> None:
        self._forwarded: OrderedDict[int, int] = OrderedDict()
        self._gone: OrderedDict[bytes, None] = OrderedDict()
        """Thinking that was left out: what was produced since then was produced without it."""
        self._lock = threading.Lock()

    def note(self, original: Conversation, forwarded: Conversation) -> None:
        """Note that `forwarded` was sent for `original`: the model's next thinking is bound to it."""
        with self._lock:
            key = original.running(_said, 0)[-1]
            self._forwarded[key] = forwarded.running(_said, 0)[-1]
            self._forwarded.move_to_end(key)
            left = len(forwarded.thinking)
            for m, b in original.thinking[: -left or None]:
                self._gone[original.messages[m].blocks[b].key] = None
            for kept in (self._forwarded, self._gone):
                while len(kept) > LIMIT:
                    kept.popitem(last=False)

    def kept(
        self,
        original: Conversation,
        forwarded: Conversation,
        standing: Conversation | None = None,
        known: int | None = None,
    ) -> int:
        """How many blocks of thinking at the end of `forwarded` are valid; those before them must be removed.

        `standing` is what would be forwarded without the edits that are new in `forwarded`; None: there are none.
        `known`: so many messages at the head of `original` were forwarded by this installation; None: that is not
        known, and all may have been.
        """
        came, left = _thinking(original), _thinking(forwarded)
        stood = left if standing is None else _thinking(standing)
        count = 0
        for own, now, then in zip(reversed(came), reversed(left), reversed(stood), strict=False):
            if not own.key == now.key == then.key or own.key in self._gone:
                break  # one before it is missing: what is left is no unbroken run
            if now.before != self._bound_to(own, then, known):
                break
            count += 1
        return count

    def _bound_to(self, own: _Thought, then: _Thought, known: int | None) -> int:
        """The hash of what stood before a block when it was produced."""
        forwarded = self._forwarded.get(own.run)
        if forwarded is not None:
            return _part(_after(forwarded, own.since[:-1]), own.since[-1])
        return then.before if known is None or own.first <= known else own.before


class _At(NamedTuple):
    """What `_thinking` knows behind a message."""

    chain: int = 0
    """Hash of all so far."""
    run: int = 0
    since: tuple[bytes, ...] = ()
    first: int = 0
    """As `_Thought.first`."""
    seen: int = 0
    """How many messages were passed."""
    thoughts: tuple[_Thought, ...] = ()
    """The blocks of thinking in the message."""


def _thinking(conversation: Conversation) -> list[_Thought]:
    return [thought for at in conversation.running(_follow, _At()) for thought in at.thoughts]


def _follow(at: _At, message: Message) -> _At:
    chain = _said(at.chain, message)
    if message.role is not Role.ASSISTANT:
        return _At(chain, chain, (), at.seen + 1, at.seen + 1)
    thoughts = []
    for b in message.thinking:
        before = _said_before(message, b)
        key = message.blocks[b].key
        thoughts.append(_Thought(key, _part(at.chain, before), at.run, (*at.since, before), at.first))
    return _At(chain, at.run, (*at.since, message.spoken), at.first, at.seen + 1, tuple(thoughts))


def _said_before(message: Message, b: int) -> bytes:
    """What a message says before one of its blocks; empty when that is nothing."""
    return b"".join(block.key for i, block in enumerate(message.blocks[:b]) if i not in message.thinking)


def _said(chain: int, message: Message) -> int:
    return hash((chain, message.spoken)) if message.spoken else chain


def _after(chain: int, spoken: Iterable[bytes]) -> int:
    for one in spoken:
        chain = hash((chain, one)) if one else chain
    return chain


def _part(chain: int, said: bytes) -> int:
    return hash((chain, b"part", said)) if said else chain
