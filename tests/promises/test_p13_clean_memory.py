"""P13: memory holds what was said, and nothing else; each once, for its time, in its project, until it is deleted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from penstock.memory import Memory
from penstock.memory.embedders.trigrams import Trigrams
from penstock.memory.service import MemoryService
from penstock.testing import Session, profile_of
from tests.plugins.memory.talks import FACT, STAGES, Talk, plugins_of
from tests.sessions import COMPACT, Client, Step, plays
from tests.shapes import SECRET

DAY = 86_400.0


@pytest.fixture
def memory_service(tmp_path: Path) -> Iterator[MemoryService]:
    memory_service = MemoryService(lambda: Memory(tmp_path / "memory", Trigrams()), retry_s=0.01)
    yield memory_service
    memory_service.close()


@settings(max_examples=4, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(plays())
def test_whatever_a_client_does_only_words_are_kept(memory_service: MemoryService, steps: list[Step]) -> None:
    """Over retries, counts, side calls, rewinds, restarts, subagents and compactions: no system prompt, reminder,
    instruction of the client's, note of ours or credential; nothing twice."""
    memory_service.open()
    client = Client()
    with Session(plugins=plugins_of(), memory=memory_service, profile=profile_of(STAGES)) as session:
        for step in steps:
            session.wait(step.gap)
            for asked in client.play(step):
                session.send(asked.body, asked.headers, path=asked.path)
                if session.outcome.exchange is not None and asked.what != "count":
                    session.reply("It is done, as far as it can be.")
    assert memory_service.drain(60)
    texts = [
        item.text
        for name in memory_service.open().projects()
        for item in memory_service.open().newest(name, limit=10_000)
    ]
    for junk in ("system-reminder", "coding agent", "Work with care", COMPACT, "[Memory m-", SECRET, "Warmup"):
        assert not any(junk in text for text in texts), junk
    assert len(texts) == len(set(texts))


def test_it_expires_and_can_be_deleted(memory_service: MemoryService, tmp_path: Path) -> None:
    """What nobody pinned goes after its time; what is deleted is in no file."""
    with Talk(memory_service, profile=profile_of(STAGES + "[memory]\nexpiry_days = 10"), at=1_900_000_000.0) as talk:
        talk.ask(FACT, "Noted, port 6543.")
        talk.ask("The archive of Orlov refuses other formats.", "I see, so it is PDF/A.")
    memory = memory_service.open()
    told = {item.text: item.id for item in memory.newest("/srv/shop")}
    memory.change("/srv/shop", [told[FACT]], pinned=True)
    assert memory.expire(1_900_000_000.0 + 9 * DAY) == 0
    assert memory.expire(1_900_000_000.0 + 11 * DAY) == 3
    assert [item.text for item in memory.newest("/srv/shop")] == [FACT]
    memory.forget("/srv/shop", [told[FACT]])
    memory_service.close()
    assert not any(b"walrus" in file.read_bytes() for file in (tmp_path / "memory").rglob("*") if file.is_file())
