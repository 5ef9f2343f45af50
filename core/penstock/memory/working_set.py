"""`working_set`: what an agent needs to go on with a task, by its purpose, from a thread (its newest 2,000 items) or a
project: sections (mission, constraints, decisions, files, …) that share a number of tokens. No model writes it.
`WorkingSet` says how much did not fit and whether no item is clearly about the purpose (`weak`). Raises
`MemoryDown`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from penstock.memory.items import Item, Kind
from penstock.memory.memory import Memory
from penstock.memory.recall import LOOKED_AT
from penstock.memory.search.weights import LIKELY, RELATED
from penstock.memory.selection import Selection
from penstock.memory.statements import files_in, statements, states_constraint, states_decision, states_open
from penstock.tokens.estimate import estimate

__all__ = ["SECTIONS", "Entry", "WorkingSet", "working_set"]

SECTIONS: Mapping[str, float] = {
    "mission": 0.2,
    "constraints": 0.25,
    "decisions": 0.3,
    "files": 0.15,
    "open": 0.3,
    "recent": 0.5,
    "artifacts": 1.0,
}
"""The sections in the order in which they are filled; each with the share it may take of the tokens that are left, so
that a long one does not leave the others out."""
_THREAD = 2_000
"""Items of a thread that are looked at: its newest."""
_LATEST = 50
"""Of a project without a thread, the items that are recent; and how many pinned ones there may be."""
_CHARACTERS = 1_500
"""Of one entry."""
_WORDY = 1_000
"""Characters from which on a text is long."""
_PERSONS = ("assistant", "tool", "system")
"""Roles that are no person's."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A text in a section, and the item it is from."""

    item: Item
    text: str
    tokens: int

    @property
    def is_whole(self) -> bool:
        """Whether the text is all of the item."""
        return self.text == self.item.text


@dataclass(slots=True)
class WorkingSet:
    """Sections by name, each in order."""

    sections: dict[str, list[Entry]] = field(default_factory=dict)
    tokens: int = 0
    """The estimated tokens of all texts."""
    left_out: int = 0
    """Entries that did not fit."""
    weak: bool = True
    """Whether no item is clearly about the purpose."""
    degraded: tuple[str, ...] = ()

    @property
    def sources(self) -> list[Item]:
        """The items it is from, each once."""
        return list({entry.item.id: entry.item for some in self.sections.values() for entry in some}.values())


def working_set(
    memory: Memory, purpose: str, project: str, *, tokens: int, which: Selection | None = None, now: float | None = None
) -> WorkingSet:
    """The working set of the thread that `which` names, with the project's pinned items; without a thread, of the items
    related to the purpose and the latest. Raises `MemoryDown`."""
    known = _Known.of(memory, purpose, project, which or Selection(), now)
    out = WorkingSet(weak=known.weak, degraded=known.degraded)
    fill: dict[str, Callable[[], Iterable[tuple[Item, str]]]] = {
        "mission": known.mission,
        "constraints": known.constraints,
        "decisions": known.decisions,
        "files": known.files,
        "open": known.open,
        "recent": known.recent,
        "artifacts": known.artifacts,
    }
    said: set[str] = set()
    for name, share in SECTIONS.items():
        left = int((tokens - out.tokens) * share)
        section: list[Entry] = []
        for item, text in fill[name]():
            form = " ".join(text.lower().split())
            if not form or form in said:
                continue
            entry = Entry(item, text, estimate(text))
            if entry.tokens > left:
                out.left_out += 1
                continue
            left -= entry.tokens
            said.add(form)
            section.append(entry)
        if name == "recent":
            section.sort(key=lambda entry: (entry.item.at or 0.0, entry.item.seq, entry.item.part))
        out.tokens += sum(entry.tokens for entry in section)
        out.sections[name] = section
    return out


