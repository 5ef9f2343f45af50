"""Clients of Messages get one block after another, whatever turns the calls of an answer take."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock import NotTranslatable
from penstock_plugins.translate.block_order import BlockOrder

CALLS = ('{"a": {"b": 1}}', "", "{}", '{"c": "}{"}')


def start(at: int) -> dict[str, Any]:
    return {"type": "content_block_start", "index": at, "content_block": {"type": "tool_use", "input": {}}}


def piece(at: int, said: str) -> dict[str, Any]:
    return {"type": "content_block_delta", "index": at, "delta": {"type": "input_json_delta", "partial_json": said}}


def stop(at: int) -> dict[str, Any]:
    return {"type": "content_block_stop", "index": at}


def test_the_next_block_is_not_held_back_when_the_first_is_whole() -> None:
    order = BlockOrder()
    first, second = [start(0), piece(0, "{"), piece(0, "}")], [start(1), piece(1, "{")]
    assert list(order.feed(first)) == first
    assert list(order.feed(second)) == [stop(0), *second]
    assert list(order.feed([stop(0), stop(1)])) == [stop(1)]


def test_a_block_waits_until_the_first_is_whole() -> None:
    order = BlockOrder()
    assert list(order.feed([start(0), start(1), piece(1, "{}"), start(2), piece(2, "{")])) == [start(0)]
    assert list(order.feed([piece(0, "{}")])) == [
        *(piece(0, "{}"), stop(0)),
        *(start(1), piece(1, "{}"), stop(1)),
        *(start(2), piece(2, "{")),
    ]


def test_a_piece_after_the_end_is_not_left_out() -> None:
    order = BlockOrder()
    events = [start(0), piece(0, "{}"), start(1)]
    assert list(order.feed([*events, piece(0, " ")])) == [start(0), piece(0, "{}"), stop(0), start(1)]
    with pytest.raises(NotTranslatable, match="after its end"):
        list(order.feed([piece(0, "x")]))


@given(turns=st.lists(st.integers(0, len(CALLS) - 1), max_size=80))
def test_blocks_follow_one_another_and_are_all_there(turns: list[int]) -> None:
    """In whatever turns a provider sends the characters of several calls."""
    given_events, sent = [start(at) for at in range(len(CALLS))], dict.fromkeys(range(len(CALLS)), 0)
    for at in [*turns, *(at for at, said in enumerate(CALLS) for _ in said)]:
        if sent[at] < len(CALLS[at]):
            given_events.append(piece(at, CALLS[at][sent[at]]))
            sent[at] += 1
    given_events += [stop(at) for at in range(len(CALLS))]
    order = BlockOrder()
    found = [one for event in [*given_events, {"type": "message_stop"}] for one in order.feed([event])]
    assert found == [
        event
        for at, said in enumerate(CALLS)
        for event in (start(at), *(piece(at, character) for character in said), stop(at))
    ] + [{"type": "message_stop"}]
