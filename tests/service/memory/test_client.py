"""Memory in Python and in JavaScript, against the service for real."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from penstock.client import AsyncClient, ServiceError
from tests.service.conftest import TOKEN, running
from tests.service.test_js_client import node

CHAT = "User: How hot does the kiln get?\nAssistant: The kiln runs at 900 degrees."


@pytest.fixture(autouse=True)
def _quick(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A memory whose embedder is there at once."""
    profiles = tmp_path / "home" / "config" / "profiles"
    profiles.mkdir(parents=True)
    (profiles / "quick.toml").write_text('extends = "default"\n[memory]\nembedder = "trigrams-256"\n')
    monkeypatch.setenv("PENSTOCK_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PENSTOCK_PROFILE", "quick")


async def test_a_program_remembers_and_recalls(tmp_path: Path) -> None:
    with running(tmp_path / "home" / "state" / "contexts.db") as up, up.client() as client:
        kept = client.ingest("t1", chat=CHAT, documents=[{"title": "Kiln", "text": "It has a door."}])["items"]
        assert len(kept) == 3
        found = client.recall("how hot is the kiln")
        assert "900 degrees" in " ".join(item["text"] for item in found["items"])
        assert client.feedback(kept[0]["id"], "helpful")["feedback_type"] == "helpful"
        assert client.working_set("fire the kiln", thread_id="t1")["mission"]
        with pytest.raises(ServiceError, match="purpose"):
            client.recall("")
        async with AsyncClient(up.url, token=TOKEN) as waiting:
            again = await waiting.recall("how hot is the kiln", token_budget=200)
            assert again["items"][0]["id"] in {item["id"] for item in found["items"]}


@pytest.mark.skipif(shutil.which("node") is None, reason="no node here")
def test_a_program_in_javascript_does_too(tmp_path: Path) -> None:
    program = f"""
import {{ Client }} from "./penstock.js";
const memory = new Client();
await memory.ingest("t1", {{ chat: {json.dumps(CHAT)} }});
const found = await memory.recall("how hot is the kiln", {{ token_budget: 500 }});
const set = await memory.workingSet("fire the kiln", {{ thread_id: "t1" }});
const voice = await memory.feedback(found.items[0].id, "helpful", {{ comment: "so it was" }});
console.log(found.items.length, set.mission.length > 0, voice.feedback_type);
"""
    with running(tmp_path / "home" / "state" / "contexts.db") as up:
        assert node(up, program, tmp_path) == "2 true helpful\n"
