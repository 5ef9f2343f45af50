"""`tokenizer_of`: the model's own tokenizer, if its vocabulary is public and on this machine. `TextCounter`: counts the
tokens of texts as a model does, with that tokenizer, else by an estimate; `count` does so for one text. Never
downloads. Loads a vocabulary: not for the event loop."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from penstock.base.errors import VocabularyError
from penstock.tokens.calibration import Count, How
from penstock.tokens.estimate import estimate
from penstock.tokens.model_vocabulary import encoding_for, per_o200k
from penstock.tokens.vocabulary import KNOWN, Tokenizer, Vocabulary, find, load

__all__ = ["TextCounter", "count", "tokenizer_of"]

O200K = "o200k_base"
"""The vocabulary by which the tokens of models without a public one are estimated."""


@dataclass(frozen=True, slots=True)
class TextCounter:
    """Counts texts as one model does. Loads a vocabulary: do not create one on the event loop."""

    how: How
    by: str
    """The method of counting, in words."""
    _tokens: Callable[[str], int]
    _factor: float = 1.0

    @classmethod
    def of(
        cls, model: str, vocabularies: Mapping[str, Vocabulary] = KNOWN, among: Sequence[Path] | None = None
    ) -> TextCounter:
        """The best counter for a model on this machine. Never downloads; with a missing or damaged vocabulary it
        estimates, and `by` names the next step. `among`: folders to search instead of the usual ones."""
        own, hint = tokenizer_of(model, vocabularies, among)
        if own is not None:
            return cls("tokenizer", f"{own.name}, the model's own vocabulary", own.count)
        factor = per_o200k(model)
        times = f", times {factor:g} for this model" if factor is not None and factor != 1.0 else ""
        unknown = "" if factor is not None else "; nothing is known of the model's tokens"
        if not hint and factor is not None:
            measure = _loaded(vocabularies.get(O200K), among)[0]
            if measure is not None:
                return cls("estimated", f"{measure.name}{times}", measure.count, factor)
        return cls("estimated", f"classes of characters{times}{unknown}{hint}", estimate, factor or 1.0)

    def count(self, text: str) -> Count:
        """The tokens of `text`."""
        return Count(round(self._tokens(text) * self._factor), self.how)


def count(text: str, model: str) -> Count:
    """The tokens of one text; to count several, make a `TextCounter`."""
    return TextCounter.of(model).count(text)


def tokenizer_of(
    model: str, vocabularies: Mapping[str, Vocabulary] = KNOWN, among: Sequence[Path] | None = None
) -> tuple[Tokenizer | None, str]:
    """The model's own tokenizer. None: its vocabulary is not public, or cannot be used here; the text then says what
    would change that, if anything."""
    return _loaded(vocabularies.get(encoding_for(model) or ""), among)


def _loaded(vocabulary: Vocabulary | None, among: Sequence[Path] | None) -> tuple[Tokenizer | None, str]:
    if vocabulary is None:
        return None, ""
    path = find(vocabulary, among)
    if path is None:
        return None, f"; `penstock tokens install {vocabulary.name}` lets it be counted"
    try:
        return load(vocabulary, path), ""
    except VocabularyError as e:
        return None, f"; {e}"
