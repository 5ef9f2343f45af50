"""The word index in PostgreSQL answers as the one in SQLite does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from penstock.memory import Item, Memory
from penstock.memory.database import MemoryDatabase
from penstock.memory.database_opening import open_database
from penstock.memory.embedders.trigrams import Trigrams
from penstock.memory.search import search, word_evidence
from penstock.text.question import read_question
from penstock.text.stems import stem, terms

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
        both = index.holding_with(db, {one: [*stems[3:], "nothing"] for one in stems[:3]}, 3)
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


def test_so_many_passages_are_read_of_all_stems_the_rarest_first(databases: list[MemoryDatabase]) -> None:
    """What is left out is known by how many have it, and found among the newest, or beside a rarer one."""
    index, other = databases[1].words(1), databases[1].words(12)
    with databases[1].writing() as db:
        other.add(db, [(1, "glaze kiln resumé")])
        index.add(db, [(n, f"kiln {'resumé' if n % 2 else ''} {'glaze' if n < 12 else ''}") for n in range(10, 20)])
        asked = ["kiln", stem("glaze"), stem("resumé"), "nothing"]
        assert index.frequent(db, asked, 17) == {}
        assert index.frequent(db, asked, 16) == {"kiln": 10}
        assert index.frequent(db, asked, 6) == {"kiln": 10, stem("resumé"): 5}
        late = index.holding_lately(db, ["kiln", stem("resumé"), stem("glaze")], 16)
        assert {one: sorted(found.tolist()) for one, found in late.items()} == {
            "kiln": [16, 17, 18, 19],
            stem("resumé"): [17, 19],
        }


@pytest.fixture
def frequent(tmp_path: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Memory]:
    """Of all words of a question five passages are read; forty have `kiln`, twenty `ash`."""
    monkeypatch.setattr(word_evidence, "_NEWEST", 5)
    with closing(Memory(tmp_path, Trigrams(), url=postgres_url)) as memory:
        texts = ["the kiln and its glaze", *(f"the kiln on day {n}{' of ash' * (n % 2)}" for n in range(39))]
        memory.add([Item("p", text, session="s", seq=n) for n, text in enumerate(texts)])
        yield memory


def told(memory: Memory, question: str) -> dict[str, float]:
    """How much of the question's words, weighted by rarity, each text has, for those that were looked at."""
    view = memory.view("p")
    assert view is not None
    with view.database.reading() as db:
        found = word_evidence.word_evidence(view.layout, view.words, None, read_question(question), db)
    texts = {item.id: item.text for item in memory.newest("p", limit=100)}
    return {texts[int(view.layout.ids[row])]: float(found.meaning[row]) for row in np.flatnonzero(found.words)}


def test_a_frequent_word_counts_beside_a_rarer_one_wherever_it_stands(frequent: Memory) -> None:
    """The rest of its passages is not read: it tells little where so many have it."""
    assert told(frequent, "glaze kiln") == {"the kiln and its glaze": pytest.approx(1)}


def test_of_words_that_are_all_frequent_what_has_two_counts(frequent: Memory) -> None:
    """That costs what the rarer of them has. The newest of it count."""
    both = told(frequent, "ash kiln")
    assert both == {f"the kiln on day {n} of ash": pytest.approx(1) for n in range(29, 39, 2)}


def test_of_one_frequent_word_the_newest_passages_count(frequent: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(word_evidence, "_LATELY", 4)
    assert list(told(frequent, "kiln")) == [f"the kiln on day {n}{' of ash' * (n % 2)}" for n in range(35, 39)]


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
