"""`read_whole`: a whole request as the running proxy returns it (`WholeRequest`), received and forwarded, each side
(`WholeSide`) with its system prompt, tools and messages, and estimates of their tokens. `save` writes both sides to
files, and raises `FileExistsError` rather than replace one."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from penstock.base.errors import PenstockError
from penstock.base.readable import one_line, readable
from penstock.conversation.conversation import HEAD_FIELDS, BlockKind, Conversation
from penstock.dialects.bundled import bundled_dialects
from penstock.identify.prompt_head import list_tools
from penstock.tokens.estimate import estimate, estimate_bytes
from penstock.tokens.request_count import system_texts
from penstock_tui.exchange.model import Block, ExchangeDetail
from penstock_tui.exchange.save import write_new

__all__ = ["ENDS", "SIDES", "WholeRequest", "WholeSide", "read_whole"]

SIDES = ("received", "forwarded")
ENDS = tuple(f"-{side}" for side in SIDES)
"""The endings of the names of the two files."""
_MESSAGES = frozenset({"messages", "input", "contents", "prompt", "request"})


@dataclass(frozen=True, slots=True)
class WholeSide:
    """The received or the forwarded body. Token numbers are estimates."""

    body: Mapping[str, Any]
    system: str = ""
    system_tokens: int = 0
    tools: tuple[tuple[str, int], ...] = ()
    """The tools, each with its tokens."""
    rest: tuple[tuple[str, str], ...] = ()
    """The other fields of the request."""
    detail: ExchangeDetail | None = None
    """The messages and blocks. None: no bundled dialect reads the body, so it is shown as JSON."""

    @property
    def text(self) -> str:
        """The body as JSON."""
        return readable(json.dumps(self.body, ensure_ascii=False, indent=1))


@dataclass(frozen=True, slots=True)
class WholeRequest:
    """A request as received and as forwarded; the same side twice where it was forwarded unchanged."""

    received: WholeSide
    forwarded: WholeSide

    @property
    def is_changed(self) -> bool:
        return self.forwarded is not self.received

    def save(self, path: Path) -> dict[Path, int]:
        """Write one file for each side, named after `path`, or none; gives each with its bytes. Raises as `write_new`
        does."""
        bodies = (self.received.body, self.forwarded.body)
        files = [path.with_name(f"{path.stem}{end}{path.suffix or '.json'}") for end in ENDS]
        for file in files:
            if os.path.lexists(file):
                raise FileExistsError(0, "is there already", str(file))
        written: dict[Path, int] = {}
        try:
            for file, body in zip(files, bodies, strict=True):
                written[file] = write_new(file, body)
        except BaseException:
            for file in written:
                file.unlink(missing_ok=True)
            raise
        return written


def read_whole(answer: Mapping[str, Any], first: int | None) -> WholeRequest:
    """Read what the proxy answered. `first`: the message with which what is new in the request begins. Raises
    `ValueError`, `KeyError` and `TypeError` when it is not understood."""
    dialect, path = str(answer["dialect"]), str(answer["path"])
    received = _side(answer["received"], dialect, path, first)
    sent = answer["forwarded"]
    if sent is None:
        return WholeRequest(received, received)
    shorter = _count(received) - _count(forwarded := _side(sent, dialect, path, None))
    return WholeRequest(received, forwarded if first is None else _side(sent, dialect, path, max(first - shorter, 0)))


def _count(side: WholeSide) -> int:
    return (side.detail.messages or 0) if side.detail is not None else 0


def _side(body: Any, dialect: str, path: str, first: int | None) -> WholeSide:
    if not isinstance(body, dict):
        raise TypeError("a body is no JSON object")
    found = next((one for one in bundled_dialects() if one.name == dialect), None)
    try:
        conversation = found.read(msgspec.json.encode(body), path) if found is not None else None
    except PenstockError:
        conversation = None
    if conversation is None:
        return WholeSide(body)
    system = "\n\n".join(system_texts(conversation))
    rest = ((name, json.dumps(value, ensure_ascii=False)) for name, value in body.items() if _is_rest(name))
    return WholeSide(
        body,
        readable(system),
        estimate(system),
        tuple((one_line(name), tokens) for name, tokens in list_tools(conversation)),
        tuple((one_line(name), one_line(text, None)) for name, text in rest),
        ExchangeDetail(
            blocks=_blocks(conversation, first or 0),
            messages=len(conversation.messages),
            first=first,
        ),
    )


def _is_rest(name: str) -> bool:
    return name not in HEAD_FIELDS and name not in _MESSAGES


def _blocks(conversation: Conversation, first: int) -> list[Block]:
    return [
        Block(
            m,
            b,
            str(block.role),
            str(block.kind),
            estimate_bytes(block.size) if block.kind is BlockKind.MEDIA or not block.text else estimate(block.text),
            one_line(block.tool_name),
            one_line(block.tool_id),
            readable(block.text),
            new=m >= first,
        )
        for m, message in enumerate(conversation.messages)
        for b, block in enumerate(message.blocks)
    ]
