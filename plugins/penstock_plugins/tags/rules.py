"""`TagRules`: what a person decides about tags, `[stage.memory.tags]`: aliases and splits of tags, and which prompts
ask for an overview or about a time. A rule or a pattern that cannot be read is a `ValueError` of pydantic."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, field_validator, model_validator

from penstock.text import terms, times_in
from penstock_plugins.tags.keywords import MOST
from penstock_plugins.tags.tag_vocabulary import tag_key

__all__ = ["TagRules"]

_READ = 800
"""Characters of a prompt in which patterns are searched."""
_LONGEST = 12_000
"""Characters of a turn whose words decide which half of a split tag is meant."""
_BROAD = re.compile(
    r"(?i)\b(?:overview|summar(?:y|ise|ize)|recap|so far|in general|big picture|catch me up|where (?:are|were) we"
    r"|what (?:have|did) (?:we|you|i) (?:do|done|did|decide|decided|discuss|discussed|work|worked|change|changed)\b"
    r"|(?:all|every(?:thing)?) (?:we|you|i) (?:know|did|have|decided|said|discussed)|what do (?:we|you) know about)"
)
_WHEN = re.compile(
    r"(?i)\b(?:when (?:did|was|were|do|does|is|will)|yesterday|last (?:week|month|year|night|time|session|sprint)"
    r"|(?:days?|weeks?|months?) ago|earlier (?:today|this)|recently|previously|the other day|back then"
    r"|this (?:morning|week|month))\b"
)


class TagRules(BaseModel):
    """What a person decides about tags."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    aliases: tuple[str, ...] = ()
    """`OLD = NEW`: a tag that is another name for NEW is replaced by it."""
    splits: tuple[str, ...] = ()
    """`OLD = NEW`: in a turn that has one of the other words of NEW, the tag OLD is replaced by NEW. The first that
    fits counts: `checkpoint = checkpoint branch` and `checkpoint = checkpoint format` make two of one."""
    least: int = Field(default=0, ge=0, le=20)
    """Where a turn's tagger gives fewer tags, the turn's own words are added up to so many."""
    most: int = Field(default=MOST, ge=1, le=20)
    """The most tags of a turn. A request has at most five of them."""
    turns_without_names: int = Field(default=0, ge=0, le=60)
    """A prompt that names nothing ("go on") is looked up by the tags of so many last turns, too."""
    broad: bool = True
    """Recognise prompts that ask for an overview, for which more is recalled."""
    broad_patterns: tuple[str, ...] = ()
    """Regular expressions, beside the bundled ones, of prompts that ask for an overview."""
    temporal: bool = True
    """Recognise prompts that ask about a time."""
    temporal_patterns: tuple[str, ...] = ()
    """Regular expressions, beside the bundled ones, of prompts that ask about a time."""
    _aliases: dict[str, str] = PrivateAttr()
    _splits: dict[str, list[str]] = PrivateAttr()
    _broad: tuple[re.Pattern[str], ...] = PrivateAttr()
    _temporal: tuple[re.Pattern[str], ...] = PrivateAttr()

    @field_validator("aliases", "splits")
    @classmethod
    def _are_pairs(cls, given: tuple[str, ...]) -> tuple[str, ...]:
        for one in given:
            _pair(one)
        return given

    @field_validator("broad_patterns", "temporal_patterns")
    @classmethod
    def _are_patterns(cls, given: tuple[str, ...]) -> tuple[str, ...]:
        for one in given:
            try:
                re.compile(one)
            except re.error as e:
                raise ValueError(f"{one!r} is no regular expression: {e}") from e
        return given

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.least > self.most:
            raise ValueError(f"least = {self.least!r} is above most = {self.most!r}; at most that is right")
        return self

    def model_post_init(self, _context: object) -> None:
        self._aliases = {tag_key(old): new for old, new in map(_pair, self.aliases)}
        self._splits = {}
        for old, new in map(_pair, self.splits):
            self._splits.setdefault(tag_key(old), []).append(new)
        self._broad = tuple(map(re.compile, self.broad_patterns))
        self._temporal = tuple(map(re.compile, self.temporal_patterns))

    def applied(self, names: Sequence[str], text: str) -> list[str]:
        """The tags of a text, renamed; each once."""
        if not (self._aliases or self._splits):
            return list(names)
        stems = set(terms(text[:_LONGEST])) if self._splits else set()
        return list(dict.fromkeys(self._renamed(name, stems) for name in names))

    def _renamed(self, name: str, stems: set[str]) -> str:
        name = self._aliases.get(tag_key(name), name)
        key = tag_key(name)
        return next((new for new in self._splits.get(key, ()) if stems & (_stems(new) - _stems(key))), name)

    def is_broad(self, words: str) -> bool:
        """Whether a prompt ("What did we decide so far?") asks for an overview."""
        return self.broad and _is_in(words[:_READ], (_BROAD, *self._broad))

    def is_temporal(self, words: str, now: float | None = None) -> bool:
        """Whether a prompt ("What was wrong last week?", "in May") asks about a time."""
        text = words[:_READ]
        return self.temporal and (_is_in(text, (_WHEN, *self._temporal)) or bool(times_in(text, now)))


def _is_in(text: str, patterns: Iterable[re.Pattern[str]]) -> bool:
    return any(pattern.search(text) is not None for pattern in patterns)


def _stems(name: str) -> set[str]:
    return set(terms(name))


def _pair(rule: str) -> tuple[str, str]:
    old, _, new = (part.strip() for part in rule.partition("="))
    if not old or not new:
        raise ValueError(f"{rule!r}: a rule is OLD = NEW, both of them tags")
    return old, new
