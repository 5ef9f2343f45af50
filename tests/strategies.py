"""Hypothesis strategies for conversations (`turns`) and edits (`edits`), a stage that proposes such edits (`Scripted`),
and `messy`, which writes a request as another client may."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from random import Random
from typing import Any

from hypothesis import strategies as st

from penstock import Draft, Stage
from penstock.base.errors import InvalidEdit
from penstock.testing import Turn, assistant, call, results, user
from tests.core.jsontext import Number, write

__all__ = ["Op", "Scripted", "edits", "messy", "said", "steps", "turns"]

# Few words, so that blocks with the same content come up; and some that JSON writes in more than one way.
said = st.sampled_from(["ok", "go on", "a.py\nb.py", 'é 😀 \\ " /', "the quick brown fox " * 20, "\x7f\u2028tab\t."])
calls = st.builds(lambda name, arg: call(name, path=arg), st.sampled_from(["Read", "Bash"]), said)
thoughts = st.sampled_from(["", "", "Let me think about it."])


@st.composite
def steps(draw: st.DrawFn) -> list[Turn]:
    """What one more request of a conversation brings: a person's message, or a call with its results."""
    if draw(st.booleans()):
        return [assistant(draw(said), thinking=draw(thoughts)), user(*draw(st.lists(said, min_size=1, max_size=2)))]
    asked = draw(st.lists(calls, min_size=1, max_size=3))
    texts = draw(st.lists(said, max_size=1))
    outputs = draw(st.lists(said, min_size=len(asked), max_size=len(asked)))
    return [
        assistant(*texts, *asked, thinking=draw(thoughts)),
        results(*outputs, failed=draw(st.booleans())),
    ]


@st.composite
def turns(draw: st.DrawFn, max_steps: int = 6) -> list[Turn]:
    """A whole conversation that waits for the model."""
    out = [user(draw(said))]
    for step in draw(st.lists(steps(), max_size=max_steps)):
        out += step
    return out


@dataclass(frozen=True)
class Op:
    """One edit, whatever it hits: the numbers are taken modulo what is there."""

    what: str
    first: int
    last: int
    text: str


ops = st.builds(
    Op,
    st.sampled_from(["replace", "replace", "replace", "note", "compact", "drop"]),
    st.integers(0, 40),
    st.integers(0, 40),
    st.sampled_from(["short", "[ours] " * 9, 'new " \\ é\n', "ok", "…"]),
)
edits = st.lists(ops, max_size=4)
"""What a stage proposes on one request."""


class Scripted(Stage):
    """Proposes what it is told to, as far as a draft takes it."""

    name = "scripted"

    def __init__(self) -> None:
        self.ops: Sequence[Op] = ()
        self.calls = 0

    def on_request(self, draft: Draft) -> None:
        self.calls += 1
        for op in self.ops:
            with suppress(InvalidEdit):
                self._apply(op, draft)

    def _apply(self, op: Op, draft: Draft) -> None:
        count = len(draft.conversation.messages)
        if op.what == "note":
            draft.note(op.text, reason="a test")
        elif op.what == "replace":
            spots = [s for s in draft.blocks() if s.block.slot is not None]
            if spots:
                draft.replace(spots[op.first % len(spots)], op.text, reason="a test")
        else:
            first, last = sorted((op.first % count, op.last % count))
            if op.what == "compact":
                draft.compact(first, last, op.text, reason="a test")
            else:
                draft.drop(first, last, reason="a test")


def messy(body: bytes, rng: Random, more: dict[str, Any]) -> bytes:
    """The same request as another client may write it: white space, escapes, order and unknown fields."""
    return write(_numbers(json.loads(body) | more), rng)


def _numbers(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _numbers(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_numbers(v) for v in value]
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return Number(json.dumps(value)) if is_number else value
