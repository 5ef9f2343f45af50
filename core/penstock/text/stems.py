"""`terms`: splits a text (`words`) into stems (`stem`) for the word indexes of memory and contexts: lower case, no
endings, no stop words (`STOP_WORDS`). `identifiers`: the paths and names in it that are searched by their parts."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

__all__ = ["STOP_WORDS", "VERSION", "identifiers", "stem", "terms", "words"]

VERSION = "2"
"""Must change whenever `terms` or `identifiers` return something else: the indexes of memory and contexts are rebuilt
then."""

_WORD = re.compile(r"\w+")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_CODE = re.compile(
    r"(?:(?<![\w.@~+/-])[\w.@~+-]*+|(?<!/)(?=/))(?:/++[\w.@~+-]++)++|\b\w+(?:[.:]+\w+)+\b|\b\w*[_\d]\w*\b|\b[a-z]+[A-Z]\w*\b|\b(?:[A-Z][a-z]+){2,}\w*"
)
_PLAIN = re.compile(r"[^\w/.:~@+-]*+[A-Z]?[a-z]*+[^\w/~@+-]*+\Z")
"""A word between blanks in which neither `_CODE` nor `_WIDE` finds anything: most are."""
_WITH_DIGIT = re.compile(r".*\d", re.S)
"""A word up to its last digit."""
_HEXADECIMAL = re.compile(r"(?:0x)?[0-9a-f_]+")
_WIDE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]{2,}")

_STOP = """a an the of to in on at for and or is are was were be been being did do does done doing has have had having i
you he she it they we me him them us my your his her its their our mine yours hers theirs ours what when where who whom
which how why that this these those with from by as about into over after before there here then than so if but not no
nor can could would should will shall may might must just also too very am any some all both each more most other such
only own same up down out off again once during until while because through between s t don im ive id youre thats didn
doesn isn wasn"""
STOP_WORDS = frozenset(_STOP.split())

_ENDINGS = (
    ("ational", "ate"),
    ("fulness", "ful"),
    ("ousness", "ous"),
    ("ization", "ize"),
    ("iveness", "ive"),
    ("ingly", ""),
    ("edly", ""),
    ("ings", ""),
    ("ing", ""),
    ("ies", "y"),
    ("ied", "y"),
    ("ment", ""),
    ("ness", ""),
    ("sses", "ss"),
    ("ed", ""),
    ("es", ""),
    ("ly", ""),
    ("s", ""),
)


def words(text: str) -> list[str]:
    """The words of a text in order, lower case, without possessives and apostrophes."""
    text = text.replace("\u2019", "'").replace("'s ", " ").replace("'", "")
    return _WORD.findall(text.lower())


def terms(text: str) -> list[str]:
    """The stems of a text as they are indexed; for `parseHttpHeader` also those of its parts."""
    found = [stem(word) for word in words(text) if word not in STOP_WORDS]
    for name in re.findall(r"\b[a-z]+[A-Z]\w*|\b(?:[A-Z][a-z]+){2,}\w*|\b\w*[a-z]_\w+", text):
        parts = _CAMEL.sub(" ", name).replace("_", " ").lower().split()
        found += [stem(part) for part in parts if part not in STOP_WORDS and len(part) > 1]
    return found


def identifiers(text: str) -> str:
    """The paths, dotted names, names with digits or inner capitals, and texts in scripts without spaces, which are
    searched by parts of a word."""
    odd = " ".join(word for word in dict.fromkeys(text.split()) if not _PLAIN.match(word))
    return " ".join(dict.fromkeys(match.lower() for rule in (_CODE, _WIDE) for match in rule.findall(odd)))


@lru_cache(maxsize=50_000)
def stem(word: str) -> str:
    """A word without its ending, and without accents on its Latin letters. Rough on purpose: it only has to map forms
    of one word to one stem. Words that differ in digits have different stems: of `sha256sums` the ending of `sums` is
    dropped, of `1990s` the `s`, and of a hexadecimal number nothing."""
    word = word if word.isascii() else _without_accents(word)
    if len(word) <= 3 or not word.isascii():
        return word
    if (number := _WITH_DIGIT.match(word)) is None:
        return _plain_stem(word)
    unit = word[number.end() :]
    return word if _HEXADECIMAL.fullmatch(word) else number[0] + ("" if unit == "s" else _plain_stem(unit))


def _without_accents(word: str) -> str:
    """However many a letter has: SQLite's FTS5 takes some off, too, and PostgreSQL none."""
    whole = (unicodedata.normalize("NFD", letter) for letter in word)
    return "".join(parts[0] if parts[0].isascii() else letter for parts, letter in zip(whole, word, strict=True))


def _plain_stem(word: str) -> str:
    """The stem of a word without digits."""
    if len(word) <= 3:
        return word
    for ending, other in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            word = word[: -len(ending)] + other
            break
    if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "lsz_":
        word = word[:-1]
    if len(word) > 3 and word.endswith("e"):
        word = word[:-1]
    if len(word) > 3 and word.endswith("y"):
        word = word[:-1] + "i"
    return word
