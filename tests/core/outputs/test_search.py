"""A question goes through layers: stems, trigrams, edit distance and vectors; each answer says which found it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from penstock.memory.embedders.wordllama import WordLlama256
from penstock.outputs.output import Output
from penstock.outputs.search import OutputHit
from penstock.outputs.store import OutputIndex

TEXTS = {
    "tests": "FAILED tests/test_kiln.py::test_heat - the thermometers disagreed",
    "build": "class KilnController:\n    def overheated(self): ...",
    "bread": "Flour, water, salt and yeast make dough",
}


@pytest.fixture
def index(tmp_path: Path) -> Iterator[OutputIndex]:
    opened = OutputIndex.beside(tmp_path / "penstock.db")
    for source, text in TEXTS.items():
        opened.add(Output(text, "pottery", source, 1.0), str)
    yield opened
    opened.close()


def search(index: OutputIndex, question: str) -> list[tuple[str, tuple[str, ...]]]:
    return [(hit.source, hit.found_by) for hit in index.search("pottery", question, limit=5)]


def test_other_forms_of_a_word_are_found_by_their_stem(index: OutputIndex) -> None:
    assert search(index, "disagreeing thermometer") == [("tests", ("stems",))]
    assert search(index, "TEST_HEAT") == [("tests", ("stems",))], "a name is looked for as it stands"


def test_a_part_of_a_name_is_found_by_trigrams(index: OutputIndex) -> None:
    """Where stems find too little: `kiln` as a word is in one output, inside a name in another."""
    assert search(index, "Controller") == [("build", ("trigrams",))]
    assert search(index, "kiln") == [("tests", ("stems",)), ("build", ("trigrams",))]


def test_a_misspelled_word_is_found_by_edit_distance(index: OutputIndex) -> None:
    """One letter of a short word, two of a long one, also two that changed places."""
    assert search(index, "fluor") == [("bread", ("edit distance",))]
    assert search(index, "thermomter") == [("tests", ("edit distance",))]
    assert search(index, "xylophone") == []


def test_what_is_meant_is_found_by_vectors(index: OutputIndex) -> None:
    """A text that words and vectors find comes before what vectors find alone."""
    found = index.search("pottery", "ingredients for baking", limit=5, embedder=WordLlama256())
    assert [(hit.source, hit.found_by) for hit in found] == [("bread", ("vectors",))]
    [first, *_] = index.search("pottery", "dough", limit=5, embedder=WordLlama256())
    assert (first.source, first.found_by) == ("bread", ("stems", "vectors"))
    assert first.score == pytest.approx(2 / 61)


def test_only_some_outputs_may_be_asked(index: OutputIndex) -> None:
    [wanted] = index.search("pottery", "KilnController", limit=1)
    hits = index.search("pottery", "kiln dough", limit=5, only=[wanted.handle])
    assert [hit.source for hit in hits] == ["build"]


@pytest.mark.parametrize("question", ["", "\"'*()", "a OR NEAR(", "the", "\0", "\ud800", "word " * 5000])
def test_any_question_is_one(index: OutputIndex, question: str) -> None:
    assert isinstance(search(index, question), list)


def test_the_lines_around_the_best_are_shown(index: OutputIndex) -> None:
    """With the heading that they stand under; a long line is cut around the word."""
    body = "\n".join(f"line {n}" for n in range(100))
    long = "y" * 3000 + " the glaze cracked " + "y" * 3000
    index.add(Output(f"# First\n{body}\n# Second\n{body}\nthe glaze\n{long}\nend", "pottery", "s", 1.0), str)
    hit: OutputHit = index.search("pottery", "glaze cracked", limit=1)[0]
    assert hit.heading == "# Second"
    assert hit.text.startswith("line 98\nline 99\nthe glaze\n…y")
    assert "the glaze cracked" in hit.text
    assert len(hit.text) < 600
    assert hit.lines[0] == 201


def test_the_lines_with_accents_are_shown(index: OutputIndex) -> None:
    text = "\n".join([*(f"line {n}" for n in range(50)), "das Werkstück ist über die Kante gefallen"])
    index.add(Output(text, "pottery", "accident", 1.0), str)
    for question in ("Werkstück", "über die Kante"):
        [hit] = index.search("pottery", question, limit=1)
        assert "Werkstück" in hit.text, question
