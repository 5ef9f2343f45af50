"""`Dialect`: the interface of a wire format. It parses a request (`read`, raises `Unreadable`), writes edits
(`BlockEdit`, `RangeEdit`, `Removal`) into its bytes (`splice`, raises `InvalidEdit`), reads the answer as it arrives,
and builds an error in the provider's form (`Refusal`). `ListDialect`: the base of formats whose history is one list.
`Endpoint`: what a path asks for.

A dialect is pure: bytes in, bytes out, no network and no mitmproxy. `ListDialect` finds the messages, parses those that
are new, and splices edits; a format adds how it reads one message, writes a note and reads an answer.
"""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import msgspec

from penstock.base.errors import InvalidEdit, Unreadable
from penstock.base.external_names import kept_name
from penstock.conversation.conversation import Block, BlockKind, Conversation, Message, Role, digest, prompt_of
from penstock.conversation.json_spans import Span, elements, members
from penstock.dialects.continued import Continued, RequestsBefore
from penstock.dialects.message_cache import CACHE_BYTES, MessageCache
from penstock.dialects.replies import WRONG_SHAPE, ReplyParser, ReplyReader
from penstock.tokens.estimate import bytes_of
from penstock.tokens.images import media_in

__all__ = [
    "BlockEdit",
    "Change",
    "Dialect",
    "Endpoint",
    "ListDialect",
    "RangeEdit",
    "Refusal",
    "Removal",
    "canonical_key",
    "encode_text",
    "fixed_blocks",
]

logger = logging.getLogger(__name__)
_MARK = b'"cache_control"'
_MIXED = frozenset({BlockKind.TOOL_RESULT, BlockKind.OTHER})


class Endpoint(StrEnum):
    """The kind of endpoint that a request path names."""

    TURN = "turn"
    """An answer from the model."""
    COUNT = "count"
    """The request asks how many tokens it has."""


@dataclass(frozen=True, slots=True)
class BlockEdit:
    """New content for one block, or notes after it, or both."""

    message: int
    block: int
    text: str | None = None
    """The new content of the block. None: the content stays."""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RangeEdit:
    """Replaces the messages `first` to `last` (inclusive) by one user message; an empty `text` removes them."""

    first: int
    last: int
    text: str


@dataclass(frozen=True, slots=True)
class Removal:
    """Removes blocks of one message; at least one must stay. A message without any is removed by a `RangeEdit`."""

    message: int
    blocks: frozenset[int]


Change = BlockEdit | RangeEdit | Removal


@dataclass(frozen=True, slots=True)
class Refusal:
    """Penstock's own error answer, in the provider's form."""

    status: int
    headers: dict[str, str]
    body: bytes


class Dialect(ABC):
    """One provider wire format. `name` is what profiles and events call it."""

    name: str
    provider: str

    @abstractmethod
    def endpoint(self, method: str, path: str) -> Endpoint | None:
        """The kind of endpoint that `path` (without query) names in this format. None: it has no such path."""

    @abstractmethod
    def read(self, body: bytes, path: str) -> Conversation:
        """The conversation in a request body. Raises `Unreadable`."""

    @abstractmethod
    def splice(self, conversation: Conversation, changes: Sequence[Change]) -> bytes:
        """The body with `changes` in it, every other byte as it was. Raises `InvalidEdit`."""

    @abstractmethod
    def violations(self, conversation: Conversation) -> list[str]:
        """The rules of the provider that this request breaks, in words. Empty: it is valid."""

    def set_breakpoint(self, conversation: Conversation, message: int, block: int, lifetime: str) -> bytes | None:
        """The body with a cache breakpoint of ours on a block, `lifetime` as in `Block.cache_ttl`. None: this format
        has no breakpoints, this block takes none, or the client has used them all."""
        return None

    def may_strip(self, conversation: Conversation) -> bool:
        """Whether thinking can be removed from this request so that the rest is still valid."""
        return False

    def without_answer(self, body: bytes) -> bytes | None:
        """The request changed so that the provider generates no answer, but reads its cache, which keeps the entry
        alive. None: this format or this request does not allow it. Raises `Unreadable`."""
        return None

    @abstractmethod
    def parser(self) -> ReplyParser:
        """A fresh reader of one answer's events."""

    @abstractmethod
    def error_body(self, status: int, message: str) -> Any:
        """The JSON value of an error answer, as the provider writes it."""

    def final_body(self, status: int, message: str) -> Any:
        """The error body of a refusal that waiting does not lift, if the provider has another for it."""
        return self.error_body(status, message)

    final_status = 429
    """The status of a refusal that waiting does not lift."""

    def refusal(self, message: str, retry_after: int, status: int = 429, *, is_final: bool = False) -> Refusal:
        """A refusal this format's clients understand and show. `is_final`: clients should not retry by themselves,
        which the SDKs of Anthropic and OpenAI obey."""
        final = {"x-should-retry": "false"} if is_final else {}
        status = self.final_status if is_final else status
        return Refusal(
            status,
            {"content-type": "application/json", "retry-after": str(retry_after), **final},
            msgspec.json.encode((self.final_body if is_final else self.error_body)(status, message)),
        )

    def reply_reader(self, content_type: str) -> ReplyReader:
        """A reader for an answer with this Content-Type."""
        return ReplyReader(self.parser(), content_type)


