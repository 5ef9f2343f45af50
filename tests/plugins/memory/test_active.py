"""Active tags: what recall leaves out is what the screen marks."""

from __future__ import annotations

import pytest

from penstock.memory.service import MemoryService
from penstock.testing import profile_of, user
from penstock_tui.log.stats.tags import Tags
from tests.plugins.memory.talks import STAGES, Talk


def marked(talk: Talk) -> tuple[str, ...]:
    """What the screen marks, from the whole log."""
    tags = Tags()
    for event in talk.tagged():
        tags.fold(event, None)
    return tags.active


@pytest.mark.parametrize("turns", [0, 1, 3, 6])
def test_the_screen_marks_what_recall_leaves_out(memory_service: MemoryService, turns: int) -> None:
    """After each turn, for every value of the one setting that both go by."""
    profile = profile_of(f"{STAGES}[memory]\nactive_turns = {turns}")
    with Talk(memory_service, profile=profile) as talk:
        for n in range(8):
            talk.ask(f"Look at the watermark_{n} of kiln_{n}.py", f"The watermark_{n} is dry.")
            last = [event.payload["tags"] for event in talk.tagged() if event.payload["of"] == "turn"]
            expected = [name for names in reversed(last[max(0, len(last) - turns) :]) for name in names]
            assert marked(talk) == tuple(dict.fromkeys(expected))
        before = marked(talk)
        talk.send(user("And what about watermark_9?"))
        assert talk.tagged()[-1].payload["active"] == list(before), "what recall was given for this request"


def test_a_conversation_that_begins_has_none(memory_service: MemoryService) -> None:
    """What another one is about is news to it: recall may tell it, and the screen marks nothing."""
    with Talk(memory_service) as talk:
        talk.ask("Look at the watermark of kiln.py")
        assert marked(talk)
    with Talk(memory_service) as other:
        other.send(user("Look at the glaze"))
        assert marked(other) == ()
