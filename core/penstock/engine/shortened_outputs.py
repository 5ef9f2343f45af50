"""`shortened_outputs`: the whole tool outputs that the edits of a request shorten, for the index of outputs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from penstock.conversation.conversation import BlockKind
from penstock.edits.edit import Edit, Op
from penstock.engine.request_context import RequestContext
from penstock.outputs.output import Output

__all__ = ["shortened_outputs"]


def shortened_outputs(context: RequestContext, edits: Iterable[Edit], now: float) -> Iterator[Output]:
    """The outputs, each with its tool, and with the project and the account of the request."""
    conversation, who = context.conversation, context.exchange.identity
    # Where a person has one project for all traffic, it is that of all accounts.
    owner = "" if context.profile.memory.project else who.owner
    for edit in edits:
        if edit.op is not Op.REPLACE or not edit.original:
            continue
        for message, index in conversation.places(edit.place.key)[:1]:
            block = conversation.messages[message].blocks[index]
            if block.kind is not BlockKind.TOOL_RESULT:
                continue
            call = conversation.call(block.tool_id)
            tool = f"{call.tool_name} {call.text}" if call is not None else block.tool_name
            yield Output(edit.original, who.project, tool, now, who.conversation, owner)