class ListDialect(Dialect):
    """A dialect whose history is one JSON array."""

    list_field: str

    def __init__(self, cache_bytes: int = CACHE_BYTES) -> None:
        self._seen = MessageCache(cache_bytes)
        self._before = RequestsBefore(self.list_field, cache_bytes // 3)

    @abstractmethod
    def read_message(self, raw: bytes) -> Message:
        """One entry of the history. Raises `Unreadable`. Called once for each different `raw`."""

    @abstractmethod
    def note(self, message: Message, block: int, texts: Sequence[str]) -> tuple[Span, bytes]:
        """Where in `message` notes after `block` go, and their bytes. The message's content is a list."""

    @abstractmethod
    def user_message(self, texts: Sequence[str]) -> bytes:
        """A user message with one text block for each of `texts`."""

    def root(self, body: bytes, top: dict[str, Span], path: str) -> dict[str, Span]:
        """The fields of the object that holds the history: the request itself, unless a format wraps it."""
        return top

    def model_of(self, body: bytes, fields: dict[str, Span], path: str) -> str:
        """The model that a request asks for; empty: it names none."""
        span = fields.get("model")
        model = None if span is None else msgspec.json.decode(span.of(body))
        return model if isinstance(model, str) else ""

    def streams(self, body: bytes, fields: dict[str, Span], path: str) -> bool:
        """Whether the client asked for a stream."""
        span = fields.get("stream")
        return span is not None and span.of(body) == b"true"

    def automatic(self, body: bytes, fields: dict[str, Span]) -> str:
        """The value of `Conversation.automatic`: the lifetime of a cache breakpoint that the provider sets by itself,
        or empty."""
        return ""

    def ignored(self, body: bytes, fields: dict[str, Span], messages: Sequence[Message]) -> int:
        """The value of `Conversation.ignored`: how many messages at the head the provider ignores."""
        return next((i for i in range(len(messages) - 1, -1, -1) if messages[i].compacts), 0)

    def replacement(self, block: Block, text: str) -> bytes:
        """The bytes that stand for `text` in the block's slot."""
        return encode_text(text)

    def entries(self, body: bytes, fields: dict[str, Span]) -> list[Span]:
        """The byte ranges of the entries of the history."""
        span = fields.get(self.list_field)
        if span is None:
            raise Unreadable(f"{self.list_field!r} is missing")
        return elements(body, span)

    def read(self, body: bytes, path: str) -> Conversation:
        fields, spans, known = self._layout(body, path)
        try:
            new = self._seen.get(body, spans, self.read_message)
            messages = new if known is None else (*known.messages, *new)
            found = Conversation(
                dialect=self.name,
                body=body,
                messages=messages,
                spans=tuple(spans) if known is None else (*known.spans, *spans),
                model=kept_name(self.model_of(body, fields, path)),
                stream=self.streams(body, fields, path),
                fields=fields,
                automatic=self.automatic(body, fields),
                ignored=self.ignored(body, fields, messages),
                head=None if known is None else known.head,
            )
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, *WRONG_SHAPE) as e:
            raise Unreadable(f"{self.list_field}: {e}") from e
        self._before.note(found, fields)
        return found

    def _layout(self, body: bytes, path: str) -> tuple[dict[str, Span], Sequence[Span], Continued | None]:
        """The byte ranges of the fields and of the messages that are not known from an earlier request; and the known
        ones."""
        known = self._before.continued(body)
        if known is not None and known.messages:
            try:
                rest = known.rest(body)
                fields = self.root(rest, members(rest), path)
                spans, history = self.entries(rest, fields), fields.get(self.list_field)
                if spans and history is not None and history.start + 1 == known.start:
                    moved = {name: known.moved(span) for name, span in fields.items()}
                    return moved, [known.moved(span) for span in spans], known
            except Unreadable as e:
                logger.debug("a request is read as a whole: %s", e)
        fields = self.root(body, members(body), path)
        return fields, self.entries(body, fields), None

    def splice(self, conversation: Conversation, changes: Sequence[Change]) -> bytes:
        cuts: list[tuple[int, int, bytes]] = []
        covered: set[int] = set()
        for change in changes:
            if isinstance(change, RangeEdit):
                cuts.append(self._cut_range(conversation, change))
                covered.update(range(change.first, change.last + 1))
        by_message: dict[int, list[BlockEdit]] = {}
        for change in changes:
            if isinstance(change, Removal) and change.message not in covered:
                start = conversation.spans[change.message].start
                for span in self.removal(conversation.messages[change.message], change.blocks):
                    cuts.append((start + span.start, start + span.end, b""))
        for change in changes:
            if isinstance(change, BlockEdit) and change.message not in covered:
                by_message.setdefault(change.message, []).append(change)
        for index, edits in by_message.items():
            start = conversation.spans[index].start
            for span, data in self._cut_message(conversation.messages[index], edits):
                cuts.append((start + span.start, start + span.end, data))
        return _join(conversation.body, cuts)

    def removal(self, message: Message, blocks: frozenset[int]) -> Iterator[Span]:
        """The byte ranges of `message` to remove for these blocks, separators included. Raises `InvalidEdit`."""
        raise InvalidEdit("blocks of this format can not be left out")

    def _cut_range(self, conversation: Conversation, change: RangeEdit) -> tuple[int, int, bytes]:
        start, end = conversation.spans[change.first].start, conversation.spans[change.last].end
        if change.text:
            return start, end, self.user_message([change.text])
        if change.last + 1 < len(conversation.spans):
            return start, conversation.spans[change.last + 1].start, b""
        if change.first > 0:
            return conversation.spans[change.first - 1].end, end, b""
        raise InvalidEdit("a request needs at least one message")

    def _cut_message(self, message: Message, edits: Sequence[BlockEdit]) -> Iterable[tuple[Span, bytes]]:
        for edit in edits:
            block = message.blocks[edit.block]
            value = None
            if edit.text is not None:
                if block.slot is None:
                    raise InvalidEdit(f"a {block.kind} block can not be replaced")
                value = self.replacement(block, edit.text)
            if message.bare and edit.notes:
                slot = block.slot
                if slot is None:
                    raise InvalidEdit("this message takes no note")
                yield self.bare_note(message, block, value or slot.of(message.raw), edit.notes)
                continue
            if value is not None and block.slot is not None:
                yield block.slot, value
            if edit.notes:
                yield self.note(message, edit.block, edit.notes)

    def bare_note(self, message: Message, block: Block, value: bytes, notes: Sequence[str]) -> tuple[Span, bytes]:
        """Where notes go in a message whose content is a bare string that now reads `value`, and the bytes."""
        raise InvalidEdit("this message takes no note")


