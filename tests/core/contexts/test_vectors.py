"""Contexts found by what they mean, with the bundled model."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from penstock.base.clock import ManualClock
from penstock.base.errors import MemoryDown
from penstock.contexts.contexts import Contexts
from penstock.contexts.records import Filter, NewContext, Retention
from penstock.contexts.vectors import VectorSearch, fused
from penstock.memory.embedders.wordllama import WordLlama256
from tests.core.contexts.conftest import in_a_file
from tests.core.contexts.steps import steps

TEXTS = {
    "kiln": "The oven for pottery reaches a thousand degrees",
    "boat": "A small vessel crosses the lake by sail",
    "bread": "Flour, water, salt and yeast make dough",
}


@pytest.fixture(scope="module")
def embedder() -> WordLlama256:
    return WordLlama256()


@pytest.fixture
def search(contexts: Contexts, embedder: WordLlama256) -> VectorSearch:
    with contexts.write("w", "a") as writer:
        for key, text in TEXTS.items():
            writer.put(key, NewContext({"note": text}, ttl=0, tags=("t",) if key == "boat" else ()))
    return VectorSearch(contexts, lambda: embedder)


def keys(search: VectorSearch, query: str, wanted: Filter | None = None, workspace: str = "w") -> list[str]:
    return [hit.head.key for hit in search.search(workspace, query, wanted)[0]]


def test_what_is_meant_is_found_without_its_words(search: VectorSearch, contexts: Contexts) -> None:
    assert contexts.search("w", "ship on the water surface at sea")[0].head.key == "bread", "the word is elsewhere"
    assert keys(search, "ship at sea")[0] == "boat"
    assert keys(search, "how hot does the furnace for ceramics get")[0] == "kiln"
    [hits, is_complete] = search.search("w", "baking")
    assert (hits[0].head.key, is_complete) == ("bread", True)
    assert keys(search, "ship", Filter(tag="t")) == ["boat"]
    assert keys(search, "ship", workspace="other") == []


def test_a_new_value_counts_and_what_is_gone_does_not(
    search: VectorSearch, contexts: Contexts, clock: ManualClock
) -> None:
    assert keys(search, "ship at sea")[0] == "boat"
    with contexts.write("w", "a") as writer:
        writer.put("boat", NewContext("Quarterly tax report of the company"))
        writer.put("bread", NewContext("A ferry sails over the sea"))
        writer.delete("kiln")
    assert keys(search, "ship at sea")[0] == "bread"
    assert "kiln" not in keys(search, "oven")
    with contexts.write("w", "a") as writer:
        writer.undelete("kiln", ttl=10)
    assert keys(search, "oven")[0] == "kiln"
    clock.advance(11)
    assert "kiln" not in keys(search, "oven")
    with contexts.write("w", "a") as writer:
        writer.delete("bread", purge=True)
    assert "bread" not in keys(search, "ship at sea")


def test_a_sealed_value_has_no_vector(search: VectorSearch, contexts: Contexts) -> None:
    assert "boat" in keys(search, "ship at sea")
    with contexts.write("w", "a") as writer:
        writer.touch("boat", NewContext(None, seal=True))
    with contexts.snapshot() as db:
        assert db.exec_driver_sql("SELECT count(*) FROM context_vectors").scalar() == 2
    assert "boat" not in keys(search, "ship at sea")
    with contexts.snapshot() as db:
        assert db.exec_driver_sql("SELECT count(*) FROM context_vectors").scalar() == 2


def test_vectors_outlast_a_restart_and_are_made_in_between(
    search: VectorSearch, contexts: Contexts, path: Path, clock: ManualClock, embedder: WordLlama256
) -> None:
    search.catch_up()  # nobody has asked for vectors yet
    with contexts.snapshot() as db:
        assert db.exec_driver_sql("SELECT count(*) FROM context_vectors").scalar() == 0
    keys(search, "ship")
    with contexts.write("w", "a") as writer:
        for n in range(1200):
            writer.put(f"many/{n}", NewContext(f"number {n}", ttl=0))
    assert not search.search("w", "ship")[1], "500 are made by one search"
    search.catch_up()
    again = Contexts(path, clock, url=contexts.url)
    found = VectorSearch(again, lambda: embedder)
    assert keys(found, "ship at sea")[0] == "boat"
    with again.snapshot() as db:
        assert db.exec_driver_sql("SELECT count(*) FROM context_vectors").scalar() == 1203
    again.close()


def test_without_a_model_it_says_so(contexts: Contexts) -> None:
    def missing() -> WordLlama256:
        raise MemoryDown("no model here")

    with pytest.raises(MemoryDown, match="no model"):
        VectorSearch(contexts, missing).search("w", "ship")


def test_two_rankings_become_one(search: VectorSearch, contexts: Contexts) -> None:
    words = contexts.search("w", "water lake")
    near, _ = search.search("w", "ship at sea")
    both = fused([words, near], 10)
    assert both[0].head.key == "boat"
    assert len(both) == 3
    assert [hit.score for hit in both] == sorted((hit.score for hit in both), reverse=True)
    assert len(fused([words, near], 1)) == 1


@in_a_file
def test_where_nothing_changed_not_every_context_is_looked_at(
    search: VectorSearch, contexts: Contexts, clock: ManualClock
) -> None:
    """Nor where one did."""
    with contexts.write("w", "a") as writer:
        for n in range(1_000):
            writer.put(f"many/{n}", NewContext(f"number {n}", ttl=0))
    keys(search, "ship")
    search.catch_up()
    keys(search, "ship")
    assert steps(contexts, search.catch_up) < 20
    assert steps(contexts, lambda: keys(search, "ship")) < 50
    assert steps(contexts, lambda: search.search("other", "ship")) < 30
    clock.advance(1)
    with contexts.write("w", "a") as writer:
        writer.put("many/5", NewContext("a ship at sea", ttl=0))
        writer.delete("boat")
    assert steps(contexts, search.catch_up) < 40
    assert keys(search, "ship at sea")[0] == "many/5"


def test_changes_that_are_not_kept_any_more_count_all_the_same(
    search: VectorSearch, contexts: Contexts, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "boat" in keys(search, "ship")
    monkeypatch.setattr(contexts, "retention", Retention(changes=1))
    with contexts.write("w", "a") as writer:
        writer.put("ferry", NewContext("A ferry sails over the sea"))
        writer.put("other", NewContext("taxes"))
        writer.clean()
    assert contexts.resume(1)[1], "the change is gone"
    assert "ferry" in keys(search, "ship at sea")


@pytest.mark.parametrize("meanwhile", ["seal", "purge", "change", "delete"])
def test_what_changes_while_its_vector_is_made_gets_none(
    contexts: Contexts, embedder: WordLlama256, meanwhile: str
) -> None:
    with contexts.write("w", "a") as writer:
        writer.put("a", NewContext("a ship at sea", ttl=0))

    class Slow(WordLlama256):
        def embed(self, texts: Sequence[str]) -> Sequence[Sequence[float]]:
            with contexts.write("w", "a") as writer:
                if meanwhile == "seal":
                    writer.touch("a", NewContext(None, seal=True))
                elif meanwhile == "change":
                    writer.put("a", NewContext("taxes"))
                elif contexts.page("w").items:
                    writer.delete("a", purge=meanwhile == "purge")
            return embedder.embed(texts)

    VectorSearch(contexts, Slow).search("w", "ship")
    with contexts.snapshot() as db:
        assert db.exec_driver_sql("SELECT count(*) FROM context_vectors").scalar() == 0


def test_many_that_are_gone_or_do_not_fit_hide_none_that_does(
    contexts: Contexts, embedder: WordLlama256, clock: ManualClock
) -> None:
    search = VectorSearch(contexts, lambda: embedder)
    with contexts.write("w", "a") as writer:
        for n in range(1_100):
            writer.put(f"ended/{n}", NewContext(f"a ship at sea {n}", ttl=10))
        writer.put("far", NewContext("taxes of the company", ttl=0))
        writer.put("near", NewContext("a ship at sea", ttl=0, tags=("t",)))
    search.search("w", "ship")
    search.catch_up()
    assert keys(search, "taxes of the company", Filter(tag="t")) == ["near"]
    clock.advance(11)
    assert keys(search, "a ship at sea") == ["near", "far"]
    contexts.expire()
    with contexts.snapshot() as db:
        assert db.exec_driver_sql("SELECT count(*) FROM context_vectors").scalar() == 2
    assert keys(search, "a ship at sea") == ["near", "far"]
