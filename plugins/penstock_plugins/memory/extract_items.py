"""`ItemExtractor`: finds what to remember in a conversation's requests and answers, each text once: the user's words,
the agent's final answers and a summary of its actions (`gather`, `answer`, `items`). `ConversationState` is what it
knows of one conversation, `Said` a text, `Gathered` what is new in one request, `PastTurn` a turn of its history
(`split_history`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from penstock import BlockKind, Draft, Exchange, Message, Role
from penstock.memory import Item, MessageFilter, is_worth_keeping, kind_of_message
from penstock_plugins.memory.turn_actions import TurnActions

__all__ = ["ConversationState", "Gathered", "ItemExtractor", "PastTurn", "Said", "split_history"]

EPOCH = 1_000_000
"""Added to the places of messages after each compaction by the client, so that they stay above those of before."""
_DAY = 86_400.0
_COMMAND = "<command-name>"
"""Claude Code's, around the name of a slash command; the text of the command follows as if the person had said it."""


@dataclass(frozen=True, slots=True)
class Said:
    """A text that may be worth keeping, as found: not yet redacted."""

    role: str
    text: str
    place: int
    """The place of its message in the conversation."""
    at: float | None = None
    is_wrapped: bool = False
    """Whether envelopes may be around it."""


@dataclass
class Gathered:
    """What is new in one request. It becomes part of the state once the request has its answer."""

    keys: list[bytes]
    said: list[Said]
    doings: TurnActions


@dataclass
class ConversationState:
    """What the extractor keeps of one conversation."""

    keys: list[bytes] = field(default_factory=list)
    """Keys of the messages whose texts were taken."""
    doings: TurnActions = field(default_factory=TurnActions)
    """The agent's actions in the current turn."""
    gathered: Gathered | None = None
    prompt: str = ""
    """The user's last prompt, without envelopes and redacted."""
    epoch: int | None = None
    """The number of compactions by the client when it was last read. None: no request of it was read yet."""


@dataclass
class PastTurn:
    """A turn before the current one."""

    number: int
    """Counted from 1, from the first prompt of the conversation."""
    prompt: Said
    others: list[Said] = field(default_factory=list)
    """The agent's final answer and its actions."""


def split_history(said: Sequence[Said]) -> tuple[list[PastTurn], list[Said]]:
    """The turns of a history before its last prompt, and what belongs to none of them."""
    prompts = [i for i, one in enumerate(said) if one.role == "user"]
    turns = [
        PastTurn(number, said[start], list(said[start + 1 : end]))
        for number, (start, end) in enumerate(pairwise(prompts), 1)
    ]
    return turns, [*said[: prompts[0]], *said[prompts[-1] :]] if prompts else list(said)


class ItemExtractor:
    """Reads a request's new messages. `strip` removes envelopes, `clean` redacts what must not be kept."""

    def __init__(
        self,
        strip: Callable[[str], str],
        clean: Callable[[str], str],
        message_filter: MessageFilter,
        *,
        days: float = 365,
    ) -> None:
        self._strip, self._clean, self._message_filter, self._days = strip, clean, message_filter, days

    def gather(self, draft: Draft, talk: ConversationState) -> Gathered:
        """What is new in a request; `talk` is not changed. Fast: a request waits for it, unlike for `items`."""
        exchange, messages = draft.exchange, draft.conversation.messages
        keys, known, newest = draft.conversation.keys, talk.keys, draft.conversation.newest_user()
        # A client may clear an older result: what it cleared and what follows is not read again.
        goes_on = keys[max(len(known) - 1, 0) : len(known)] == known[-1:]
        first = len(known) if goes_on else draft.conversation.common_head(known)
        out = Gathered(keys, [], talk.doings.copy())
        answer, place = "", 0
        for i, message in enumerate(messages[first:], first):
            out.doings.see(message.blocks)
            if message.role is Role.ASSISTANT:
                is_call = any(block.kind is BlockKind.TOOL_USE for block in message.blocks)
                said = "\n".join(block.text for block in message.blocks if block.kind is BlockKind.TEXT)
                if is_call or said.strip():  # only what is followed by the person is an answer
                    answer, place = "" if is_call else said, i
            elif message.prompt:
                out.said += [Said("assistant", answer, place), Said("tool", out.doings.told(), place)]
                if i == newest:
                    out.said.append(Said("user", self.prompt(draft), i, exchange.received_at))
                else:
                    out.said.append(Said("user", _wrapped_prompt(messages, i), i, is_wrapped=True))
                answer = ""
        return out

    def prompt(self, draft: Draft) -> str:
        """What the user said in this request; of a slash command its arguments, not the prompt that it expands to."""
        newest, messages = draft.conversation.newest_user(), draft.conversation.messages
        if newest is None or not draft.prompt:
            return ""
        return self._strip(_wrapped_prompt(messages, newest)) if _is_command(messages, newest) else draft.prompt

    def answer(self, exchange: Exchange, talk: ConversationState, text: str, now: float) -> list[Item]:
        """The items of a turn that is complete: the agent's final answer and its actions."""
        place = len(talk.keys)
        return self.items(exchange, [Said("assistant", text, place, now), Said("tool", talk.doings.told(), place, now)])

    def items(self, exchange: Exchange, said: Sequence[Said]) -> list[Item]:
        """The items to keep of some texts, redacted. Slow: no request waits for it."""
        return [item for one in said if (item := self._item(exchange, one)) is not None]

    def words(self, said: Said) -> str:
        """A text without envelopes, redacted. Slow."""
        text = self._strip(said.text) if said.is_wrapped else said.text
        return self._clean(text[: self._message_filter.chars].strip())

    def is_written_by_client(self, text: str) -> bool:
        """Whether a text in the user's role was written by the client: a summary, an example, a notice."""
        return self._message_filter.is_written_by_client(text)

    def _item(self, exchange: Exchange, said: Said) -> Item | None:
        who, text = exchange.identity, self._strip(said.text) if said.is_wrapped else said.text
        text = text[: self._message_filter.chars].strip()
        # The prompt of a subagent is the main agent's, and its reports are what is worth keeping.
        if not text or (said.role == "user" and (who.agent != "main" or self.is_written_by_client(text))):
            return None
        text = self._clean(text)
        if not is_worth_keeping(text):
            return None
        return Item(
            project=who.project,
            text=text,
            session=who.session or who.conversation,
            conversation=who.conversation,
            seq=exchange.epoch * EPOCH + said.place,
            at=said.at,
            role=said.role,
            kind=kind_of_message(said.role, text),
            expires_at=(exchange.received_at or 0) + self._days * _DAY if exchange.received_at else None,
        )


def _wrapped_prompt(messages: Sequence[Message], at: int) -> str:
    """A prompt with its envelopes; of a slash command its arguments."""
    if not _is_command(messages, at):
        return messages[at].prompt
    return next((block.text for block in messages[at].blocks if _COMMAND in block.text), "")


def _is_command(messages: Sequence[Message], at: int) -> bool:
    """Whether a message is a user's slash command, or the text that a client puts in its place, in the same message or
    the next."""
    if any(_COMMAND in block.text for block in messages[at].blocks):
        return True
    before = messages[at - 1] if at else None
    return before is not None and before.role is Role.USER and any(_COMMAND in block.text for block in before.blocks)
