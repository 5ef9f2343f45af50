"""A request with edits spliced into it, and validated."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from penstock.dialects.anthropic import Anthropic
from penstock.edits.ledger import resolve
from penstock.edits.splice import splice_edits, strip_thinking

PATH = "/v1/messages"
BLOCKS = st.lists(st.sampled_from(["thinking", "text", "tool_use", "redacted_thinking"]), min_size=1, max_size=5)


def body(said: list[list[str]], space: str) -> bytes:
    """A history in which the model's messages have blocks of these kinds, in this order."""
    messages: list[dict[str, object]] = [{"role": "user", "content": "hello"}]
    for m, kinds in enumerate(said):
        content, calls = [], []
        for b, kind in enumerate(kinds):
            block: dict[str, object] = {"type": kind}
            if kind == "thinking":
                block |= {"thinking": f"thought {m}.{b}", "signature": f"sig{m}.{b}"}
            elif kind == "redacted_thinking":
                block |= {"data": f"data{m}.{b}"}
            elif kind == "text":
                block |= {"text": f"said {m}.{b}"}
            else:
                calls.append(f"toolu_{m}_{b}")
                block |= {"id": calls[-1], "name": "Read", "input": {}}
            content.append(block)
        results = [{"type": "tool_result", "tool_use_id": call, "content": "done"} for call in calls]
        answer: list[dict[str, object]] = [*results, {"type": "text", "text": f"go on {m}"}]
        messages += [{"role": "assistant", "content": content}, {"role": "user", "content": answer}]
    value = {"model": "m", "messages": messages, "x": [1.0, "ä"]}
    return json.dumps(value, separators=("," + space, ":" + space)).encode()


@given(st.lists(BLOCKS, min_size=1, max_size=4), st.integers(0, 6), st.sampled_from(["", " ", "\n  "]))
def test_thinking_goes_and_nothing_else(said: list[list[str]], keep: int, space: str) -> None:
    """P2 and P5: as an unbroken run from the start; a message that was nothing but thinking goes whole; every other
    byte stays."""
    dialect = Anthropic()
    came = dialect.read(body(said, space), PATH)
    thoughts = [came.messages[m].blocks[b].span.of(came.messages[m].raw) for m, b in came.thinking]
    strip = strip_thinking(came, keep, "a test")
    assert (strip is None) == (len(thoughts) <= keep)
    if strip is None:
        return
    done = splice_edits(dialect, PATH, came, resolve(came, [strip]))
    assert not done.fault
    assert done.body is not None
    left = done.view
    assert [left.messages[m].blocks[b].span.of(left.messages[m].raw) for m, b in left.thinking] == thoughts[
        len(thoughts) - keep :
    ]
    value = json.loads(body(said, space))
    gone = {json.dumps(json.loads(raw)) for raw in thoughts[: len(thoughts) - keep]}
    for message in value["messages"]:
        if isinstance(message["content"], list):
            message["content"] = [b for b in message["content"] if json.dumps(b) not in gone]
    value["messages"] = [m for m in value["messages"] if m["content"]]
    assert json.loads(done.body) == value
