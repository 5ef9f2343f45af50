"""The payloads of events that describe a conversation and its edits. Made on the log's own thread, off the road."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from penstock.bill import bill
from penstock.calibration import Gauge
from penstock.compressor import handle_of
from penstock.conversation import Block, Conversation
from penstock.draft import Refused
from penstock.edits import Edit, Op
from penstock.exchange import Exchange
from penstock.money import Booking, estimated
from penstock.pipeline import Verdict
from penstock.redact import Redactor, redact
from penstock.replay import Replay
from penstock.reply import Reply
from penstock.tags import Tags
from penstock.tokens import estimate, estimate_bytes

__all__ = ["answered", "classified", "edited", "refused", "saved", "tagged", "verdict"]

BLOCKS = 200
"""New blocks that one event lists."""
_SYSTEM = ("system", "instructions", "systemInstruction", "system_instruction")


def classified(
    exchange: Exchange, conversation: Conversation, sent: int, redactor: Redactor, gauge: Gauge
) -> dict[str, Any]:
    """The payload of a `classified` event; `sent` messages at the head were sent before."""
    messages = conversation.messages
    fresh = [(m, b, block) for m in range(sent, len(messages)) for b, block in enumerate(messages[m].blocks)]
    rows = [_row(m, b, block, redactor) for m, b, block in fresh[-BLOCKS:]]
    identity = exchange.identity
    return {
        "dialect": exchange.dialect,
        "provider": identity.provider,
        "kind": exchange.kind,
        "conversation": identity.conversation,
        "session": identity.session,
        "agent": identity.agent,
        "client": identity.client,
        "project": redact(identity.project),
        "model": exchange.model,
        "epoch": exchange.epoch,
        "turn": exchange.turn,
        "retry": exchange.is_retry,
        "stream": conversation.stream,
        "messages": len(conversation.messages),
        "new": len(conversation.messages) - sent,
        "words": redactor(exchange.words),
        "tokens": _tokens(conversation, gauge),
        "first": sent,
        "blocks": rows,
    }


def _tokens(conversation: Conversation, gauge: Gauge) -> dict[str, Any]:
    """The request's tokens, and how they are shared out by its bytes: only the whole is ever counted."""
    total, how = gauge.count(estimated(conversation))
    system, tools = sum(conversation.size_of(name) for name in _SYSTEM), conversation.size_of("tools")
    scale = total / max(1, system + tools + sum(m.size for m in conversation.messages))
    parts = {"system": round(system * scale), "tools": round(tools * scale)}
    return {**parts, "messages": total - sum(parts.values()), "total": total, "how": how}


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
        **(_covered(conversation, m, edit.count) if edit.op is Op.COMPACT and m >= 0 else {}),
    }


def _covered(conversation: Conversation, first: int, count: int) -> dict[str, Any]:
    """What a compaction stands for: turns counted as `turn` of `classified` is."""
    upto = [sum(1 for message in conversation.messages[:end] if message.words) for end in (first + 1, first + count)]
    return {"messages": count, "first_turn": max(1, upto[0]), "last_turn": max(1, upto[1])}


def saved(
    conversation: Conversation, view: Conversation, replay: Replay, booking: Booking | None, gauge: Gauge
) -> dict[str, Any]:
    """Tokens of the request as it came, and as it leaves: counted alike, so that one can be taken from the other. What
    lies between is told apart: came + injected - freed = left."""
    came = estimated(conversation) if booking is None else booking.came.total
    sent = estimated(view) if booking is None else booking.sent.total
    tokens_in, tokens_out = gauge.count(came).tokens, gauge.count(sent).tokens
    notes = sum(estimate_bytes(len(edit.text)) for edit in replay.applied if edit.op is Op.NOTE)
    injected = round(notes * tokens_out / sent) if sent else 0
    injected = max(injected, tokens_out - tokens_in)  # both are roundings: what was freed is never below nothing
    freed = tokens_in + injected - tokens_out
    between = {"injected": injected, "freed": freed}
    return {"tokens_in": tokens_in, "tokens_out": tokens_out, **between, "how": gauge.how}


def _row(m: int, b: int, block: Block, redactor: Redactor) -> dict[str, Any]:
    is_wordless = block.kind == "media" or block.padding or not block.text
    return {
        "m": m,
        "b": b,
        "role": block.role,
        "kind": block.kind,
        "tokens": estimate_bytes(block.size) if is_wordless else estimate(block.text),
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
