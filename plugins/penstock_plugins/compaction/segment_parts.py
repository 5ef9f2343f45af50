"""`fit`: shortens the parts of a compacted segment (each with its `Speaker`) to about a number of tokens: first the
agent's text, to its best-ranked sentences, then lines of inputs and results; the user's words stay whole (`Fitted`).
`render`: writes parts as text, for a summariser and for the record that replaces the segment."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from penstock_plugins.common.token_estimate import CHARS_PER_TOKEN
from penstock_plugins.compaction.decisions import is_decision
from penstock_plugins.compaction.textrank import rank, split
from penstock_plugins.pruning.stub import HOLE

__all__ = ["Fitted", "Part", "Speaker", "fit", "render"]

Part = tuple[str, str]
"""One of the values of `Speaker`, and the text."""


class Speaker:
    """Whose text a part is."""

    USER = "user"
    AGENT = "agent"
    CALL = "call"
    INPUT = "input"
    RESULT = "result"


_BEFORE = {
    Speaker.USER: "User: ",
    Speaker.AGENT: "Agent: ",
    Speaker.CALL: "",
    Speaker.INPUT: "+",
    Speaker.RESULT: ">",
}
_TOLD_LINES = (Speaker.INPUT, Speaker.RESULT)
_CALL = 120
"""Characters that stay of a call's line when there is no room."""
_AGENT_FIRST, _AGENT_LAST = 1 / 3, 1 / 8
"""The share of its text that the agent keeps before lines of inputs and results are dropped, and after."""
_DECIDED = 2.0
"""A sentence that decides something counts for so many."""
_LINE = re.compile(r"\s*+(?:[-*+#|>`]|\d+[.)] )")
"""Begins a line in Markdown: an item, a heading, a row, a block of code."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """The parts of a segment, shortened to a size as far as possible."""

    parts: Sequence[Part]
    kept: int
    """The number of the agent's sentences that stay."""
    sentences: int
    """The number of sentences that the agent wrote. 0: its words are whole."""


def render(parts: Sequence[Part]) -> str:
    """The parts one below the other, each with a prefix that says whose it is."""
    return "\n".join(_told(part) for part in parts)


def fit(parts: Sequence[Part], tokens: int) -> Fitted:
    """The parts in about `tokens` tokens: first the agent's text is reduced to its highest-ranked sentences, then lines
    of inputs and results are dropped. The user's words stay whole, and each call keeps a line."""
    over = _size(parts) - round(tokens * CHARS_PER_TOKEN)
    if over <= 0:
        return Fitted(parts, 0, 0)
    said, lines = _size(parts, Speaker.AGENT), _size(parts, *_TOLD_LINES)
    from_said = min(over, round(said * (1 - _AGENT_FIRST)))
    from_lines = min(over - from_said, lines)
    from_said = min(over - from_lines, round(said * (1 - _AGENT_LAST)))
    if from_said + from_lines < over:
        parts = [(who, text[:_CALL] if who == Speaker.CALL else text) for who, text in parts]
    if from_lines:
        parts = _with_fewer_lines(parts, 1 - from_lines / lines)
    return _with_fewer_sentences(parts, said - from_said)


def _told(part: Part) -> str:
    who, text = part
    if who in _TOLD_LINES:
        return "\n".join(_BEFORE[who] + line for line in text.split("\n"))
    return _BEFORE.get(who, "") + text


def _size(parts: Sequence[Part], *who: str) -> int:
    return sum(len(_told(part)) + 1 for part in parts if not who or part[0] in who)


def _with_fewer_lines(parts: Sequence[Part], share: float) -> list[Part]:
    """The first lines of each input and result: about `share` of all lines."""
    out: list[Part] = []
    owed = 0.0
    for who, text in parts:
        if who not in _TOLD_LINES:
            out.append((who, text))
            continue
        lines = text.split("\n")
        owed += share * len(lines)
        kept = min(len(lines), int(owed))
        owed -= kept
        if kept == len(lines):
            out.append((who, text))
        elif kept:
            out.append((who, "\n".join([*lines[:kept], *([] if lines[kept - 1] == HOLE else [HOLE])])))
    return out


def _with_fewer_sentences(parts: Sequence[Part], room: int) -> Fitted:
    """The highest-ranked sentences of the agent's text, in `room` characters."""
    split_up = {at: split(text) for at, (who, text) in enumerate(parts) if who == Speaker.AGENT}
    sentences = [(at, n, text) for at, found in split_up.items() for n, text in enumerate(found)]
    scores = rank([text for _, _, text in sentences])
    worth = [s * (_DECIDED if is_decision(text) else 1) for s, (_, _, text) in zip(scores, sentences, strict=True)]
    kept: set[tuple[int, int]] = set()
    for index in sorted(range(len(sentences)), key=lambda i: (-worth[i], i)):
        at, n, text = sentences[index]
        if len(text) < room:
            room -= len(text) + 1
            kept.add((at, n))
    out: list[Part] = []
    for at, part in enumerate(parts):
        if at not in split_up:
            out.append(part)
        elif any((at, n) in kept for n in range(len(split_up[at]))):
            out.append((Speaker.AGENT, _joined(split_up[at], {n for where, n in kept if where == at})))
    return Fitted(out, len(kept), len(sentences))


def _joined(sentences: Sequence[str], kept: set[int]) -> str:
    out = ""
    for n, sentence in enumerate(sentences):
        if n in kept:
            out += ("\n" if _LINE.match(sentence) else " ") + sentence
        elif not out.endswith(HOLE):
            out += f" {HOLE}"
    return out.strip()
