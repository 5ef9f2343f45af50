"""`keywords`: the default way of tagging, which needs no model. Its tags, at most 8, are names and words that are
frequent in a text and rare in the project."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from penstock.text import STOP_WORDS, words
from penstock_plugins.tags.tag_vocabulary import Vocabulary

__all__ = ["keywords"]

CHARS = 6_000
MOST = 8
_FENCE = re.compile(r"```.*?(?:```|\Z)", re.S)
_PATH = re.compile(r"(?<![\w.@~+-])[\w.@~+-]++(?:/[\w.@~+-]++)++")
_FILE = re.compile(
    r"(?<![\w-])-*+(\w[\w-]*+\.(?:py|js|ts|tsx|go|rs|java|c|h|cpp|sql|sh|toml|ya?ml|json|md|css|html|txt|lock))\b"
)
_ERROR = re.compile(r"\b[A-Z]\w*(?:Error|Exception|Warning)\b|\bE\d{3,4}\b|\bHTTP [45]\d\d\b")
_NAME = re.compile(r"\b(?:[a-z]+[A-Z]\w*|(?:[A-Z][a-z]+){2,}\w*|[A-Za-z]\w*_\w+)\b|`([\w./-]{2,40})`")
_PROPER = re.compile(r"(?<=[a-z,] )[A-Z][a-z]{2,}\b")
_PLAIN = re.compile(r"[^\w/.@~+`-]*+[A-Z]?[a-z]*+[^\w/@~+`-]*+\Z")
"""A word between blanks in which neither a path nor a file, a name or the name of an error is found: most are."""
_WORTH_WORD = 1.0
_WORDS_OF_WORK = """
please make made makes use used using want wants need needs like thing things way ways file files code line
lines now new old get gets got set sets add added adds change changed changes fix fixed fixes run runs ran
running work works working look looks looking see show shows shown tell let lets try tried first last next one
two three four five yes okay sure thanks thank good better best right wrong done still also instead really
actually maybe every something anything everything nothing here there does doing remember note noted later
earlier write writes wrote written read reads find found put puts give given gives take takes taken go goes
going know knows think without keep keeps kept left call calls called say says said come comes same different
able back whole redacted
"""
_COMMON = frozenset(_WORDS_OF_WORK.split())


def keywords(text: str, vocabulary: Vocabulary, most: int = MOST) -> list[str]:
    """Tags of a text, the most significant first."""
    worth: dict[str, float] = {}
    spelling: dict[str, str] = {}
    for name, value in _candidates(text[:CHARS]):
        key = name.lower()
        spelling.setdefault(key, name)  # names come before words: `ValueError`, not "valueerror"
        worth[key] = worth.get(key, 0.0) + value
    rarity = vocabulary.rarity(worth)
    scored = {k: value / (1 + 0.3 * value) * (0.15 + rarity[k]) for k, value in worth.items()}
    out: dict[str, None] = {}
    for key in sorted(scored, key=lambda k: (-scored[k], k)):
        out.setdefault(vocabulary.folded(spelling[key]))
        if len(out) >= most:
            break
    return list(out)


def _candidates(text: str) -> Iterator[tuple[str, float]]:
    odd = _without_plain(text)
    for path in _PATH.findall(odd):
        if name := path.rsplit("/", 1)[-1].rstrip(".@~+-"):
            yield name, 2.0
    # A status and what is in backticks may have blanks in them.
    errors, names = (text if "HTTP " in text else odd), (text if "`" in text else odd)
    for rule, where, value in ((_ERROR, errors, 2.2), (_FILE, odd, 2.0), (_NAME, names, 2.0), (_PROPER, text, 1.5)):
        for match in rule.finditer(where):
            yield match[match.lastindex or 0], value
    seen = Counter(word for word in words(_PATH.sub(" ", _FENCE.sub(" ", text))) if _is_telling(word))
    for word, count in seen.items():
        yield word, _WORTH_WORD * count


def _is_telling(word: str) -> bool:
    return 3 < len(word) <= 30 and word.isalpha() and word not in STOP_WORDS and word not in _COMMON


def _without_plain(text: str) -> str:
    return " ".join(word for word in text.split() if not _PLAIN.match(word))
