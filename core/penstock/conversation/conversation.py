"""`Conversation`, `Message` and `Block` (with `Role` and `BlockKind`): the content of a request as a stage sees it,
with offsets into the raw bytes, and their hashes (`digest`, `chain_of`). `prompt_of` finds the user's own words in a
message, `common_head` what two histories share; `transcript` writes messages as text.

Everything here is read-only and may be shared between threads. Offsets (`Span`) are relative to their message, so
that a message seen before is reused unchanged, wherever it is in the next request.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import blake2b
from types import MappingProxyType
from typing import Any, NamedTuple, TypeVar

import msgspec

from penstock.base.external_names import LONGEST, kept_name
from penstock.base.renamed import Renamed
from penstock.conversation.json_spans import Span

__all__ = [
    "HEAD_FIELDS",
    "Block",
    "BlockKind",
    "Conversation",
    "Head",
    "Message",
    "Role",
    "chain_of",
    "common_head",
    "digest",
    "is_envelope",
    "prompt_of",
    "transcript",
]

T = TypeVar("T")
KEY_BYTES = 16
_OPENING_TAG = re.compile(r"<([A-Za-z]\w*[-_][\w-]*)>")
"""The tags in which clients wrap their own texts. Unlike HTML, which a person may paste, their names have a hyphen or
an underscore."""
_WRAPS_WORDS = frozenset({"user_query", "user_message", "command-args"})
"""Tags around a person's own words."""


HEAD_FIELDS = ("tools", "system", "instructions", "systemInstruction", "system_instruction")
"""Fields of a request that stand before its messages, in every dialect."""


class Role(StrEnum):
    """Who wrote a message, in one vocabulary for all dialects."""

    SYSTEM = "system"
    """Also OpenAI's `developer`."""
    USER = "user"
    ASSISTANT = "assistant"
    """Also Gemini's `model`."""
    TOOL = "tool"
    """A message of its own that holds a tool's result. Anthropic and Gemini put results into user messages instead."""


class BlockKind(StrEnum):
    """The kinds of content blocks."""

    TEXT = "text"
    THINKING = "thinking"
    """The model's reasoning, redacted or not. Never edited: providers check it byte for byte."""
    TOOL_USE = "tool_use"
    TOOL_RESULT = "tool_result"
    MEDIA = "media"
    """Images, PDFs, audio."""
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Block:
    """One content block of a message, or a message that is a bare string."""

    kind: BlockKind
    role: Role
    text: str
    """The words: a text, a tool's output, a tool call's input as JSON. Empty for media."""
    key: bytes
    """Content hash, `cache_control` left out, a bare string equal to a list of one text block. 16 bytes."""
    span: Span
    """The byte range of the block in its message."""
    slot: Span | None = None
    """The byte range of the value that an edit would replace. None: this block cannot be edited."""
    tool_id: str = ""
    """Links a tool's use to its result. A long one is cut, as the name is."""
    tool_name: str = ""
    is_error: bool = False
    cache_ttl: str = ""
    """How long the provider keeps the cache entry that ends here: the lifetime of the breakpoint that the client set
    (`cache_control`), `5m` or `1h`. Empty: there is no breakpoint."""
    padding: int = 0
    """Bytes in the block that are no text: the base64 of images and files, less what their tokens would take as text.
    Negative for media named by an address."""

    mark = Renamed("cache_ttl")

    def __post_init__(self) -> None:
        if len(self.tool_id) > LONGEST or len(self.tool_name) > LONGEST:
            object.__setattr__(self, "tool_id", kept_name(self.tool_id))
            object.__setattr__(self, "tool_name", kept_name(self.tool_name))

    @property
    def size(self) -> int:
        """Bytes that count: images and files as much text as their tokens take."""
        return self.span.end - self.span.start - self.padding

    @property
    def has_breakpoint(self) -> bool:
        """Carries a cache breakpoint."""
        return bool(self.cache_ttl)


@dataclass(frozen=True, slots=True)
class Message:
    """One message of the history."""

    role: Role
    blocks: tuple[Block, ...]
    raw: bytes = field(repr=False)
    """The message's own bytes, as received."""
    bare: bool = False
    """The content is a bare string: `blocks[0]` is all of it."""
    key: bytes = b""
    """Hash of the role and the blocks' keys. 16 bytes."""
    prompt: str = ""
    """The user's prompt: the last text of a user message that is no reminder. Empty for tool results."""
    breakpoints: int = 0
    """Cache breakpoints the client set in this message."""
    calls: tuple[str, ...] = ()
    """The ids of the tool calls in it."""
    answers: tuple[str, ...] = ()
    """The ids that the tool results in it name."""
    has_blank: bool = False
    """One of its texts is empty or blank."""
    compacts: bool = False
    """Holds a compaction that the provider made: it ignores all messages before this one."""
    fixed: tuple[tuple[bytes, bool], ...] = ()
    """What no edit may touch, in order: thinking, tool calls and media, by their hash, and every breakpoint."""
    padding: int = 0
    """The sum of its blocks' `padding`."""
    spoken: bytes = b""
    """Hash of the role and of the blocks that are not thinking. Empty: there are none."""
    thinking: tuple[int, ...] = ()
    """The indexes of its blocks of thinking."""

    words = Renamed("prompt")

    @property
    def size(self) -> int:
        """Bytes that count: images and files as much text as their tokens take."""
        return len(self.raw) - self.padding

    @property
    def opening(self) -> int:
        """The index of its first block that is not thinking, which a client may strip; 0 when there is none."""
        return next((i for i in range(len(self.blocks)) if i not in self.thinking), 0)


