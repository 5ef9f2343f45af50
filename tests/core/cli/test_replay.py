"""`penstock replay`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from penstock.replay.offline_run import OfflineRunner
from penstock.replay.runner import PromptResult, ReplayClient
from penstock.store.lock import StoreLock
from penstock.store.sql import SqlStore
from tests.core.cli.conftest import Run


@pytest.fixture
def prompts(tmp_path: Path) -> Path:
    file = tmp_path / "prompts.txt"
    file.write_bytes(b"# two\nThe database listens on port 5544.\n\nWrite the tide table. \xff\nWrite the fares.\n")
    return file


def test_a_table_and_what_it_came_to(run: Run, prompts: Path) -> None:
    """A line for each prompt, the sum, and what could not be read; nothing is left behind."""
    found = run("replay", str(prompts))
    assert found.exit_code == 0, found.output
    assert "The database listens on port 5544." in found.stdout
    assert "2 of 2 prompts answered" in found.stdout
    assert "tokens received" in found.stdout
    assert f"left out {prompts}: line 4: byte 23 is no UTF-8" in found.stderr
    assert [file.name for file in prompts.parent.iterdir() if file.suffix == ".db"] == []


def test_as_json(run: Run, prompts: Path) -> None:
    """One object, with each prompt and the total."""
    found = run("replay", str(prompts), "--json", "--profile", "codex", "--model", "gpt-5")
    assert found.exit_code == 0, found.output
    document = json.loads(found.stdout)
    assert (document["profile"], document["model"], document["ended"]) == ("codex", "gpt-5", "whole")
    assert [one["line"] for one in document["prompts"]] == [2, 5]
    assert document["prompts"][0]["tags"]
    assert document["total"]["requests"] == 2


def test_the_log_can_be_kept(run: Run, prompts: Path, tmp_path: Path) -> None:
    """For the screen, for `events`, `export` and `report`."""
    store = tmp_path / "kept" / "replay.db"
    assert run("replay", str(prompts), "--store", str(store)).exit_code == 0
    log = SqlStore(store, readonly=True)
    assert log.end().seq > 10
    log.close()
    assert (store.parent / "replay.db.memory").is_dir()


def test_not_in_a_store_that_is_in_use(run: Run, prompts: Path, tmp_path: Path) -> None:
    """A proxy's events and a replay's do not mix."""
    SqlStore(tmp_path / "penstock.db").close()
    lock = StoreLock(tmp_path / "penstock.db")
    found = run("replay", str(prompts), "--store", str(tmp_path / "penstock.db"))
    lock.release()
    assert found.exit_code == 2
    assert "belongs to another proxy" in found.stderr


def test_ctrl_c_leaves_what_was_done(run: Run, prompts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The table, and a status that says it was ended."""
    send = OfflineRunner.send

    def interrupted(self: OfflineRunner, talk: ReplayClient, prompt: str) -> PromptResult:
        if "fares" in prompt:
            raise KeyboardInterrupt
        return send(self, talk, prompt)

    monkeypatch.setattr(OfflineRunner, "send", interrupted)
    found = run("replay", str(prompts))
    assert found.exit_code == 130
    assert "1 of 2 prompts answered; stopped" in found.stdout
    assert "The database listens" in found.stdout


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--to", "http://example.com"), "in the clear"),
        (("--api", "gemini"), "anthropic or openai"),
        (("--profile", "nobody"), "no profile is called"),
    ],
)
def test_what_cannot_be(run: Run, prompts: Path, words: tuple[str, ...], why: str) -> None:
    """It is said in a line, before anything is sent."""
    found = run("replay", str(prompts), *words)
    assert found.exit_code == 2
    assert why in found.stderr
