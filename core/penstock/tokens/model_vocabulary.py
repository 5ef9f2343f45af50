"""`encoding_for`: which public vocabulary a model counts with, None if it is not public; `per_o200k` and `prior`: for
other models, by how much its counts differ from that vocabulary's and from our estimates (1.0 for an unknown model).

Used for the first estimate for a model whose provider has not counted anything yet. It is data by name of the model,
with source.
"""

from __future__ import annotations

import re
from functools import lru_cache

__all__ = ["ESTIMATE_PER_O200K", "encoding_for", "per_o200k", "prior"]

_ENCODINGS = {
    # tiktoken/model.py, tiktoken 0.14.0
    "gpt-5": "o200k_base",
    "gpt-4.5": "o200k_base",
    "gpt-4.1": "o200k_base",
    "gpt-4o": "o200k_base",
    "chatgpt-4o": "o200k_base",
    "o1": "o200k_base",
    "o3": "o200k_base",
    "o4-mini": "o200k_base",
    "gpt-4": "cl100k_base",
    "gpt-3.5": "cl100k_base",
    "gpt-35-turbo": "cl100k_base",
    "text-embedding-3": "cl100k_base",
    "text-embedding-ada-002": "cl100k_base",
    # There o200k_harmony, which differs from o200k_base in special tokens alone; those count as plain text here.
    "gpt-oss": "o200k_base",
    # Not in tiktoken's table. ttok 1.0 (9 October 2026): "o200k_base tokenizer used by the GPT-5 and GPT-6 families".
    "gpt-6": "o200k_base",
    # OpenAI's pages of the Codex models: made from o4-mini, from GPT-5.
    "codex-mini": "o200k_base",
}
_BEFORE_NAME = re.compile(r"^(?:.*/)?(?:ft:)?", re.DOTALL)
"""A vendor in front (`openai/gpt-5`), as routers write it; a fine-tuned model."""
_CLAUDE = re.compile(r"claude-(?:[a-z]+-)?(\d{1,2})(?!\d)(?:[-.](\d{1,2})(?!\d))?")
"""In `claude-opus-4-7`, `claude-3-5-haiku`, `anthropic.claude-sonnet-5-v1:0`. A date is no version."""
_FAMILY = re.compile(r"claude-(?:opus|sonnet|haiku|fable|mythos)")
_NEWER_FROM = (4, 7)
NEWER_CLAUDE, OLDER_CLAUDE = 1.9, 1.33
"""Tokens that a model counts for each token of o200k_base, on English, code and tool output. Older: measured on
recorded sessions of Claude Code (Opus 4.5 1.25, Sonnet 4.5 1.29, Opus 4.6 1.32 tokens by what a request adds to the one
before). Newer: Opus 4.7 and later, all of 5 and later, Fable, Mythos; Anthropic's page "Token counting" says about 30 %
more tokens than earlier models for the same text, others measured 13 to 30 % for code, 45 % for English and Markdown.
1.9 is the upper end: a window that is fuller than thought costs a request, one that is emptier nothing."""
ESTIMATE_PER_O200K = OLDER_CLAUDE
"""Tokens that `tokens.estimate_bytes` estimates for each token of o200k_base: it was fitted to what the older Claude
models counted."""


def encoding_for(model: str) -> str | None:
    """The name of the vocabulary that is the model's own. None: it is not public, or the model is not known."""
    return _encoding_for(model[:200])


@lru_cache(maxsize=500)
def _encoding_for(model: str) -> str | None:
    name = _BEFORE_NAME.sub("", model.lower(), count=1)
    found = [prefix for prefix in _ENCODINGS if re.match(re.escape(prefix) + r"(?![a-z0-9])", name)]
    return _ENCODINGS[max(found, key=len)] if found else None


def per_o200k(model: str) -> float | None:
    """Tokens that the model counts for each token of o200k_base. None: not known."""
    return _per_o200k(model[:200])


@lru_cache(maxsize=500)
def _per_o200k(model: str) -> float | None:
    name = model.lower()
    if "claude" not in name:
        return 1.0 if _encoding_for(model) is not None else None
    version = _CLAUDE.search(name)
    if version is None:  # claude-mythos-preview, claude-opus-latest
        return NEWER_CLAUDE if _FAMILY.search(name) else None
    is_newer = (int(version[1]), int(version[2] or 0)) >= _NEWER_FROM
    return NEWER_CLAUDE if is_newer else OLDER_CLAUDE


def prior(model: str) -> float:
    """How many times our estimate of a request the model's provider will count, before it has counted anything. 1.0 for
    a model that is not known."""
    factor = per_o200k(model)
    return 1.0 if factor is None else factor / ESTIMATE_PER_O200K