def encode_text(text: str) -> bytes:
    """`text` as a JSON string. Raises `InvalidEdit` for text that UTF-8 can not carry (lone surrogates)."""
    try:
        return msgspec.json.encode(text)
    except UnicodeEncodeError as e:
        raise InvalidEdit(f"the text can not be sent: {e}") from e


def canonical_key(role: Role, value: dict[str, Any]) -> bytes:
    """The content hash of a block: its role and its JSON value without `cache_control` at any depth."""
    raw = msgspec.json.encode(value)
    if _MARK in raw:
        raw = msgspec.json.encode(_without_marks(value))
    return digest(role.encode(), raw)


def message(role: Role, blocks: Sequence[Block], raw: bytes, *, bare: bool = False) -> Message:
    """A `Message` with its keys computed, and its images and files measured in tokens."""
    blocks = [_weighed(block, raw) if _may_hold_media(block) else block for block in blocks]
    keys = [b.key for b in blocks]
    thinking = tuple(i for i, b in enumerate(blocks) if b.kind is BlockKind.THINKING)
    spoken = [b.key for b in blocks if b.kind is not BlockKind.THINKING]
    return Message(
        role,
        tuple(blocks),
        raw,
        bare,
        key=digest(role.encode(), *keys),
        prompt=prompt_of(role, blocks),
        breakpoints=sum(b.has_breakpoint for b in blocks),
        calls=tuple(b.tool_id for b in blocks if b.kind is BlockKind.TOOL_USE),
        answers=tuple(b.tool_id for b in blocks if b.kind is BlockKind.TOOL_RESULT),
        has_blank=any(b.kind is BlockKind.TEXT and not b.text.strip() for b in blocks),
        fixed=tuple(fixed_blocks(blocks, raw)),
        padding=sum(b.padding for b in blocks),
        spoken=digest(role.encode(), *spoken) if spoken else b"",
        thinking=thinking,
    )


def _may_hold_media(block: Block) -> bool:
    """Whether a block is a medium or may contain one, so that no edit replaces it."""
    return block.kind is BlockKind.MEDIA or (block.slot is None and block.kind in _MIXED)


def _weighed(block: Block, raw: bytes) -> Block:
    media = media_in(block.span.of(raw))
    if not media:
        return block
    return replace(block, padding=sum(one.letters - bytes_of(one.tokens) for one in media))


def fixed_blocks(blocks: Iterable[Block], raw: bytes) -> Iterator[tuple[bytes, bool]]:
    """What no edit may change of `blocks`, whose bytes are in `raw`; see `Message.fixed`."""
    for block in blocks:
        if block.slot is None:
            yield digest(block.span.of(raw)), block.has_breakpoint
        elif block.has_breakpoint:
            yield block.kind.encode() if block.kind is not BlockKind.OTHER else b"", True


def _without_marks(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {k: _without_marks(v) for k, v in value.items() if k != "cache_control"}
    if isinstance(value, list):
        return [_without_marks(v) for v in value]
    return value


def _join(body: bytes, cuts: list[tuple[int, int, bytes]]) -> bytes:
    out: list[bytes] = []
    at = 0
    for start, end, data in sorted(cuts, key=lambda c: (c[0], c[1])):
        if start < at:
            raise InvalidEdit("two edits overlap")
        out += (body[at:start], data)
        at = end
    out.append(body[at:])
    return b"".join(out)
