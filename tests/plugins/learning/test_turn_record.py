"""How much of the turns under way is kept, and what goes first."""

from __future__ import annotations

import gc
import threading
import tracemalloc
from collections.abc import Callable
from dataclasses import replace

import pytest

from penstock import Draft, Reply, Services
from penstock.memory import MemoryService
from penstock.testing import Turn, assistant, call, conversation, draft_for, profile_of, results, user
from penstock_plugins.learning.settings import Settings
from penstock_plugins.learning.stage import Learn
from penstock_plugins.learning.turn_record import TurnRecord

WIDE = "\N{FIRE}" * 4_000
"""16,000 bytes."""


def turn(steps: int, output: str, **given: str) -> list[Turn]:
    """After each step, the agent says its number with the next call."""
    out = [user("Fire the kiln.")]
    for n in range(steps):
        out += [assistant(f"After step {n - 1}.", call("Bash", command=f"fire {n}", **given)), results(output)]
    return out


def followed(body: bytes) -> TurnRecord:
    record = TurnRecord()
    record.follow(draft_for(body).conversation.messages)
    return record


@pytest.mark.parametrize(("steps", "output"), [(400, "done"), (200, WIDE)])
def test_of_a_long_turn_the_newest_steps_are_kept_with_what_was_said_between_them(steps: int, output: str) -> None:
    record = followed(conversation(*turn(steps, output)))
    assert record.steps[-1].command == f"fire {steps - 1}"
    assert 50 < len(record.steps) < steps
    assert len(record.texts) >= len(record.steps) - 1
    for before, text in record.texts:
        assert text == f"After step {record.steps[before - 1].command[5:]}."


def test_a_turn_is_bounded_in_bytes() -> None:
    """P14: a character may take four of them; a call that is not answered yet counts as well."""
    answered = conversation(*turn(150, WIDE, description=WIDE))
    assert retained(lambda: followed(answered)) < 2_500_000
    calls = (assistant(call("Write", file_path="k", content=WIDE * 10)) for _ in range(40))
    unanswered = conversation(user("Fire the kiln."), *calls)
    assert retained(lambda: followed(unanswered)) < 2_500_000


@pytest.mark.parametrize("are_over", [False, True], ids=["under-way", "waiting-for-memory"])
def test_all_turns_together_are_bounded_in_bytes(memory_service: MemoryService, are_over: bool) -> None:
    """P14: those under way, and those that have ended while memory is busy."""
    stage, is_free = Learn(profile_of(), Settings()), threading.Event()
    stage.on_services(Services(memory=memory_service))
    memory_service.submit(lambda _: is_free.wait(60))
    body = conversation(*turn(60, WIDE, description=WIDE))

    def play() -> Learn:
        for n in range(10):
            read = draft_for(body)
            who = replace(read.exchange.identity, conversation=f"c{n}")
            draft = Draft(replace(read.exchange, identity=who), read.conversation, lambda *_: True)
            stage.on_request(draft)
            if are_over:
                stage.on_turn_complete(draft.exchange, Reply(text="Done."))
        return stage

    try:
        assert 3_000_000 < retained(play) < 6_000_000
    finally:
        is_free.set()


def retained(work: Callable[[], object]) -> int:
    """The bytes that are still held when `work` is done, with its result."""
    gc.collect()
    tracemalloc.start()
    try:
        result = work()
        gc.collect()
        assert result is not None
        return tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
