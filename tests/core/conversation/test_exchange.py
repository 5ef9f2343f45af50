"""One request and its answer, and the life it lives."""

from __future__ import annotations

import itertools

import pytest

from penstock import Exchange, Identity, Kind
from penstock.base.errors import IllegalStep
from penstock.conversation.exchange import Request, State

LIVES = [
    [State.CLASSIFIED, State.REWRITTEN, State.FORWARDED, State.ANSWERED, State.PROCESSED],
    [State.CLASSIFIED, State.REWRITTEN, State.REFUSED],
    [State.CLASSIFIED, State.REWRITTEN, State.FORWARDED, State.FAILED],
    [State.CLASSIFIED, State.FORWARDED, State.ANSWERED],
    [State.FORWARDED, State.ANSWERED, State.PROCESSED],
    [State.CLASSIFIED, State.FAILED],
    [State.FAILED],
]


def exchange() -> Exchange:
    identity = Identity("c", "anthropic", "", "main", "test")
    return Exchange("x1", "anthropic", "/v1/messages", Kind.MAIN, identity, "m")


@pytest.mark.parametrize("life", LIVES)
def test_a_life_goes_on_step_by_step(life: list[State]) -> None:
    """Each of these is one an exchange may live."""
    lived = exchange()
    for state in life:
        lived.advance(state)
    assert lived.state is life[-1]


def test_no_other_step_is_taken() -> None:
    """Nothing comes twice, nothing comes after the end, and the error says what could have come."""
    allowed = {pair for life in LIVES for pair in itertools.pairwise([State.RECEIVED, *life])}
    allowed |= {(State.REWRITTEN, State.FAILED), (State.RECEIVED, State.CLASSIFIED)}
    for before, after in itertools.product(State, State):
        lived = exchange()
        lived.state = before
        if (before, after) in allowed:
            lived.advance(after)
        else:
            with pytest.raises(IllegalStep, match=f"exchange x1 is {before}"):
                lived.advance(after)


def test_an_end_says_that_it_is_one() -> None:
    """A person who reads the error knows why."""
    lived = exchange()
    lived.advance(State.FAILED)
    with pytest.raises(IllegalStep, match="it has ended"):
        lived.advance(State.ANSWERED)


def test_three_kinds_are_real_turns() -> None:
    """The others teach nothing (P9)."""
    assert [kind for kind in Kind if kind.is_real] == [Kind.MAIN, Kind.TOOL_LOOP, Kind.SUBAGENT]


def test_a_request_does_not_show_its_body() -> None:
    """It may end up in a traceback."""
    assert "secret words" not in repr(Request("x", "POST", "h", "/", {}, b"secret words"))
