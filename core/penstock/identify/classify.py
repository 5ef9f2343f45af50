"""`Classifier`: the kind of a request (a person's turn, a tool's result, a subagent's, a client's own call, ...), by
its endpoint, the client's headers, its body and its agent. The patterns of a profile (`searcher`) are searched in the
first 4,000 characters of the system prompt and of the newest user text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any

import msgspec

from penstock.conversation.conversation import BlockKind, Conversation
from penstock.conversation.exchange import Identity, Kind, Request
from penstock.dialects.base import Endpoint
from penstock.profiles.profile import Kinds

__all__ = ["Classifier", "searcher"]

OPENING = 4000
"""Characters of a text that the patterns are searched in."""
_CLAUDE_CODE = {"compaction": Kind.CLIENT_COMPACTION, "auxiliary": Kind.SIDE, "subagent": Kind.SUBAGENT}


class Classifier:
    """Determines the kind of a request with the patterns of a profile."""

    def __init__(self, kinds: Kinds) -> None:
        # System prompts are the same in every request of a session: each is searched once.
        self._is_side = lru_cache(256)(searcher(kinds.side))
        self._is_compaction = lru_cache(256)(searcher(kinds.compaction))

    def kind(self, request: Request, endpoint: Endpoint, conversation: Conversation, identity: Identity) -> Kind:
        """The kind of a request, by its endpoint, headers, texts and agent."""
        if endpoint is Endpoint.COUNT:
            return Kind.COUNT
        said = self._by_header(request.headers)
        if said is not None:
            return said
        if not conversation.messages:
            return Kind.SIDE
        openings = [text[:OPENING] for text in (_system(conversation), _newest_text(conversation)) if text]
        if any(self._is_compaction(text) for text in openings):
            return Kind.CLIENT_COMPACTION
        if _asks_for_one_token(conversation) or any(self._is_side(text) for text in openings):
            return Kind.SIDE
        if identity.agent != "main":
            return Kind.SUBAGENT
        return Kind.TOOL_LOOP if _answers_tools(conversation) else Kind.MAIN

    def _by_header(self, headers: Mapping[str, str]) -> Kind | None:
        if headers.get("x-claude-code-compaction"):
            return Kind.CLIENT_COMPACTION
        found = _CLAUDE_CODE.get(headers.get("x-claude-code-request-class", ""))
        if found is not None:
            return found
        turn = _decode(headers.get("x-codex-turn-metadata", ""))
        asked = str(turn.get("request_kind", "")) if isinstance(turn, dict) else ""
        if "compact" in asked:
            return Kind.CLIENT_COMPACTION
        return Kind.SIDE if asked and asked != "turn" else None


def searcher(patterns: Iterable[str]) -> Callable[[str], bool]:
    """A function that says whether one of `patterns` matches in a text."""
    compiled = [re.compile(p) for p in patterns]
    return lambda text: any(p.search(text) for p in compiled)


def _system(conversation: Conversation) -> str:
    for name in ("system", "systemInstruction", "system_instruction", "instructions"):
        if name in conversation.fields:
            return "\n".join(_texts(conversation.field(name)))
    first = conversation.messages[0]
    return "" if first.prompt else "\n".join(b.text for b in first.blocks if b.kind is BlockKind.TEXT)


def _texts(value: Any) -> Iterable[str]:
    """Every string that stands for a text in a system prompt of any dialect, the client's billing line left out."""
    if isinstance(value, str):
        if not value.startswith("x-anthropic-billing-header:"):
            yield value
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, dict):
        yield from _texts(value.get("text") or value.get("parts") or "")


def _newest_text(conversation: Conversation) -> str:
    at = conversation.newest_user()
    if at is None:
        return ""
    texts = [b.text for b in conversation.messages[at].blocks if b.kind is BlockKind.TEXT]
    return texts[-1] if texts else ""


def _asks_for_one_token(conversation: Conversation) -> bool:
    """A quota check or a warm-up."""
    names = ("max_tokens", "max_completion_tokens", "max_output_tokens")
    # By its bytes: a number of thousands of digits is no error of ours.
    return any(conversation.fields[name].of(conversation.body) == b"1" for name in names if name in conversation.fields)


def _answers_tools(conversation: Conversation) -> bool:
    at = conversation.newest_user()
    message = conversation.messages[at] if at is not None else None
    return message is not None and not message.prompt and any(b.kind is BlockKind.TOOL_RESULT for b in message.blocks)


def _decode(text: str) -> Any:
    try:
        return msgspec.json.decode(text) if text else None
    except msgspec.MsgspecError:
        return None
