"""Where the database of a shared memory has pgvector, it searches the vectors of large projects."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa

from penstock.base.errors import MemoryDown
from penstock.base.postgres_connection import engine_of
from penstock.memory import Item, Memory
from penstock.memory.embedders.trigrams import Trigrams
from penstock.memory.search import search, vector_cache
from penstock.memory.vectors.pgvector import PgVectorIndex
from tests.postgres import Server

pytestmark = pytest.mark.slow
FEW = 20
ITEMS = [Item("p", f"Kiln number{n} was opened by smith{n % 5}.") for n in range(60)]


@pytest.fixture
def both(tmp_path: Path, pgvector_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Memory]]:
    """Two processes' memories, for which twenty passages are many."""
    monkeypatch.setattr(search, "AT_HAND", FEW)
    monkeypatch.setattr(vector_cache, "AT_HAND", FEW)
    with ExitStack() as stack:
        yield [
            stack.enter_context(closing(Memory(tmp_path / name, Trigrams(), url=pgvector_url)))
            for name in ("one", "another")
        ]


@pytest.fixture
def index(both: list[Memory]) -> PgVectorIndex:
    found = both[0]._vectors
    assert isinstance(found, PgVectorIndex)
    return found


def count(memory: Memory, project: str = "p") -> int:
    return memory._vectors.count(memory.projects()[project], Trigrams.name, Trigrams().dimension)


def test_a_large_project_is_searched_by_vectors_in_every_process(both: list[Memory]) -> None:
    """Also one that has not written, and after more was written."""
    one, another = both
    one.add(ITEMS)
    for memory in both:
        answer = memory.search("who opened kiln number14", "p")
        assert (answer.hits[0].item.text, answer.degraded) == (ITEMS[14].text, ())
        assert any(hit.parts.get("vector_question") for hit in answer.hits)
    another.add([Item("p", "The glaze is celadon, by Ada.")])
    assert one.search("glaze celadon", "p").hits[0].item.text == "The glaze is celadon, by Ada."
    assert count(one) == count(another) == 61


def test_a_small_one_needs_none(both: list[Memory]) -> None:
    """All its vectors are compared. Once it has more, all of them are in the index."""
    one, _ = both
    one.add(ITEMS[:FEW])
    assert one.search("kiln number14", "p").degraded == ()
    assert count(one) == 0
    one.add(ITEMS[FEW:])
    assert count(one) == 60


def test_what_is_forgotten_is_in_no_index(both: list[Memory], pgvector_url: str) -> None:
    one, another = both
    one.add(ITEMS)
    one.forget("p", [item.id for item in one.newest("p", limit=10)])
    assert count(another) == 50
    another.forget_project("p")
    engine = engine_of(pgvector_url)
    assert not [name for name in sa.inspect(engine).get_table_names() if name.startswith("memory_vectors")]
    engine.dispose()


def test_another_embedder_replaces_all(both: list[Memory], tmp_path: Path, pgvector_url: str) -> None:
    """Its vectors have another length."""

    class Short:
        name, dimension = "short", 32

        def embed(self, texts: Sequence[str]) -> Sequence[Sequence[float]]:
            return [row[:32] for row in Trigrams().embed(texts)]

    both[0].add(ITEMS)
    with closing(Memory(tmp_path / "third", Short(), url=pgvector_url)) as other:
        other.sync()
        assert other._vectors.count(other.projects()["p"], "short", 32) == 60
        assert other.search("who opened kiln number14", "p").degraded == ()


def test_what_is_not_in_a_dump_is_made_again(both: list[Memory], pgvector_url: str) -> None:
    """The tables of vectors may be left out of it."""
    one, another = both
    one.add(ITEMS)
    engine = engine_of(pgvector_url)
    with engine.begin() as db:
        db.exec_driver_sql(f"DROP TABLE memory_vectors_{one.projects()['p']}")
    engine.dispose()
    assert another.search("kiln number14", "p").hits
    another.sync()
    assert count(one) == 60


def test_the_nearest_are_found_by_the_index(index: PgVectorIndex, pgvector_url: str) -> None:
    """Nine of ten of those that a comparison with all finds, in a project among others."""
    made = np.random.default_rng(1).normal(size=(3000, 32)).astype(np.float32)
    for project in (7, 8):
        index.add(project, "m", range(3000), made if project == 7 else -made)
    question = made[:50].mean(0)
    found = index.nearest(7, "m", question, 50)
    expected = np.argsort(-(made @ question))[:50]
    assert len({number for number, _ in found} & set(expected.tolist())) >= 45
    number, score = found[0]
    assert score == pytest.approx(float(made[number] @ question), rel=0.01)
    assert [score for _, score in found] == sorted((score for _, score in found), reverse=True)
    engine = engine_of(pgvector_url)
    with engine.connect() as db:
        asked = f"EXPLAIN SELECT passage FROM memory_vectors_7 ORDER BY vector <#> '{question.tolist()}' LIMIT 50"
        assert "memory_vectors_7_vector_idx" in str(db.exec_driver_sql(asked).all())
    engine.dispose()
    index.add(7, "m", [int(expected[0])], -made[expected[:1]])
    assert int(expected[0]) not in {number for number, _ in index.nearest(7, "m", question, 50)}
    index.reset()
    assert index.nearest(7, "m", question, 50) == []


def test_a_late_answer_costs_the_vectors_only(both: list[Memory], pgvector_url: str) -> None:
    """Words answer, and the database does not count as away."""
    one, _ = both
    one.add(ITEMS)
    engine = engine_of(pgvector_url)
    with engine.begin() as db:
        db.exec_driver_sql(f"LOCK TABLE memory_vectors_{one.projects()['p']} IN ACCESS EXCLUSIVE MODE")
        answer = one.search("kiln number14", "p", patience_s=0.05)
    engine.dispose()
    assert answer.hits[0].item.text == ITEMS[14].text
    assert "statement timeout" in answer.degraded[0]
    assert one.search("kiln number14", "p", patience_s=60.0).degraded == ()


def test_a_database_without_the_extension_goes_on_without(tmp_path: Path, pgvector_server: Server) -> None:
    pgvector_server.execute("CREATE DATABASE bare")
    with closing(Memory(tmp_path, Trigrams(), url=pgvector_server.url("bare"))) as memory:
        assert memory._vectors.is_absent
        with pytest.raises(MemoryDown, match="needs pgvector"):
            memory._vectors.nearest(1, "m", np.zeros(3), 1)
