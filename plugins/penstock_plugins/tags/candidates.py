"""`candidates`: what a text can be tagged with: its paths, files, errors, names of code and of people, nouns and other
words, and pairs of words that occur again."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from penstock.text import STOP_WORDS
from penstock_plugins.tags.english import RAREST, Word, is_listed, word_of

__all__ = ["Candidate", "candidates"]


class Candidate(NamedTuple):
    """One occurrence of a name, a word or a pair of words."""

    name: str
    value: float
    """How much it says: of its kind, and the more the rarer it is in English."""
    weight: float = 1.0
    """1 for an occurrence, less in code."""


COMMONEST = 7.6
"""The Zipf value of `the`, which says nothing."""
_WORTH = {"noun": 1.0, "verb": 0.45, "adjective": 0.3, "other": 0.0}
_PATH_WORTH, _FOLDER_WORTH, _FILE_WORTH, _ERROR_WORTH, _NAME_WORTH = 2.5, 0.5, 2.5, 1.0, 0.9
_PROPER_WORTH, _PAIR_WORTH = 1.0, 1.2
_IN_CODE = 0.2
"""How much an occurrence in a fenced block counts: code repeats its words, and prose chooses them."""

_SCHEME = re.compile(r"https?://")
_REDACTED = re.compile(r"\[redacted [a-z0-9 ]{1,40}\]")
"""What stands in place of a secret: the words in it are not part of the prompt."""
_HASH = re.compile(r"(?=\D*+\d)[0-9a-fA-F-]{7,}+\Z")
_FENCE = re.compile(r"```.*?(?:```|\Z)", re.S)
_PATH = re.compile(r"(?<![\w.@~+-])[\w.@~+-]++(?:/[\w.@~+-]++)++")
_FILE = re.compile(
    r"(?<![\w-])-*+(\w[\w-]*+\.(?:py|js|ts|tsx|go|rs|java|c|h|cpp|sql|sh|toml|ya?ml|json|md|css|html|txt|lock))\b"
)
_ERROR = re.compile(r"\b[A-Z]\w*(?:Error|Exception|Warning)\b|\bE\d{3,4}\b|\bHTTP [45]\d\d\b")
_NAME = re.compile(r"\b(?:[a-z]+[A-Z]\w*|(?:[A-Z][a-z]+){2,}\w*|[A-Za-z]\w*_\w+)\b|`([\w./-]{2,40})`")
_CAPITALS = re.compile(r"\b[A-Z]\w*+(?: (?!I\b)[A-Z]\w*+)*+")
_AMID = re.compile(r"[a-z,] \Z")
"""What stands before a proper name. A heading and the start of a sentence have capitals too."""
_PLAIN = re.compile(r"[^\w/.@~+`-]*+[A-Z]?[a-z]*+[^\w/@~+`-]*+\Z")
"""A word between blanks in which neither a path nor a file, a name or the name of an error is found: most are."""
_WORD = re.compile(r"\w+(?:'[^\W\d_]+)?|[.,;:!?()\n]|\S")
_LOWER = re.compile(r"\b[a-z]{3,}\b")
_LETTERS = re.compile(r"[^\W\d_].*[^\W\d_]")
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
_SPOKEN = """
hey hmm umm ummm uhh huh hello yeah yep nope wow haha lol gonna wanna gotta kinda sorta cool awesome amazing great
glad nice love loved happy fun lot lots bit stuff guy guys kind sort sounds definitely absolutely totally congrats bye
omg btw thx pls etc today tomorrow yesterday week weeks month months year years day days time times morning night
people someone everyone january february march april june july august september october november december monday
tuesday wednesday thursday friday saturday sunday anyone idea ideas question questions answer answers example examples
help helps helped step steps case cases point points part parts number numbers name names list lists type types issue
issues problem problems
"""
_COMMON = STOP_WORDS | frozenset(_WORDS_OF_WORK.split()) | frozenset(_SPOKEN.split())


def candidates(text: str) -> Iterator[Candidate]:
    """All that a text can be tagged with; names before words, so that a name keeps its spelling."""
    text = _REDACTED.sub(" . ", _SCHEME.sub("", text))
    code = "\n".join(_FENCE.findall(text))
    prose = _FENCE.sub("\n", text) if code else text
    yield from _names(prose, 1.0)
    if code:
        yield from _names(code, _IN_CODE)
    lower = frozenset(_LOWER.findall(prose))
    for name in _proper(prose, lower):
        yield Candidate(name, _PROPER_WORTH * _rare(RAREST))
    yield from _words(_PATH.sub(" . ", prose), lower)


def _names(text: str, weight: float) -> Iterator[Candidate]:
    """Paths, files, errors and names of code."""
    odd = _without_plain(text)
    named = [(part, worth) for path in _PATH.findall(odd) for part, worth in _parts_of(path)]
    # A status and what is in backticks may have blanks in them.
    errors, names = (text if "HTTP " in text else odd), (text if "`" in text else odd)
    for rule, where, worth in ((_ERROR, errors, _ERROR_WORTH), (_FILE, odd, _FILE_WORTH), (_NAME, names, _NAME_WORTH)):
        named += [(match[match.lastindex or 0], worth) for match in rule.finditer(where)]
    for name, worth in named:
        if name.isalpha() and name.islower():
            if _is_telling(name):
                yield from _word(word_of(name), name, weight)
        elif _LETTERS.search(name) and not _HASH.match(name):
            yield Candidate(name, worth * _rare(RAREST), weight)


def _parts_of(path: str) -> Iterator[tuple[str, float]]:
    *_, folder, name = path.rsplit("/", 2)
    for part, worth in ((name, _PATH_WORTH), (folder, _FOLDER_WORTH)):
        yield part.rstrip(".@~+-"), worth


def _proper(text: str, lower: frozenset[str]) -> Iterator[str]:
    """Names of people, places and products: of up to four words, with capitals where other words have none."""
    for match in _CAPITALS.finditer(text):
        words = match[0].split()
        if len(words) > 4 or not _AMID.search(text[max(0, match.start() - 2) : match.start()]):
            continue
        words = [word for word in words if word.lower() not in _COMMON]
        if any(len(word) > 2 and not word.isupper() for word in words) and not lower.issuperset(map(str.lower, words)):
            yield " ".join(words)


def _words(text: str, lower: frozenset[str]) -> Iterator[Candidate]:
    """Words, and pairs of them: a noun with a noun or an adjective before it."""
    last, before = "", None
    for found in _WORD.findall(text):
        word = found.replace("\u2019", "'").removesuffix("'s")
        key = word.lower()
        known = word_of(key) if _is_telling(key) else None
        if known is not None:
            yield from _word(known, key if key in lower or is_listed(key) else word)
            if before is not None and known.kind == "noun" and before.kind in ("noun", "adjective") and key != last:
                yield Candidate(f"{last} {key}", _PAIR_WORTH * (_rare(before.zipf) + _rare(known.zipf)) / 2)
        last, before = key, known


def _word(known: Word, name: str, weight: float = 1.0) -> Iterator[Candidate]:
    if worth := _WORTH[known.kind] * _rare(known.zipf):
        yield Candidate(name, worth, weight)


def _rare(zipf: float) -> float:
    """0 for the commonest word, 1 for a rare one."""
    return (COMMONEST - zipf) / (COMMONEST - RAREST)


def _is_telling(word: str) -> bool:
    return 2 < len(word) <= 30 and word.isalpha() and word not in _COMMON


def _without_plain(text: str) -> str:
    return " ".join(word for word in text.split() if not _PLAIN.match(word))
