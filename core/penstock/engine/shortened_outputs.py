"""`index_shortened`: passes the tool outputs that a request's edits shorten, as they were, to the index of tool outputs
(`penstock.outputs`), each with its tool and project."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from penstock.conversation.conversation import BlockKind
from penstock.edits.edit import Edit, Op
from penstock.engine.request_context import RequestContext
from penstock.outputs.output import Output

if TYPE_CHECKING:
    from penstock.outputs.indexer import OutputIndexer

__all__ = ["index_shortened"]

logger = logging.getLogger(__name__)
_SEARCH = re.compile(r"(?:[\w-]*penstock_{1,2})?context_search")
"""The tool that answers from the index: what it quotes is there, and would be found twice."""


def index_shortened(outputs: OutputIndexer, context: RequestContext, edits: Iterable[Edit], now: float) -> None:
    """Pass them to `outputs`. Never waits or raises: the request that is edited leaves as it is written."""
    try:
        for output in _shortened(context, edits, now):
            outputs.submit(output)
    except Exception:  # the edits are stored: whatever is wrong with an output must not change what is sent
        logger.warning("tool outputs of %s are not indexed", context.exchange.id, exc_info=True)


def _shortened(context: RequestContext, edits: Iterable[Edit], now: float) -> Iterator[Output]:
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
            if _SEARCH.fullmatch(call.tool_name if call is not None else block.tool_name):
                continue
            tool = f"{call.tool_name} {call.text}" if call is not None else block.tool_name
            yield Output(edit.original, who.project, tool, now, who.conversation, owner)
