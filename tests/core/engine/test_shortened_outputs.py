"""What an edit shortens is indexed whole, under the project of the request."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from penstock import handle_of
from penstock.app import Suite
from penstock.base import paths
from penstock.outputs.store import OutputIndex
from penstock.testing import assistant, call, conversation, results, user
from tests.engines import request

LONG = "\n".join(f"step {n} was done" for n in range(500)) + "\nthe kiln exploded"
PLUGIN = """
from penstock import BlockKind, Stage, hookimpl

class Cuts(Stage):
    name = "cuts"

    def on_request(self, draft):
        for spot in draft.blocks(new=True):
            draft.replace(spot, "short", reason="a test")

@hookimpl
def stages(profile):
    return [Cuts()]
"""
PROFILE = 'name = "potter"\nextends = "default"\n[memory]\nproject = "pottery"\n'


def opened(tmp_path: Path, more: str = "") -> Suite:
    for folder, name, text in (
        (paths.plugins_dir(), "cuts.py", PLUGIN),
        (paths.profiles_dir(), "potter.toml", PROFILE + more),
    ):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return Suite.open("potter", store=tmp_path / "penstock.db")


def send(suite: Suite, tool: str = "Bash", **given: str) -> bytes | None:
    try:
        body = conversation(user("run it"), assistant(call(tool, **given or {"command": "make"})), results(LONG))
        return asyncio.run(suite.engine.process(request(body))).body
    finally:
        suite.close()


def test_a_shortened_output_is_found_whole(tmp_path: Path) -> None:
    """With the tool and its input; what a person said, shortened as well, is none."""
    suite = opened(tmp_path)
    send(suite)
    index = OutputIndex.beside(tmp_path / "penstock.db")
    [hit] = index.search("pottery", "exploded", limit=5)
    assert (hit.handle, hit.lines[1]) == (handle_of(LONG), 501)
    assert hit.source.startswith("Bash ")
    assert "make" in hit.source
    assert index.counts("pottery").outputs == 1
    index.close()


@pytest.mark.parametrize("tool", ["context_search", "mcp__penstock__context_search", "penstock_context_search"])
def test_what_the_index_answered_is_not_indexed(tmp_path: Path, tool: str) -> None:
    """The next search would find that answer before the outputs which it quotes."""
    send(opened(tmp_path), tool, query="exploded")
    assert not OutputIndex.path(tmp_path / "penstock.db").exists()


def test_a_profile_may_turn_it_off(tmp_path: Path) -> None:
    suite = opened(tmp_path, "[outputs]\nenabled = false\n")
    send(suite)
    assert not OutputIndex.path(tmp_path / "penstock.db").exists()


def test_an_index_that_fails_changes_nothing_that_is_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The edit is sent, as without an index."""

    def fails(*_: object) -> bool:
        raise RuntimeError("broken")

    monkeypatch.setattr("penstock.outputs.indexer.OutputIndexer.submit", fails)
    assert send(opened(tmp_path)) == send(opened(tmp_path / "other", "[outputs]\nenabled = false\n"))
