"""The word index in PostgreSQL answers as the one in SQLite does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from penstock.memory import Item, Memory
from penstock.memory.database import MemoryDatabase
from penstock.memory.database_opening import open_database
from penstock.memory.embedders.trigrams import Trigrams
from penstock.memory.search import search
from penstock.text.stems import terms

pytestmark = pytest.mark.slow
WORDS = [
    "kiln",
    "turns",
    "running",
    "RUNS",
    "resumé",
    "resume",
    "straße",
    "src/app/main.py",
    "parseHttpHeader",
    "http_header",
    "900",
    "x1",
    "don't",
    "naïve",
    "Ünder_score",
    "北京市",
    "a's",
    "o'clock",
    "\\path\\to",
    "'quoted'",
    "@user",
    "v1.2.3",
]
TEXTS = st.lists(st.sampled_from(WORDS), min_size=1, max_size=30).map(" ".join)


@pytest.fixture
def databases(tmp_path: Path, postgres_url: str) -> Iterator[list[MemoryDatabase]]:
    with ExitStack() as stack:
        yield [stack.enter_context(closing(open_database(tmp_path / "memory.db", url))) for url in ("", postgres_url)]


def answers(database: MemoryDatabase, texts: Sequence[str], gone: int) -> object:
    """Everything that is asked of an index with these texts, without the last `gone`; it is empty afterwards."""
    index, other = database.words(1), database.words(12)
    rows = list(enumerate(texts, 1))
    with database.writing() as db:
        for one in (index, other):
            one.drop(db)
            one.create(db)
        other.add(db, [(1000, "kiln kiln kiln")])
        index.add(db, rows)
        if gone:
            index.remove(db, rows[-gone:])
        stems = list(dict.fromkeys(terms(" ".join(WORDS))))
        held = index.holding(db, [*stems, "nothing"], 100)
        newest = index.holding(db, stems, 2)
        both = index.holding_with(db, dict.fromkeys(stems[:3], [*stems[3:], "nothing"]), 3)
        return (
            *({name: numbers.tolist() for name, numbers in some.items()} for some in (held, newest, both)),
            sorted(index.commonest(db, 100)),
            index.with_piece(db, ["header", "app/main", "\\to", "'quo", "京市", "ab"], 5),
            {letter: sorted(index.beginning_like(db, letter)) for letter in "krsun"},
        )


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(TEXTS, min_size=1, max_size=12), gone=st.integers(0, 11))
def test_answers_as_the_other_does(databases: list[MemoryDatabase], texts: list[str], gone: int) -> None:
    """The same passages, whatever was added and removed, and none of another project."""
    here, there = (answers(one, texts, min(gone, len(texts) - 1)) for one in databases)
    assert there == here


def test_a_search_ranks_alike(tmp_path: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Words, vectors and marks together."""
    monkeypatch.setattr(search, "EXACT", 200)  # neither needs an index of vectors
    about = (
        "the kiln runs hot",
        "src/kiln.py fails on Tuesday",
        "we chose PostgreSQL",
        "kilns need clay",
        "a kiln, a kiln",
    )
    found = []
    for url in ("", postgres_url):
        with closing(Memory(tmp_path / f"memory{len(url)}", Trigrams(), url=url)) as memory:
            memory.add([Item("p", text, session="s", seq=n) for n, text in enumerate(about)])
            memory.mark("p", [4], helpful=True)
            hits = memory.search("what about the kiln and kiln.py?", "p").hits
            found.append([(hit.item.text, round(hit.score, 4)) for hit in hits])
    assert found[0] == found[1]
    assert len(found[0]) > 2