class Head(NamedTuple):
    """The beginning of a history that a request shares with an earlier one, and what was computed about it."""

    shared: int
    """How many messages at the head of the history are identical."""
    messages: Sequence[Message]
    """The messages of the earlier request."""
    derived: dict[object, Any]
    """`Conversation.derived` of the earlier request."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """The content of one request."""

    dialect: str
    body: bytes = field(repr=False)
    """The request body, content-encoding undone."""
    messages: tuple[Message, ...]
    spans: tuple[Span, ...] = field(repr=False)
    """The byte range of each message in `body`."""
    model: str = ""
    stream: bool = False
    fields: Mapping[str, Span] = field(default_factory=dict, repr=False)
    """The byte range in `body` of each of the request's fields."""
    automatic: str = ""
    """The lifetime of the cache breakpoint that the provider puts at the end of the request by itself: `5m` or `1h`
    (Anthropic), `30m` or `12h` (OpenAI). Empty: it puts none there."""
    ignored: int = 0
    """Messages at the head that the provider ignores, because a compaction of its own follows them. They take no room,
    cost nothing, and are not edited."""
    thinking: tuple[tuple[int, int], ...] = field(default=(), init=False, compare=False)
    """Message and block index of every block of thinking, in order."""
    head: Head | None = field(default=None, repr=False, compare=False)
    """The beginning shared with an earlier request. None: no earlier request is known that begins so."""
    derived: dict[object, Any] = field(default_factory=dict, init=False, repr=False, compare=False)
    """What was computed about the messages, kept for the later requests that continue this one."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "fields", MappingProxyType(self.fields))  # a stage may look, and not write
        first, known = 0, ()
        if self.head is not None:
            first, before = self.head.shared, self.head.derived["thinking"]
            known = before[: bisect_left(before, (first, 0))]
        new = ((i, j) for i, message in enumerate(self.messages[first:], first) for j in message.thinking)
        object.__setattr__(self, "thinking", (*known, *new))
        self.derived["thinking"] = self.thinking

    @property
    def keys(self) -> list[bytes]:
        """The messages' keys. Not to be changed: other requests share the list."""
        found: list[bytes] | None = self.derived.get("keys")
        if found is None:
            known: list[bytes] = [] if self.head is None else self.head.derived.get("keys", [])[: self.head.shared]
            found = [*known, *(message.key for message in self.messages[len(known) :])]
            self.derived["keys"] = found
        return found

    @property
    def chain(self) -> bytes:
        """The `digest` of the messages' keys."""
        found: tuple[list[bytes], blake2b] | None = self.derived.get("chain")
        if found is None:
            keys, done = self.keys, 0
            hasher = blake2b(digest_size=KEY_BYTES)
            before = self.head.derived.get("chain") if self.head is not None else None
            if before is not None and keys[: len(before[0])] == before[0]:
                done, hasher = len(before[0]), before[1].copy()
            hasher.update(_framed(keys[done:]))
            self.derived["chain"] = found = keys, hasher
        return found[1].digest()

    def common_head(self, keys: list[bytes]) -> int:
        """How many messages from the start have these keys."""
        least = min(len(keys), len(self.messages))
        return least if self.keys[:least] == keys[:least] else common_head(keys, self.messages)

    def running(self, step: Callable[[T, Message], T], start: T) -> Sequence[T]:
        """The accumulated values of `step` over the messages, from `start` on: one more than there are messages. Values
        of messages shared with an earlier request are reused, so `step` must be pure and `start` the same every
        time."""
        found: list[T] | None = self.derived.get(step)
        if found is None:
            before: list[T] | None = self.head.derived.get(step) if self.head is not None else None
            found = [start] if before is None or self.head is None else before[: self.head.shared + 1]
            for message in self.messages[len(found) - 1 :]:
                found.append(step(found[-1], message))
            self.derived[step] = found
        return found

    @property
    def size(self) -> int:
        """Bytes that count: images and files as much text as their tokens take."""
        unread = sum(message.size for message in self.messages[: self.ignored])
        return len(self.body) - self.running(_padding, 0)[-1] - unread

    def blocks(self) -> Iterator[tuple[int, int, Block]]:
        """Every block with the index of its message and its own."""
        for i, message in enumerate(self.messages):
            for j, block in enumerate(message.blocks):
                yield i, j, block

    def places(self, key: bytes) -> Sequence[tuple[int, int]]:
        """Message and block index of the blocks with this content hash, in order."""
        found: dict[bytes, tuple[tuple[int, int], ...]] | None = self.derived.get("places")
        if found is None:
            self.derived["places"] = found = self._all_places()
        return found.get(key, ())

    def _all_places(self) -> dict[bytes, tuple[tuple[int, int], ...]]:
        first, found = 0, dict[bytes, tuple[tuple[int, int], ...]]()
        if self.head is not None and "places" in self.head.derived:
            first, found = self.head.shared, dict(self.head.derived["places"])
            for key in {block.key for message in self.head.messages[first:] for block in message.blocks}:
                found[key] = found[key][: bisect_left(found[key], (first, 0))]
        for i, message in enumerate(self.messages[first:], first):
            for j, block in enumerate(message.blocks):
                found[block.key] = (*found.get(block.key, ()), (i, j))
        return found

    def automatic_block(self) -> tuple[int, int] | None:
        """Message and block index of the last block that can be cached, where the provider's own breakpoint stands.
        Thinking and empty texts can not be. None: no block can."""
        for m in range(len(self.messages) - 1, self.ignored - 1, -1):
            blocks = self.messages[m].blocks
            for b in range(len(blocks) - 1, -1, -1):
                if blocks[b].kind is not BlockKind.THINKING and (
                    blocks[b].text or blocks[b].kind is not BlockKind.TEXT
                ):
                    return m, b
        return None

    def find(self, key: bytes) -> Iterator[tuple[int, int, Block]]:
        """The blocks with this content hash, in order."""
        return ((i, j, self.messages[i].blocks[j]) for i, j in self.places(key))

    def field(self, name: str) -> Any:
        """The decoded value of a field of the request. None: it is not there, or holds what cannot be decoded, such as
        a number out of range."""
        span = self.fields.get(name)
        try:
            return None if span is None else msgspec.json.decode(span.of(self.body))
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return None

    def size_of(self, name: str) -> int:
        """Bytes of a field of the request, 0 when it is not there."""
        span = self.fields.get(name)
        return 0 if span is None else span.end - span.start

    def call(self, tool_id: str) -> Block | None:
        """The tool call that `tool_id` names, to see what a result answers. None when it is not there, or when the
        client sends no ids."""
        if not tool_id:
            return None
        for message in reversed(self.messages):
            for block in message.blocks:
                if block.kind is BlockKind.TOOL_USE and block.tool_id == tool_id:
                    return block
        return None

    @property
    def begins_turn(self) -> bool:
        """Whether the messages after the model's last one are a person's, without results of tools."""
        said = False
        for message in reversed(self.messages):
            if message.role is Role.ASSISTANT:
                return said
            if message.answers:
                return False
            said = said or message.role is Role.USER
        return True

    def newest_user(self) -> int | None:
        """Index of the newest message that speaks for the person or for a tool. None: there is none."""
        for i in range(len(self.messages) - 1, -1, -1):
            message = self.messages[i]
            if message.role in (Role.USER, Role.TOOL) and message.blocks:
                return i
        return None


