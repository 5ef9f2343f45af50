"""`Turn` and `Call`: the content of a test conversation, independent of the dialect, made with `user`, `assistant`,
`call` and `results`. `numbered` gives each call an id, and raises `ValueError` if results and calls do not match."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from penstock.conversation.conversation import Role

__all__ = ["Call", "Turn", "assistant", "call", "numbered", "results", "user"]


@dataclass(frozen=True, slots=True)
class Call:
    """A tool call."""

    name: str
    input: Mapping[str, Any] = field(default_factory=dict)
    id: str = ""
    """Given when the conversation is written."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One message or round of a test conversation. Made by `user`, `assistant` and `results`."""

    role: Role
    texts: tuple[str, ...] = ()
    """The words; for `Role.TOOL` one output for each call."""
    calls: tuple[Call, ...] = ()
    """The calls made; for `Role.TOOL` those that are answered."""
    thinking: str = ""
    failed: bool = False


def user(*texts: str) -> Turn:
    """A person's message: one text block for each of `texts`."""
    return Turn(Role.USER, texts)


def assistant(*parts: str | Call, thinking: str = "") -> Turn:
    """The model's answer: texts, then the calls it makes. Thinking comes before them."""
    texts = tuple(p for p in parts if isinstance(p, str))
    return Turn(Role.ASSISTANT, texts, tuple(p for p in parts if isinstance(p, Call)), thinking)


def call(name: str, /, **arguments: Any) -> Call:
    """A tool call, to be put into `assistant`."""
    return Call(name, arguments)


def results(*outputs: str, failed: bool = False) -> Turn:
    """The outputs of the calls of the assistant's turn before it, in their order."""
    return Turn(Role.TOOL, outputs, failed=failed)


def numbered(turns: Iterable[Turn]) -> list[Turn]:
    """`turns` with an id for each call, the same ids however the conversation goes on. Raises `ValueError` when results
    and calls do not match."""
    out: list[Turn] = []
    count = 0
    waiting: tuple[Call, ...] = ()
    for turn in turns:
        if turn.role is Role.ASSISTANT:
            waiting = tuple(replace(c, id=f"call_{count + n:04}") for n, c in enumerate(turn.calls, 1))
            count += len(waiting)
            turn = replace(turn, calls=waiting)
        elif turn.role is Role.TOOL:
            if len(turn.texts) != len(waiting):
                raise ValueError(f"{len(turn.texts)} results for {len(waiting)} calls")
            turn = replace(turn, calls=waiting)
            waiting = ()
        out.append(turn)
    return out
