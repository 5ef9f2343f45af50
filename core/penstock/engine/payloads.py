"""The payloads of events that describe a conversation and its edits. Made on the log's own thread, off the road."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from penstock.conversation.conversation import Block, Conversation
from penstock.conversation.exchange import Exchange
from penstock.conversation.reply import Reply, Usage
from penstock.cost.account import RequestCost
from penstock.cost.bill import PriceOf, bill
from penstock.edits.applied import Replay
from penstock.edits.cache_order import notes
from penstock.edits.edit import Edit, Op
from penstock.engine.pipeline import Verdict
from penstock.plugins.compressor import handle_of
from penstock.plugins.draft import Refused
from penstock.plugins.tagger import Tags
from penstock.redaction.redaction import Redactor, redact
from penstock.tokens.calibration import TokenScale
from penstock.tokens.estimate import estimate, estimate_bytes
from penstock.tokens.request_count import shares
from penstock.tokens.request_estimate import estimated

__all__ = ["answered", "classified", "edited", "refused", "saved", "tagged", "verdict"]

BLOCKS = 200
"""New blocks that one event lists."""
TOOLS = 200
"""Tool calls of an answer that one event lists."""


def classified(
    exchange: Exchange, conversation: Conversation, sent: int, redactor: Redactor, gauge: TokenScale
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
        **_block_binding(conversation),
        "stream": conversation.stream,
        "messages": len(conversation.messages),
        "new": len(conversation.messages) - sent,
        "words": redactor(exchange.prompt),
        "tokens": shares(conversation, gauge),
        "first": sent,
        "blocks": rows,
    }


def _block_binding(conversation: Conversation) -> dict[str, Any]:
    """What the client asks to be done with thinking whose prefix has changed (`thinking.block_binding`)."""
    thinking = conversation.field("thinking")
    binding = thinking.get("block_binding") if isinstance(thinking, dict) else None
    asked = binding.get("prefix_mismatch_behavior") if isinstance(binding, dict) else None
    return {"block_binding": asked[:40]} if isinstance(asked, str) else {}


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
    upto = [sum(1 for message in conversation.messages[:end] if message.prompt) for end in (first + 1, first + count)]
    return {"messages": count, "first_turn": max(1, upto[0]), "last_turn": max(1, upto[1])}


def saved(
    conversation: Conversation, view: Conversation, replay: Replay, booking: RequestCost | None, gauge: TokenScale
) -> dict[str, Any]:
    """Tokens of the request as it came, and as it leaves: counted alike, so that one can be taken from the other. What
    lies between is told apart: came + injected - freed = left."""
    came = estimated(conversation) if booking is None else booking.came.total
    sent = estimated(view) if booking is None else booking.sent.total
    tokens_in, tokens_out = gauge.count(came).tokens, gauge.count(sent).tokens
    ours = sum(notes(conversation, replay).values())
    injected = round(ours * tokens_out / sent) if sent else 0
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


def answered(
    reply: Reply, redactor: Redactor, booking: RequestCost | None = None, price_of: PriceOf | None = None
) -> dict[str, Any]:
    """What an answer adds to the payload of an `answered` event. `price_of`: for models that were paid besides."""
    money = {"money": bill(booking, reply.usage, price_of=price_of).payload()} if booking is not None else {}
    return {
        "model": reply.model,
        "usage": _said(reply.usage),
        "stop": reply.stop,
        **({"transformations": reply.transformations} if reply.transformations else {}),
        "complete": reply.complete,
        "tools": [tool.name for tool in reply.tools[:TOOLS]],
        "text": redactor(reply.text),
        **money,
    }


def _said(usage: Usage) -> dict[str, Any]:
    """What the provider did say."""
    said = {f.name: getattr(usage, f.name) for f in fields(usage) if getattr(usage, f.name) != f.default}
    return said | ({"others": [_said(one) for one in usage.others]} if usage.others else {})


def tagged(of: str, tags: Tags) -> dict[str, Any]:
    """The payload of a `tagged` event."""
    names, active = [redact(name) for name in tags.names], [redact(name) for name in tags.active]
    kinds = {"broad": tags.is_broad, "temporal": tags.is_temporal}
    return {"of": of, "tags": names, "primary": names[0] if names else "", **kinds, "active": active}
