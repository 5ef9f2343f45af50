"""What is known of a model's tokens by its name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.tokens.model_vocabulary import NEWER_CLAUDE, OLDER_CLAUDE, encoding_for, per_o200k, prior
from penstock.tokens.vocabulary import KNOWN


@pytest.mark.parametrize(
    ("model", "encoding"),
    [
        ("gpt-5.2-codex", "o200k_base"),
        ("gpt-6.2-sol", "o200k_base"),
        ("openai/gpt-6-astra", "o200k_base"),
        ("GPT-5", "o200k_base"),
        ("gpt-4o-mini", "o200k_base"),
        ("gpt-4.1", "o200k_base"),
        ("gpt-4-turbo", "cl100k_base"),
        ("gpt-3.5-turbo", "cl100k_base"),
        ("o3", "o200k_base"),
        ("o1-mini", "o200k_base"),
        ("o4-mini-high", "o200k_base"),
        ("gpt-oss:20b", "o200k_base"),
        ("ft:gpt-4o:mine", "o200k_base"),
        ("gpt-55", None),
        ("o10", None),
        ("qwen3-coder", None),
        ("claude-opus-5-5", None),
        ("", None),
    ],
)
def test_openai_models_have_a_public_vocabulary(model: str, encoding: str | None) -> None:
    """By the beginning of their name, with or without a router's prefix; no other model has one."""
    assert encoding_for(model) == encoding
    assert per_o200k(model) == (1.0 if encoding else NEWER_CLAUDE if "claude" in model else None)


@pytest.mark.parametrize(
    "model",
    [
        "claude-opus-4-6",
        "claude-opus-4-20250514",
        "claude-opus-4-1-20250805",
        "claude-sonnet-4-5-20250929",
        "claude-haiku-4-5",
        "claude-3-5-haiku-20241022",
        "anthropic.claude-3-7-sonnet-20250219-v1:0",
        "anthropic/claude-sonnet-4.6",
        "claude-2.1",
        "claude-instant-1.2",
    ],
)
def test_older_claude_models_count_as_our_estimate_does(model: str) -> None:
    """It was fitted to them. A date in a name is no version."""
    assert per_o200k(model) == OLDER_CLAUDE
    assert prior(model) == 1.0


@pytest.mark.parametrize(
    "model",
    [
        "claude-opus-4-7",
        "claude-opus-4.8",
        "claude-sonnet-5",
        "claude-opus-5-5",
        "claude-haiku-5-5-20261007",
        "us.anthropic.claude-sonnet-5-5-v1:0",
        "claude-fable-5-2",
        "claude-mythos-preview",
        "claude-opus-latest",
    ],
)
def test_newer_claude_models_count_more(model: str) -> None:
    """From Opus 4.7 on; a name without a version is that of a newer one."""
    assert per_o200k(model) == NEWER_CLAUDE
    assert prior(model) == pytest.approx(1.43, abs=0.01)


def test_openai_counts_fewer_than_we_estimate() -> None:
    """And of a model nobody knows nothing is said."""
    assert prior("gpt-6.2-sol") == pytest.approx(0.75, abs=0.01)
    assert [prior(model) for model in ("qwen3-coder", "claude-x", "claude-instant", "")] == [1.0] * 4


@given(st.text(max_size=300))
def test_any_name_has_a_prior(model: str) -> None:
    """Above 0, and only vocabularies that are known."""
    assert 0.5 < prior(model) < 2
    assert encoding_for(model) is None or encoding_for(model) in KNOWN
