"""`corrections_in`: what a user asked to use instead of something else, as in "no, use pnpm instead of npm", as
observations of patterns."""

from __future__ import annotations

import re
from collections.abc import Iterable

from penstock.memory import PatternKind
from penstock.text import STOP_WORDS
from penstock_plugins.learning.patterns import Observation, Pattern

__all__ = ["corrections_in"]

_NAMED = r"(?P<{0}>`[^`\n]{{1,80}}`|[\w@./+-]{{2,40}}(?: [\w@./+-]{{2,40}}){{0,2}}?)"
_END = r"(?=\s*(?:[,;.:!?)\n]|$|\b(?:for|in|when|please|here|because|as|to|and)\b))"
_WANTED, _UNWANTED = _NAMED.format("wanted"), _NAMED.format("unwanted")
_FORMS = (
    re.compile(rf"(?im)\b(?:use|run|call) {_WANTED},? (?:instead of|rather than|(?:and )?not) {_UNWANTED}{_END}"),
    re.compile(
        rf"(?im)\b(?:don'?t|do not|never|stop) (?:use|using|run|running|call|calling) {_UNWANTED}"
        rf"\s*[,;.:-]+\s*(?:but |and )?(?:use|run|call) {_WANTED}(?: instead)?{_END}"
    ),
    re.compile(rf"(?im)\binstead of (?:using |running )?{_UNWANTED},? (?:use|run|call) {_WANTED}{_END}"),
)
_READ = 4_000


def corrections_in(prompt: str, known: Iterable[Pattern]) -> list[Observation]:
    """What a prompt asks to use instead of something; of `known` patterns, those that it asks the opposite of."""
    asked = {
        (_bare(found["unwanted"]), _bare(found["wanted"])) for form in _FORMS for found in form.finditer(prompt[:_READ])
    }
    seen = [
        Observation(Pattern(PatternKind.CORRECTION, unwanted, action=wanted), followed=True)
        for unwanted, wanted in sorted(asked)
        if unwanted != wanted and _is_name(unwanted) and _is_name(wanted)
    ]
    reversed_ = [
        Observation(one, followed=False)
        for one in known
        if one.kind is PatternKind.CORRECTION and (one.action, one.trigger) in asked
    ]
    return [*seen, *reversed_]


def _is_name(name: str) -> bool:
    """Whether it names something by itself, unlike "that too"."""
    return bool(name) and not any(word in STOP_WORDS for word in name.split())


def _bare(name: str) -> str:
    return re.sub(r"^(?:the|a|an) ", "", name.strip("` ").lower()).rstrip(".,")
