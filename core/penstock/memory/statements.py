"""`statements`: finds the sentences of a text that state a constraint, a decision or open work, by their words
(`states_constraint`, `states_decision`, `states_open`); `files_in`: the files that an item names or changes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from penstock.memory.items import Item, Kind
from penstock.memory.materials.diffs import file_of

__all__ = ["files_in", "statements", "states_constraint", "states_decision", "states_open"]

_CONSTRAINT = re.compile(
    r"\b(?:must|never|always|do not|don't|shall(?: not)?|should not|shouldn't|may not|cannot|only use|no more than"
    r"|at most|at least|require[sd]?|forbidden|not allowed|prefer|make sure|be sure|without (?:breaking|changing)"
    r"|has to|have to|keep (?:it|the|all))\b",
    re.I,
)
_DECISION = re.compile(
    r"\b(?:decided|decision|we(?:'ll| will|'re going to) (?:go with|use|keep|stick|do)|let's (?:go with|use|keep|do)"
    r"|agreed|chose|chosen|settled on|switch(?:ed|ing) to|going with|go with|stick with|approved|in favou?r of"
    r"|opted)\b",
    re.I,
)
_OPEN = re.compile(
    r"\b(?:todo|fixme|still (?:needs?|have|has|fails?|open|missing|to|broken)|not yet|next steps?|open questions?"
    r"|remains? to|remaining (?:work|tasks?|steps?|issues?|errors?)|unresolved|blocked|blocker|needs? to be|left to do"
    r"|follow[- ]up|pending|doesn't work|does not work)\b",
    re.I,
)
_SENTENCE = re.compile(r"(?<=\D[.!?])\s+(?=\S)|\n+")
_LONGEST = 400
"""The most characters of a statement; longer lines are data."""
_MOST = 4
"""The most statements of one text."""
_ITEM = re.compile(r"[-*•+] |\d{1,3}[.)] ")
_FENCED = re.compile(r"^(```|~~~).*?^\1", re.M | re.S)
_PATH = re.compile(r"(?<![\w/.:@-])(?:[\w.@~+-]+/)*[\w.@+-]+\.[A-Za-z]\w{0,5}(?![\w/])")
_EXTENSION = re.compile(
    r"c|cc|cfg|cpp|cs|css|csv|env|go|h|hpp|html|ini|ipynb|java|jsx?|json|kt|lock|lua|md|mjs|php|proto|ps1|pyi?|rb|rs|rst"
    r"|scala|scss|sh|sql|svelte|swift|tf|toml|tsx?|txt|vue|xml|ya?ml|zig",
    re.I,
)
"""Known file extensions, so that `e.g.` and `self.items` are not taken for files."""
_LOOKED_AT = 20_000


def states_constraint(text: str) -> bool:
    """Whether a text states what must or must not be."""
    return _CONSTRAINT.search(text) is not None


def states_decision(text: str) -> bool:
    """Whether a text states a decision."""
    return _DECISION.search(text) is not None


def states_open(text: str) -> bool:
    """Whether a text states what is left to do, or does not work."""
    return _OPEN.search(text) is not None


def statements(text: str, what: Callable[[str], bool]) -> list[str]:
    """The sentences of `text`, outside of code, for which `what` is true; after a colon, with the list or sentence that
    follows. Questions are left out."""
    prose = _FENCED.sub("\n", text[:_LOOKED_AT])
    sentences = [sentence for one in _SENTENCE.split(prose) if (sentence := one.strip())]
    found: list[str] = []
    taken = 0
    for n, sentence in enumerate(sentences):
        if n < taken or len(sentence) > _LONGEST or sentence.endswith("?") or not what(sentence):
            continue
        taken = n + 1
        if sentence.rstrip("*_ ").endswith(":"):
            taken = _end_of_list(sentences, n)
            if taken == n + 1:
                continue
        found.append("\n".join(sentences[n:taken]))
    return found[:_MOST]


def _end_of_list(sentences: list[str], n: int) -> int:
    """Where what belongs to the sentence at `n` ends: its list, else one sentence."""
    end, left = n + 1, _LONGEST
    while end < len(sentences) and _ITEM.match(sentences[end]) and len(sentences[end]) <= left:
        left -= len(sentences[end])
        end += 1
    follows = end == n + 1 < len(sentences) and len(sentences[end]) <= left
    return end + 1 if follows else end


def files_in(item: Item) -> Iterator[tuple[str, str]]:
    """The files an item names, each with how it was changed ("+3 -1") where the item is a diff."""
    if item.kind is Kind.DIFF:
        if path := file_of(item.text):
            lines = item.text.split("\n")
            added = sum(line.startswith("+") and not line.startswith("+++ ") for line in lines)
            removed = sum(line.startswith("-") and not line.startswith("--- ") for line in lines)
            yield path, f"+{added} -{removed}"
        return
    for found in dict.fromkeys(_PATH.findall(item.text[:_LOOKED_AT])):
        if _EXTENSION.fullmatch(found.rpartition(".")[2]):
            yield found, ""
