"""`context_search` finds what tool outputs said, beside what is kept under names."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from penstock.base.errors import StoreError
from penstock.contexts import words
from penstock.contexts.contexts import Contexts
from penstock.contexts.records import NewContext
from penstock.outputs.output import Output
from penstock.outputs.store import OutputIndex
from penstock.plugins.tool import Caller
from penstock.store.originals import digest_of
from penstock.store.sql import SqlStore
from penstock.tools.answer_text import LIMIT, text_of
from penstock.tools.output_search import keep_output
from penstock.tools.table import all_tools
from tests.core.tools.callers import caller

LOG = "\n".join([f"step {n} was done" for n in range(2000)] + ["the kiln exploded"])


@pytest.fixture
def store(tmp_path: Path) -> Path:
    kept = SqlStore(tmp_path / "penstock.db")
    kept.close()
    return kept.path


@pytest.fixture
def index(store: Path) -> Iterator[OutputIndex]:
    opened = OutputIndex.beside(store)
    opened.add(Output(LOG, "pottery", "Bash make", 1.0), str)
    yield opened
    opened.close()


@pytest.fixture
def contexts(store: Path) -> Iterator[Contexts]:
    opened = Contexts.beside(store)
    with opened.write("default", "a test") as writer:
        writer.put("plan/kiln", NewContext("build a kiln"))
    yield opened
    opened.close()


def search(who: Caller, query: str, **more: object) -> Any:
    return all_tools()["context_search"].call(who, {"query": query, **more})


def test_outputs_and_contexts_are_found(store: Path, index: OutputIndex, contexts: Contexts) -> None:
    """Each output with its id and lines for `expand`, and with how it was found."""
    found = search(caller(store, "pottery", contexts, index), "kiln")
    assert [hit["key"] for hit in found["hits"]] == ["plan/kiln"]
    [first, *_] = found["outputs"]
    assert (first["id"], first["source"], first["lines"]) == (digest_of(LOG)[:8], "Bash make", "1999-2001")
    assert first["found_by"][0] == "stems"
    assert "the kiln exploded" in first["text"]


def test_contexts_of_an_older_version_are_indexed_again(
    store: Path, contexts: Contexts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the search itself: no service may be up."""
    with monkeypatch.context() as patched, contexts.write("default", "a test") as writer:
        patched.setattr(words, "_VERSION", "v1")
        patched.setattr(words, "terms", lambda text: text.replace("8800", "880").split())
        writer.put("port", NewContext("8800"))
    assert [hit["key"] for hit in search(caller(store, "pottery", contexts), "8800")["hits"]] == ["port"]


def test_a_search_answers_while_the_contexts_cannot_be_written(
    store: Path, contexts: Contexts, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(seconds: float) -> bool:
        raise StoreError("no space is left")

    monkeypatch.setattr(contexts, "renew_words", full)
    assert [hit["key"] for hit in search(caller(store, "pottery", contexts), "kiln")["hits"]] == ["plan/kiln"]


def test_another_project_finds_nothing(store: Path, index: OutputIndex, contexts: Contexts) -> None:
    assert search(caller(store, "garden", contexts, index), "kiln")["outputs"] == []
    assert search(caller(store, "", contexts, index), "kiln")["outputs"] == []
    assert search(caller(store, "pottery", contexts), "kiln")["outputs"] == []


def test_an_answer_fits(store: Path, index: OutputIndex, contexts: Contexts) -> None:
    for number in range(60):
        wide = "\n".join("the kiln " + "x" * 800 for _ in range(20))
        index.add(Output(f"{number}\n{wide}", "pottery", "s" * 400, 1.0), str)
    assert len(text_of(search(caller(store, "pottery", contexts, index), "kiln", limit=20))) < LIMIT


def test_what_a_tool_of_ours_keeps_is_indexed(store: Path, index: OutputIndex, contexts: Contexts) -> None:
    """Under the project of its caller, redacted."""
    assert keep_output(store, lambda: index, "garden", "the rake broke", "run in the sandbox") == ""
    [hit] = index.search("garden", "rake", limit=5)
    assert (hit.text, hit.source) == ("the rake broke", "run in the sandbox")


def test_stats_count_what_is_indexed(store: Path, index: OutputIndex, contexts: Contexts) -> None:
    """`context_stats` is the same tool by another name."""
    who = caller(store, "pottery", contexts, index)
    told = all_tools()["context_stats"].call(who, {})
    assert told["indexed"]["outputs"] == 1
    assert told == all_tools()["stats"].call(who, {})


def test_each_tool_has_its_name_for_contexts() -> None:
    """`context_NAME` is NAME: the same arguments and answer. `context_doctor` comes with the add-ons."""
    tools = all_tools()
    for name in ("stats", "budget", "compress", "doctor"):
        assert tools[f"context_{name}"].run is tools[name].run
