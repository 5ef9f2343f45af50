"""The words of contexts in PostgreSQL: the same is found as in SQLite, in the same order."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from penstock.base.clock import ManualClock
from penstock.contexts.contexts import Contexts
from penstock.contexts.records import Filter, NewContext

WORDS = [
    "boiler",
    "valve",
    "pressure",
    "gauge",
    "parseHttpHeader",
    "retry_limit",
    "café",
    "naïve",
    "0.4.0.post1",
    "src/a.py",
    "error",
    "errors",
    "handling",
    "handled",
    "deploy",
    "deployed",
    "plan",
    "goal",
    "number7",
    "日本語テキスト",
    "über",
    "漢字",
    "x'y",
    '"quoted"',
    "50%",
    "it's",
]


@pytest.fixture
def both(tmp_path: Path, postgres_url: str) -> Iterator[tuple[Contexts, Contexts]]:
    """Contexts in a file, and in a database."""
    one, other = (
        Contexts(tmp_path / "contexts.db", ManualClock()),
        Contexts(tmp_path / "other.db", ManualClock(), url=postgres_url),
    )
    yield one, other
    one.close()
    other.close()


def put(both: tuple[Contexts, ...], key: str, data: object, *tags: str, seal: bool | None = None) -> None:
    for one in both:
        with one.write("w", "me") as writer:
            writer.put(key, NewContext(data, tags=tags or None, session=f"s{len(key) % 2}", seal=seal))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_both_rank_alike(both: tuple[Contexts, Contexts], seed: int) -> None:
    """Contexts of any length, with words that few or many have, changed, deleted and sealed, and among others'."""
    random = Random(seed)
    for n in range(60):
        text = " ".join(random.choices(WORDS, weights=range(1, len(WORDS) + 1), k=random.choice((3, 10, 80))))
        put(both, f"k/{n}", {"said": text}, f"tag{n % 3}", seal=n % 13 == 0)
    for n in range(0, 60, 7):
        put(both, f"k/{n}", random.choice(WORDS))
    for one in both:
        with one.write("w", "me") as writer:
            writer.delete("k/9")
            writer.delete("k/10", purge=True)
        with one.write("other", "me") as writer:
            writer.put("theirs", NewContext("boiler valve"))
    for _ in range(40):
        query = " ".join(random.choices(WORDS, k=random.choice((1, 2, 5))))
        for wanted in (Filter(), Filter(tag="tag1"), Filter(session="s0")):
            of_file, of_database = (one.search("w", query, wanted, limit=10) for one in both)
            found = [(hit.head.key, hit.excerpt) for hit in of_file]
            assert [(hit.head.key, hit.excerpt) for hit in of_database] == found, query
            assert [hit.score for hit in of_database] == pytest.approx([hit.score for hit in of_file], abs=1e-6)


@pytest.mark.slow
def test_a_word_of_any_length_is_indexed(both: tuple[Contexts, Contexts]) -> None:
    """A page of base64 is one."""
    put(both, "long", "x" * 100_000 + " boiler")
    assert [[hit.head.key for hit in one.search("w", "boiler")] for one in both] == [["long"], ["long"]]