def _padding(sum_of: int, message: Message) -> int:
    return sum_of + message.padding


def common_head(keys: Sequence[bytes], messages: Sequence[Message]) -> int:
    """How many messages from the start have these keys."""
    n = 0
    for key, message in zip(keys, messages, strict=False):
        if key != message.key:
            break
        n += 1
    return n


def chain_of(messages: Iterable[Message]) -> bytes:
    """A hash of some messages without their thinking, which a client may strip."""
    return digest(*(m.spoken or m.key for m in messages))


def prompt_of(role: Role, blocks: Sequence[Block]) -> str:
    """The last text in `blocks` of a user message that is not an envelope of the client; empty if there is none."""
    if role is not Role.USER:
        return ""
    texts = (b.text.strip() for b in reversed(blocks) if b.kind is BlockKind.TEXT)
    return next((t for t in texts if t and not is_envelope(t)), "")


def is_envelope(text: str) -> bool:
    """Whether the whole text is in one tag of a client: `<system-reminder>…</system-reminder>`,
    `<environment_context>…`."""
    opening = _OPENING_TAG.match(text)
    if opening is None or opening[1] in _WRAPS_WORDS:
        return False
    closing = f"</{opening[1]}>"
    return text.endswith(closing) and text.find(closing) == len(text) - len(closing)


def digest(*parts: bytes) -> bytes:
    """A 16 byte hash of `parts`, each kept apart from the next by its length."""
    return blake2b(_framed(parts), digest_size=KEY_BYTES).digest()


def _framed(parts: Iterable[bytes]) -> bytes:
    return b"".join([framed for part in parts for framed in (len(part).to_bytes(8, "little"), part)])


def transcript(messages: Iterable[Message]) -> str:
    """The texts of `messages`, each with its role in brackets."""
    return "\n\n".join(f"[{m.role}] " + "\n".join(block.text for block in m.blocks) for m in messages)
