"""`Knowledge`: the patterns of one account's project, which are items of the memory, with each observation as feedback
on its item: `learn` adds observations (their `Evidence`) and deletes the patterns that helped least where there are too
many, `patterns` reads them with their counts (`Known`). Both raise `MemoryDown` if the memory cannot be read or
written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from penstock.memory import FeedbackKind, Item, Memory, PatternKind, Tally, Voice, learned_project
from penstock_plugins.learning.patterns import Observation, Pattern, read_pattern, text_of

__all__ = ["Evidence", "Knowledge", "Known"]

_DAY = 86_400.0
_MOST = 20_000
_LONGEST = 600
"""Characters of a pattern's text; longer ones are not kept."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Where and when something was observed."""

    exchange: str
    session: str
    conversation: str
    at: float

    @property
    def name(self) -> str:
        """The name of the observation, as that of who gives feedback."""
        return f"{self.exchange} in {self.session}"[:200]


@dataclass(frozen=True, slots=True)
class Known:
    """A pattern with what speaks for and against it."""

    pattern: Pattern
    item: Item
    tally: Tally

    @property
    def confirmed(self) -> int:
        """How often it was what happened."""
        return self.tally.helpful

    @property
    def seen(self) -> int:
        """How often its trigger was met, and what followed was seen."""
        return self.tally.helpful + self.tally.wrong

    @property
    def is_vouched_for(self) -> bool:
        """Whether a person pinned it or called it helpful."""
        return self.item.pinned or self.item.helpful > self.item.wrong

    @property
    def is_rejected(self) -> bool:
        """Whether a person called it wrong."""
        return self.item.wrong > self.item.helpful


class Knowledge:
    """What is known of a project. `owner`: the account, as for `Memory.add`."""

    def __init__(self, project: str, owner: str, clean: Callable[[str], str], *, most: int, days: float) -> None:
        self._named, self._owner, self._clean, self._most, self._days = (
            learned_project(project),
            owner,
            clean,
            most,
            days,
        )

    def patterns(self, memory: Memory) -> list[Known]:
        """The patterns with their counts. An item that a person edited into no pattern is left out."""
        name = memory.project_for(self._named, self._owner)
        read = [(item, read_pattern(item.text)) for item in memory.newest(name, limit=_MOST)]
        tallies = memory.feedback.tallies([item.id for item, _ in read])
        return [Known(one, item, tallies.get(item.id, Tally())) for item, one in read if one is not None]

    def learn(self, memory: Memory, observed: Sequence[Observation], source: Evidence) -> None:
        """Add observations: a pattern that is new is stored if it followed and names no secret."""
        known = {one.pattern for one in self.patterns(memory)}
        new = [one.pattern for one in observed if one.followed and one.pattern not in known]
        memory.add([self._item(one, source) for one in new if self._may_be_kept(one)], owner=self._owner)
        items = {one.pattern: one.item for one in self.patterns(memory)}
        met = [(items[one.pattern], one.followed) for one in observed if one.pattern in items]
        for item, followed in met:
            kind = FeedbackKind.HELPFUL if followed else FeedbackKind.WRONG
            memory.hear(item, Voice(kind, source.name, source.at))
        if met:
            name, until = met[0][0].project, source.at + self._days * _DAY
            memory.change(name, [item.id for item, followed in met if followed], expires_at=until)
            self._bound(memory, name)

    def _item(self, pattern: Pattern, source: Evidence) -> Item:
        return Item(
            project=self._named,
            text=text_of(pattern),
            session=source.session,
            conversation=source.conversation,
            at=source.at,
            role=pattern.kind.value,
            expires_at=source.at + self._days * _DAY,
        )

    def _may_be_kept(self, pattern: Pattern) -> bool:
        text = text_of(pattern)
        return len(text) <= _LONGEST and self._clean(text) == text and read_pattern(text) == pattern

    def _bound(self, memory: Memory, name: str) -> None:
        """Delete what helped least of the kinds of which there are too many."""
        by_kind: dict[PatternKind, list[Known]] = {}
        for one in self.patterns(memory):
            by_kind.setdefault(one.pattern.kind, []).append(one)
        for found in by_kind.values():
            spare = [one for one in found if not one.is_vouched_for]
            spare.sort(key=lambda one: (one.confirmed, one.tally.last_at))
            gone = spare[: max(0, len(found) - self._most)]
            if gone:
                memory.forget(name, [one.item.id for one in gone])
