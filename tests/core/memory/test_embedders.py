"""Texts into vectors."""

from __future__ import annotations

import inspect
from collections.abc import Sequence

import numpy as np
import pytest

from penstock.base.errors import MemoryDown
from penstock.memory.embedders import Embedder, chosen, vectors_of, wordllama
from penstock.memory.embedders.trigrams import Trigrams
from penstock.memory.embedders.wordllama import WordLlama256

NEAR = ("the dog sleeps", "a puppy is sleeping", "quarterly tax report")


@pytest.mark.parametrize("name", ["wordllama-256", "trigrams-256"])
def test_a_vector_for_each_text(name: str) -> None:
    """Of the length that was said, the same each time, for empty and for very long texts too."""
    embedder = chosen(name)
    assert embedder.name == name
    texts = ["one", "", "two words", "x" * 50_000, "\ud800 half"]
    first, again = vectors_of(embedder, texts), vectors_of(embedder, texts)
    assert first.shape == (5, embedder.dimension)
    assert np.array_equal(first, again)
    assert np.allclose(np.linalg.norm(first[[0, 2, 3]], axis=1), 1)


def test_the_default_sees_meaning() -> None:
    """A puppy is nearer to a dog than a tax report is; it loads without a network."""
    embedder = chosen()
    assert isinstance(embedder, WordLlama256)
    dog, puppy, tax = vectors_of(embedder, NEAR)
    assert dog @ puppy > dog @ tax + 0.2


def test_a_missing_model_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    """By trigrams, which need nothing."""
    monkeypatch.setattr(wordllama, "_loaded", inspect.unwrap(wordllama._loaded))  # not what an earlier test has loaded
    monkeypatch.setitem(__import__("sys").modules, "wordllama", None)
    assert isinstance(chosen(), Trigrams)
    with pytest.raises(MemoryDown, match="WordLlama"):
        chosen("wordllama-256")


def test_an_unknown_name_is_refused() -> None:
    """And those that are known are named."""
    with pytest.raises(MemoryDown, match="trigrams-256"):
        chosen("nobody")


class Broken:
    name = "broken"
    dimension = 3

    def __init__(self, answer: object) -> None:
        self.answer = answer

    def embed(self, texts: Sequence[str]) -> Sequence[Sequence[float]]:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer  # type: ignore[return-value]


@pytest.mark.parametrize(
    "answer", [RuntimeError("gone"), [[1.0, 2.0]], [[1.0, float("nan"), 0.0]], [], None, [["a", "b", "c"]]]
)
def test_a_broken_embedder_is_named(answer: object) -> None:
    """Whatever it raises or gives."""
    broken: Embedder = Broken(answer)
    with pytest.raises(MemoryDown, match="broken"):
        vectors_of(broken, ["text"])