@dataclass(frozen=True)
class _Known:
    """The items from which the sections are chosen."""

    items: Sequence[Item]
    """In the order of time."""
    score: Mapping[int, float]
    """How well each related item fits the purpose, by id."""
    has_thread: bool
    weak: bool
    degraded: tuple[str, ...]

    @classmethod
    def of(cls, memory: Memory, purpose: str, project: str, which: Selection, now: float | None) -> _Known:
        pinned = memory.catalog.page(project, Selection(pinned=True), _LATEST)
        latest = memory.catalog.page(project, which, _THREAD if which.session is not None else _LATEST)
        among = None
        if not which.is_everything:
            among = [*memory.catalog.selected(project, which), *(item.id for item in pinned)]
        found = memory.search(purpose, project, limit=LOOKED_AT, now=now, among=among)
        related = [hit for hit in found.hits if hit.sureness >= RELATED]
        items = {item.id: item for item in (*latest, *pinned, *(hit.item for hit in related))}
        order = sorted(items.values(), key=lambda item: (item.at or 0.0, item.seq, item.part, item.id))
        score = {hit.item.id: hit.sureness for hit in related}
        weak = max(score.values(), default=0.0) < LIKELY
        return cls(order, score, which.session is not None, weak, found.degraded)

    def mission(self) -> Iterator[tuple[Item, str]]:
        """A person's first message in the thread; without a thread, their message that fits the purpose best."""
        asked = [item for item in self.items if _is_persons(item) and item.kind is not Kind.LOG]
        chosen = asked[:1] if self.has_thread else [item for item in self._best(asked) if item.id in self.score][:1]
        yield from ((item, _short(item.text)) for item in chosen)

    def constraints(self) -> Iterator[tuple[Item, str]]:
        """Pinned items, and what persons and documents say must or must not be."""
        yield from ((item, _short(item.text)) for item in self._best(item for item in self.items if item.pinned))
        said = [item for item in self.items if _is_persons(item) or item.kind is Kind.DOCUMENT]
        yield from _stating(states_constraint, self._shortest_first(said))

    def decisions(self) -> Iterator[tuple[Item, str]]:
        """What was decided, the newest first among what fits as well."""
        said = [item for item in self.items if item.kind in (Kind.CHAT, Kind.DOCUMENT)]
        yield from _stating(states_decision, self._shortest_first(said))

    def files(self) -> Iterator[tuple[Item, str]]:
        """The files that were changed, then those that were named, each with the newest item that has it."""
        changed: dict[str, tuple[Item, str]] = {}
        named: dict[str, tuple[Item, str]] = {}
        for item in reversed(self.items):
            for path, how in files_in(item):
                (changed if how else named).setdefault(path, (item, f"{path} ({how})" if how else path))
        yield from changed.values()
        yield from (found for path, found in named.items() if path not in changed)

    def open(self) -> Iterator[tuple[Item, str]]:
        """What is said to be left to do, the last unanswered question, and the newest errors."""
        talk = [item for item in self.items if item.kind is Kind.CHAT]
        if talk and self.has_thread and _is_persons(talk[-1]):
            yield talk[-1], _short(talk[-1].text)
        yield from _stating(states_open, reversed(talk))
        yield from ((item, _short(item.text)) for item in reversed(self.items) if item.kind is Kind.LOG)

    def recent(self) -> Iterator[tuple[Item, str]]:
        """What was said last."""
        talk = [item for item in self.items if item.kind is Kind.CHAT]
        yield from ((item, _short(item.text)) for item in reversed(talk))

    def artifacts(self) -> Iterator[tuple[Item, str]]:
        """Diffs and documents that fit the purpose, and what else does."""
        related = [item for item in self.items if item.id in self.score]
        best = self._best(related)
        yield from ((item, _short(item.text)) for item in best if item.kind in (Kind.DIFF, Kind.DOCUMENT))
        yield from ((item, _short(item.text)) for item in best if item.kind not in (Kind.DIFF, Kind.DOCUMENT))

    def _shortest_first(self, items: Iterable[Item]) -> list[Item]:
        """What was said in a few words, then what stands in long texts: of those most were pasted."""
        return sorted(self._best(items), key=lambda item: item.part > 0 or len(item.text) > _WORDY)

    def _best(self, items: Iterable[Item]) -> list[Item]:
        """Those that fit the purpose best first, then the newest."""
        return sorted(items, key=lambda item: (-self.score.get(item.id, 0.0), -(item.at or 0.0), -item.seq, -item.id))


def _stating(what: Callable[[str], bool], items: Iterable[Item]) -> Iterator[tuple[Item, str]]:
    """Items with statements of a sort, by those alone."""
    for item in items:
        if found := statements(item.text, what):
            yield item, _short("\n".join(found))


def _is_persons(item: Item) -> bool:
    return item.role not in _PERSONS


def _short(text: str) -> str:
    """The beginning of a text, cut at a word."""
    if len(text) <= _CHARACTERS:
        return text
    return f"{text[:_CHARACTERS].rsplit(None, 1)[0]} …"
