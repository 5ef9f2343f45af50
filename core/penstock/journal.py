"""The payloads of events that describe a conversation and its edits. Made on the log's own thread, off the road."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import msgspec

from penstock.bill import bill
from penstock.compressor import handle_of
from penstock.conversation import Block, Conversation
from penstock.dialects.base import Change, RangeEdit
from penstock.draft import Refused
from penstock.edits import Edit
from penstock.exchange import Exchange
from penstock.money import Booking
from penstock.pipeline import Verdict
from penstock.redact import Redactor, redact
from penstock.replay import Replay
from penstock.reply import Reply
from penstock.tags import Tags
from penstock.tokens import HOW, estimate, estimate_bytes

__all__ = ["answered", "classified", "edited", "refused", "saved", "tagged", "verdict"]

BLOCKS = 200
"""New blocks that one event lists."""
MEDIA_TOKENS = 1500
_SYSTEM = ("system", "instructions", "systemInstruction", "system_instruction")


def classified(exchange: Exchange, conversation: Conversation, sent: int, redactor: Redactor) -> dict[str, Any]:
    """The payload of a `classified` event; `sent` messages at the head were sent before."""
    messages = conversation.messages
    fresh = [(m, b, block) for m in range(sent, len(messages)) for b, block in enumerate(messages[m].blocks)]
    rows = [_row(m, b, block, redactor) for m, b, block in fresh[-BLOCKS:]]
    system = sum(estimate_bytes(conversation.size_of(name)) for name in _SYSTEM)
    tools = estimate_bytes(conversation.size_of("tools"))
    history = estimate_bytes(sum(len(m.raw) for m in messages))
    identity = exchange.identity
    return {
        "dialect": exchange.dialect,
        "provider": identity.provider,
        "kind": exchange.kind,
        "conversation": identity.conversation,
        "session": identity.session,
        "agent": identity.agent,
        "client": identity.client,
        "model": exchange.model,
        "epoch": exchange.epoch,
        "turn": exchange.turn,
        "retry": exchange.is_retry,
        "stream": conversation.stream,
        "messages": len(conversation.messages),
        "new": len(conversation.messages) - sent,
        "words": redactor(exchange.words),
        "tokens": {
            "system": system,
            "tools": tools,
            "messages": history,
            "total": system + tools + history,
            "how": HOW,
        },
        "first": sent,
        "blocks": rows,
    }


def verdict(verdict: Verdict) -> dict[str, Any]:
    """The payload of a `stage` event."""
    return {
        "stage": verdict.stage,
        "outcome": verdict.outcome,
        "remark": verdict.remark,
        "ms": round(verdict.ms, 3),
        "edits": verdict.edits,
    }


def refused(refused: Refused) -> dict[str, Any]:
    """The payload of a `refused` event."""
    fields = {"message": refused.message, "retry_after": refused.retry_after, "stage": refused.stage}
    return {"status": 429, **fields}


def edited(conversation: Conversation, edit: Edit, state: str, reason: str, redactor: Redactor) -> dict[str, Any]:
    """The payload of an `edit` event."""
    found = list(conversation.find(edit.place.key))
    m, b = found[edit.place.nth][:2] if edit.place.nth < len(found) else (-1, -1)
    return {
        "stage": edit.stage,
        "op": edit.op,
        "state": state,
        "handle": handle_of(edit.original) if edit.original else "",
        "place": f"{edit.place.key.hex()}.{edit.place.nth}",
        "reason": redact(reason[:464])[:400],  # a stage's words may quote the conversation
        "m": m,
        "b": b,
        "before": estimate(edit.original),
        "after": estimate(edit.text),
        "text": redactor(edit.text),
    }


def saved(conversation: Conversation, replay: Replay) -> dict[str, int]:
    """Estimated tokens of the request as it came, and as it leaves: of the bytes of both, so that one can be taken from
    the other."""
    sizes = [conversation.size_of(name) for name in (*_SYSTEM, "tools")] + [len(m.raw) for m in conversation.messages]
    came = sum(sizes)
    left = came + sum(_growth(conversation, change) for change in replay.changes)
    return {"tokens_in": estimate_bytes(came), "tokens_out": estimate_bytes(max(0, left))}


def _growth(conversation: Conversation, change: Change) -> int:
    """Bytes that a change adds; below zero where it takes some away."""
    if isinstance(change, RangeEdit):
        return _written(change.text) - sum(len(m.raw) for m in conversation.messages[change.first : change.last + 1])
    slot = conversation.messages[change.message].blocks[change.block].slot
    gone = slot.end - slot.start if slot is not None and change.text is not None else 0
    return _written(change.text or "") + sum(map(_written, change.notes)) - gone


def _written(text: str) -> int:
    """Bytes of a text in JSON."""
    return len(msgspec.json.encode(text)) if text else 0


def _row(m: int, b: int, block: Block, redactor: Redactor) -> dict[str, Any]:
    return {
        "m": m,
        "b": b,
        "role": block.role,
        "kind": block.kind,
        "tokens": MEDIA_TOKENS if block.kind == "media" else estimate(block.text),
        "name": block.tool_name,
        "id": block.tool_id,
        "text": redactor(block.text),
    }


def answered(reply: Reply, redactor: Redactor, booking: Booking | None = None) -> dict[str, Any]:
    """What an answer adds to the payload of an `answered` event."""
    money = {"money": bill(booking, reply.usage).payload()} if booking is not None else {}
    usage = {name: n for name, n in asdict(reply.usage).items() if n is not None}
    return {
        "model": reply.model,
        "usage": usage,
        "stop": reply.stop,
        "complete": reply.complete,
        "tools": [tool.name for tool in reply.tools],
        "text": redactor(reply.text),
        **money,
    }


def tagged(of: str, tags: Tags) -> dict[str, Any]:
    """The payload of a `tagged` event."""
    names = [redact(name) for name in tags.names]
    kinds = {"broad": tags.is_broad, "temporal": tags.is_temporal}
    return {"of": of, "tags": names, "primary": names[0] if names else "", **kinds}
