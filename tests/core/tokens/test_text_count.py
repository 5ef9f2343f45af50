"""A text is counted as well as this machine can, and the count says how."""

from __future__ import annotations

from pathlib import Path

import pytest

from penstock.tokens.estimate import estimate
from penstock.tokens.model_vocabulary import NEWER_CLAUDE
from penstock.tokens.text_count import TextCounter, count
from tests.vocabularies import TINY, put

TEXT = "hello world of the file, read the file. " * 20


def test_with_the_models_own_vocabulary(tmp_path: Path) -> None:
    """The count is the tokenizer's."""
    put(tmp_path)
    counter = TextCounter.of("gpt-6.2-sol", TINY, [tmp_path])
    assert counter.count("hello world") == (2, "tokenizer")
    assert "o200k_base" in counter.by


def test_without_its_file_it_is_estimated() -> None:
    """And the next step is named."""
    counter = TextCounter.of("gpt-6.2-sol")
    assert counter.count(TEXT) == (estimate(TEXT), "estimated")
    assert "penstock tokens install o200k_base" in counter.by
    assert count(TEXT, "gpt-6.2-sol") == counter.count(TEXT)


def test_a_damaged_file_costs_the_tokenizer_alone(tmp_path: Path) -> None:
    """The text is estimated, and the file is named."""
    path = put(tmp_path, data=b"damaged")
    counter = TextCounter.of("gpt-5", TINY, [tmp_path])
    assert counter.count(TEXT) == (estimate(TEXT), "estimated")
    assert str(path) in counter.by


@pytest.mark.parametrize("installed", [False, True])
def test_claude_is_estimated_by_tokens_of_o200k(tmp_path: Path, installed: bool) -> None:
    """Counted where the vocabulary is there, else estimated; times what is known of the model. It stays an estimate."""
    if installed:
        put(tmp_path)
    counter = TextCounter.of("claude-opus-5-5", TINY, [tmp_path])
    base = TextCounter.of("gpt-5", TINY, [tmp_path]).count(TEXT).tokens
    assert counter.count(TEXT) == (round(base * NEWER_CLAUDE), "estimated")
    assert ("o200k_base" in counter.by) is installed
    assert "1.9" in counter.by
    assert "install" not in counter.by


def test_of_an_unknown_model_nothing_is_pretended(tmp_path: Path) -> None:
    """Neither a vocabulary nor a factor."""
    put(tmp_path)
    counter = TextCounter.of("qwen3-coder", TINY, [tmp_path])
    assert counter.count(TEXT) == (estimate(TEXT), "estimated")
    assert "nothing is known" in counter.by
