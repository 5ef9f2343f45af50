"""The example that answers from a folder of notes: what it has stands in what leaves."""

from __future__ import annotations

import asyncio
import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from penstock.memory import Memory
from penstock.memory.embedders.wordllama import WordLlama256
from penstock.memory.service import MemoryService
from penstock.testing import profile_of
from tests.brokers import NatsBroker
from tests.plugins.memory.talks import QUESTION, STAGES, Talk

FILE = Path(__file__).parents[2] / "examples" / "recall" / "answer_from_notes.py"


@pytest.fixture
def example() -> ModuleType:
    pytest.importorskip("nats", reason="the client of NATS is not installed")
    spec = importlib.util.spec_from_file_location("answer_from_notes", FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    folder = tmp_path / "notes"
    folder.mkdir()
    (folder / "staging.md").write_text("# Staging\n\nThe staging database listens on port 7000.\n\nOthers do not.\n")
    (folder / "mascot.md").write_text("Our mascot is an otter.\n")
    return folder


async def test_what_it_has_is_recalled(
    example: ModuleType, notes: Path, nats_broker: NatsBroker, tmp_path: Path
) -> None:
    client = await example.serve(nats_broker.url, notes)
    profile = f'{STAGES}[stage.memory]\nwait_ms = 10000\n[stage.memory.nats]\nurl = "{nats_broker.url}"\n'

    def ask() -> bytes:
        service = MemoryService(lambda: Memory(tmp_path / "memory", WordLlama256()))
        with Talk(service, profile=profile_of(profile)) as talk:
            sent = talk.ask(QUESTION)
        service.close()
        return sent

    sent = await asyncio.to_thread(ask)
    await client.close()
    assert b"source nats (staging.md): The staging database listens on port 7000." in sent
    assert b"otter" not in sent
