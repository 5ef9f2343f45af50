"""What a conversation takes in memory, and that all of it goes."""

from __future__ import annotations

import gc
import weakref

import pytest

from penstock.plugins.manager import Plugins
from penstock.testing import Session, assistant, call, conversation, results, user
from tests.footprint import footprint


def talk(session: Session, number: int, rounds: int) -> None:
    """One conversation of a coding agent, request by request."""
    said = [user(f"Look into problem {number}.")]
    for n in range(rounds):
        lines = "\n".join(f"{line}\tdef function_{number}_{n}_{line}(first, second):" for line in range(300))
        said += [assistant(f"Reading {n}.", call("Read", file_path=f"/srv/{n}.py")), results(lines)]
        session.send(conversation(*said), {"x-session-id": f"00000000-{number:04}-4e57-8e55-000000000000"})


@pytest.mark.parametrize("rounds", [1, 40])
def test_its_size_is_what_it_takes(rounds: int) -> None:
    """Of a short one and of one with many edits: by it the least recently used ones go."""
    with Session(plugins=Plugins.load()) as session:
        talk(session, 1, rounds)
        ((_, state),) = session.engine._states.loaded()
        real = footprint(state, but=[session.engine, session.log, session.store])
        assert real / 1.25 < state.size < real * 1.25


def test_what_is_known_of_one_goes_when_it_is_dropped() -> None:
    """No other part of the engine, and no stage, holds it."""
    with Session(plugins=Plugins.load()) as session:
        session.engine._states._limit = 2
        talk(session, 1, 3)
        ((_, state),) = session.engine._states.loaded()
        parts = [weakref.ref(one) for one in (state, state.ledger, state.seals)]
        del state
        for number in range(2, 5):
            talk(session, number, 1)
        gc.collect()
        assert [part() for part in parts] == [None] * len(parts)
