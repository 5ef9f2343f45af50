"""Words of a text (`words`), their stems (`terms`, `stem`), the times it names (`times_in`) and what a question asks
for (`read_question`), as memory's search reads them."""

from __future__ import annotations

from penstock.text.dates import When, parse_date, times_in
from penstock.text.question import Question, read_question
from penstock.text.stems import STOP_WORDS, stem, terms, words

__all__ = ["STOP_WORDS", "Question", "When", "parse_date", "read_question", "stem", "terms", "times_in", "words"]
