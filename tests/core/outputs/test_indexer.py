"""The indexer works behind the requests, and what goes wrong there costs only the index."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from penstock.outputs import indexer
from penstock.outputs.indexer import OutputIndexer
from penstock.outputs.output import Output
from penstock.outputs.store import OutputIndex
from penstock.store.originals import RetentionPolicy


def output(text: str, project: str = "pottery") -> Output:
    return Output(text, project, "Bash make", 1.0, conversation="talk")


def outputs(store: Path) -> int:
    index = OutputIndex.beside(store)
    try:
        return index.counts("pottery").outputs
    finally:
        index.close()


def test_what_is_submitted_is_indexed_by_the_end(tmp_path: Path) -> None:
    store = tmp_path / "penstock.db"
    made = OutputIndexer(store)
    assert made.submit(output("the kiln"))
    made.close()
    assert outputs(store) == 1


def test_it_deletes_what_it_is_asked_to(tmp_path: Path) -> None:
    """What is too old, and what a deleted conversation had."""
    store = tmp_path / "penstock.db"
    made = OutputIndexer(store)
    made.prune(RetentionPolicy(since=9.0))
    assert not OutputIndex.path(store).exists(), "nothing was ever indexed"
    made.submit(output("the kiln"))
    assert made.drain()
    made.forget_conversations(["other"])
    assert made.drain()
    assert outputs(store) == 1
    made.forget_conversations(["talk"])
    made.close()
    assert outputs(store) == 0


def test_what_cannot_wait_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Outputs that wait do not fill the memory; and without a project nothing is to be indexed."""
    monkeypatch.setattr(indexer, "WAITING", 10)
    made = OutputIndexer(tmp_path / "penstock.db")
    assert not made.submit(output("longer than ten"))
    assert not made.submit(output("short", project=""))
    made.close()


def test_a_file_that_cannot_be_opened_is_said_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    store = tmp_path / "penstock.db"
    OutputIndex.path(store).mkdir()
    made = OutputIndexer(store)
    with caplog.at_level(logging.WARNING):
        for text in ("one", "two"):
            assert made.submit(output(text))
        made.close()
    assert len([r for r in caplog.records if "tool outputs are not indexed" in r.message]) == 1


def test_a_redactor_that_fails_costs_one_output(tmp_path: Path) -> None:
    """It is not indexed unredacted."""

    def fails(text: str) -> str:
        if "bad" in text:
            raise ValueError(text)
        return text

    store = tmp_path / "penstock.db"
    made = OutputIndexer(store, [fails])
    for text in ("a bad kiln", "a good kiln"):
        made.submit(output(text))
    made.close()
    assert outputs(store) == 1
