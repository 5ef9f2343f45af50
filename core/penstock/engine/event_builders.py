"""Builds the data of the events that describe a request (`classified`), its edits (`edited`), its answer (`answered`),
its tags (`tagged`) and those of a history (`ingested`), with secrets removed; `sizes`: its tokens as received and as
forwarded. One event lists at most 200 new blocks and 200 tool calls."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace
from typing import NamedTuple

from penstock.conversation.call_subject import call_subject
from penstock.conversation.conversation import Block, BlockKind, Conversation
from penstock.conversation.exchange import Exchange
from penstock.conversation.reply import Reply, Usage
from penstock.cost.account import RequestCost
from penstock.cost.bill import PriceOf, bill
from penstock.edits.cache_order import notes
from penstock.edits.edit import Edit, Op
from penstock.edits.edits_in_request import Replay
from penstock.events.payload import EventData
from penstock.events.request_events import (
    ClassifiedEvent,
    EditEvent,
    HistoryIngestionEvent,
    IngestedTurnEvent,
    LoggedBlock,
    TaggedEvent,
)
from penstock.events.response_events import AnsweredEvent, LoggedUsage
from penstock.identify.prompt_head import PromptHeadChanges
from penstock.plugins.compressor import handle_of
from penstock.plugins.tagger import IngestedHistory, Tags
from penstock.redaction.redaction import Redactor, redact
from penstock.tokens.calibration import TokenScale
from penstock.tokens.estimate import estimate, estimate_bytes, estimated
from penstock.tokens.request_count import shares

__all__ = ["answered", "classified", "edited", "ingested", "sizes", "tagged"]

BLOCKS = 200
"""New blocks that one event lists."""
TOOLS = 200
"""Tool calls of an answer that one event lists."""


def classified(
    exchange: Exchange,
    conversation: Conversation,
    sent: int,
    redactor: Redactor,
    gauge: TokenScale,
    heads: PromptHeadChanges,
    *,
    login: bool,
) -> ClassifiedEvent:
    """The event `classified` of a request. `sent`: how many messages from the start were sent before; `heads`: finds
    changes of tools and system prompt; `login`: the request uses a subscription login."""
    messages = conversation.messages
    fresh = [(m, b, block) for m in range(sent, len(messages)) for b, block in enumerate(messages[m].blocks)]
    identity = exchange.identity
    toolset, changed = heads.of(exchange, conversation)
    return ClassifiedEvent(
        dialect=exchange.dialect,
        provider=identity.provider,
        kind=exchange.kind,
        conversation=identity.conversation,
        session=identity.session,
        agent=identity.agent,
        client=identity.client,
        project=redact(identity.project),
        model=exchange.model,
        epoch=exchange.epoch,
        turn=exchange.turn,
        retry=exchange.is_retry,
        stream=conversation.stream,
        messages=len(messages),
        new=len(messages) - sent,
        words=redactor(exchange.prompt),
        tokens=shares(conversation, gauge),
        first=sent,
        blocks=tuple(_logged(m, b, block, redactor) for m, b, block in fresh[-BLOCKS:]),
        block_binding=_block_binding(conversation),
        toolset=toolset,
        changed=changed,
        login=login,
    )


def _block_binding(conversation: Conversation) -> str:
    """What the client wants done with thinking whose prefix has changed (`thinking.block_binding`)."""
    thinking = conversation.field("thinking")
    binding = thinking.get("block_binding") if isinstance(thinking, dict) else None
    asked = binding.get("prefix_mismatch_behavior") if isinstance(binding, dict) else None
    return asked[:40] if isinstance(asked, str) else ""


def edited(conversation: Conversation, edit: Edit, state: str, reason: str, redactor: Redactor) -> EditEvent:
    """The event `edit` of an edit that is in `state` after this request."""
    found = list(conversation.find(edit.place.key))
    m, b = found[edit.place.nth][:2] if edit.place.nth < len(found) else (-1, -1)
    is_compaction = edit.op is Op.COMPACT and m >= 0
    first, last = _turns(conversation, m, edit.count) if is_compaction else (None, None)
    return EditEvent(
        stage=edit.stage,
        op=edit.op,
        state=state,
        reason=redact(reason[:464])[:400],  # a stage's words may quote the conversation
        m=m,
        b=b,
        before=estimate(edit.original),
        after=estimate(edit.text),
        text=redactor(edit.text),
        handle=handle_of(edit.original) if edit.original else "",
        place=f"{edit.place.key.hex()}.{edit.place.nth}",
        messages=edit.count if is_compaction else None,
        first_turn=first,
        last_turn=last,
    )


def _turns(conversation: Conversation, first: int, count: int) -> tuple[int, int]:
    """The first and the last turn that a compaction stands for, counted as `turn` of `classified` is."""
    begin, end = (sum(1 for one in conversation.messages[:n] if one.prompt) for n in (first + 1, first + count))
    return max(1, begin), max(1, end)


class Sizes(NamedTuple):
    """Tokens of a request as received and as forwarded: `tokens_in` + `injected` - `freed` = `tokens_out`."""

    tokens_in: int
    tokens_out: int
    injected: int
    freed: int
    how: str


def sizes(
    conversation: Conversation, view: Conversation, replay: Replay, booking: RequestCost | None, gauge: TokenScale
) -> Sizes:
    """The tokens of a request as received and as forwarded, counted in the same way, and the difference between them by
    cause."""
    came = estimated(conversation) if booking is None else booking.original.total
    sent = estimated(view) if booking is None else booking.forwarded.total
    tokens_in, tokens_out = gauge.count(came).tokens, gauge.count(sent).tokens
    ours = sum(notes(conversation, replay).values())
    injected = round(ours * tokens_out / sent) if sent else 0
    injected = max(injected, tokens_out - tokens_in)  # both are roundings: what was freed is never below nothing
    freed = tokens_in + injected - tokens_out
    return Sizes(tokens_in, tokens_out, injected, freed, gauge.how)


def _logged(m: int, b: int, block: Block, redactor: Redactor) -> LoggedBlock:
    is_wordless = block.kind == "media" or block.padding or not block.text
    tokens = estimate_bytes(block.size) if is_wordless else estimate(block.text)
    subject = call_subject(block.text, redactor) if block.kind is BlockKind.TOOL_USE else ""
    text = redactor(block.text)
    return LoggedBlock(m, b, block.role, block.kind, tokens, block.tool_name, block.tool_id, text, subject)


def answered(
    plain: AnsweredEvent,
    reply: Reply,
    redactor: Redactor,
    booking: RequestCost | None = None,
    price_of: PriceOf | None = None,
) -> AnsweredEvent:
    """The event `answered`: `plain` with what was read of the answer. `price_of`: the prices of further models that
    were charged."""
    return replace(
        plain,
        model=reply.model,
        usage=_counted(reply.usage),
        stop=reply.stop,
        transformations=tuple(reply.transformations),
        complete=reply.complete,
        tools=tuple(tool.name for tool in reply.tools[:TOOLS]),
        text=redactor(reply.text),
        money=bill(booking, reply.usage, price_of=price_of).logged() if booking is not None else None,
    )


def _counted(usage: Usage) -> LoggedUsage:
    counts = {f.name: getattr(usage, f.name) for f in fields(LoggedUsage)}
    return LoggedUsage(**counts | {"others": tuple(_counted(one) for one in usage.others)})


def tagged(of: str, tags: Tags) -> TaggedEvent:
    """The event `tagged` of a request or a turn."""
    names, active = (tuple(map(redact, some)) for some in (tags.names, tags.active))
    return TaggedEvent(of, names, names[0] if names else "", tags.is_broad, tags.is_temporal, active)


def ingested(history: IngestedHistory) -> Iterator[EventData]:
    """The events of a history that was tagged: one for each turn, then one for all."""
    for one in history.turns:
        names = tuple(map(redact, one.tags.names))
        yield IngestedTurnEvent(one.turn, names, names[0] if names else "", redact(one.prompt))
    ms = round(history.elapsed_ms, 3)
    yield HistoryIngestionEvent(history.session, len(history.turns), history.pairs, ms)
