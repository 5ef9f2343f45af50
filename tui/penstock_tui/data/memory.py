"""`MemoryReader`: lists, searches, edits, pins and deletes memories for the memory view, a page of 100 at a time
(`MemoryPage`, `Remembered`), through the proxy that owns the memory, or in this process where none is running. Raises
`MemoryTrouble`, with what to do; `look` puts errors into the page. Blocking: call it on a thread. Independent of
Textual."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from penstock.base import paths
from penstock.base.errors import PenstockError
from penstock.base.format import plural
from penstock.base.readable import one_line, readable
from penstock.base.store_url import url_in
from penstock.control.client import open_client
from penstock.profiles.profile import Profile, in_use, load
from penstock.tokens.estimate import estimate

__all__ = ["PAGE", "MemoryPage", "MemoryReader", "MemoryTrouble", "Remembered", "Whole"]

PAGE = 100
"""The number of items read at once."""
FOUND = 20
"""The number of items found at most in each project, where all are searched."""
AROUND = 3
NOTHING = "Nothing is remembered yet: {folder} is not there. A proxy whose profile has [memory] enabled begins it."


class MemoryTrouble(PenstockError):
    """A memory command failed. The text says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Remembered:
    """A memory with its texts made safe to display."""

    id: str
    project: str
    """The project's name in commands. `where` is safe to display."""
    session: str
    label: str
    at: float | None
    role: str
    text: str
    tags: tuple[str, ...]
    pinned: bool
    helpful: int
    wrong: int
    expires_at: float | None
    tokens: int
    """Tokens of the text, estimated."""
    place: int
    """The place of its message in the session."""
    score: float | None = None
    """The score in a search, which compares within a project."""
    sure: float | None = None
    """How sure a search is of it, which compares across projects."""

    @property
    def key(self) -> str:
        return f"{self.project}|{self.id}"

    @property
    def line(self) -> str:
        return " ".join(self.text.split())

    @property
    def where(self) -> str:
        """The project, safe to display."""
        return one_line(self.project)


@dataclass(frozen=True, slots=True)
class MemoryPage:
    """One page of memories."""

    items: tuple[Remembered, ...] = ()
    projects: Mapping[str, int] = field(default_factory=dict)
    """The number of items in each project, by name."""
    project: str = ""
    """The project that was read. Empty: all."""
    query: str = ""
    """The search. Empty: the items are the newest."""
    skip: int = 0
    remarks: tuple[str, ...] = ()
    """What the answer lacks, or which words were searched for in place of an unknown one."""
    error: str = ""
    """Why there is nothing, and what to do."""

    @property
    def known(self) -> int:
        """The number of items in the project or projects that were read."""
        return self.projects.get(self.project, 0) if self.project else sum(self.projects.values())

    @property
    def has_more(self) -> bool:
        return not self.query and self.skip + len(self.items) < self.known


@dataclass(frozen=True, slots=True)
class Whole:
    """A memory with what was said around it."""

    item: Remembered
    before: tuple[Remembered, ...] = ()
    behind: tuple[Remembered, ...] = ()


class MemoryReader:
    """Carries out memory commands one after the other, from any thread. Nothing is kept open in between: a proxy may
    need it."""

    def __init__(self, store: Path) -> None:
        self.store = store
        """The file of the proxy's store."""
        self._lock = threading.Lock()

    def look(self, profile: str, *, project: str = "", query: str = "", skip: int = 0) -> MemoryPage:
        """A page of the newest items, or the best results of a search. Never raises: errors are in the page."""
        if not self._is_there:
            return MemoryPage(error=NOTHING.format(folder=paths.memory_dir(self.store)))
        # A search gives so many of each project.
        where: dict[str, object] = {"project": project or None, "limit": FOUND if query and not project else PAGE}
        try:
            with self._lock, open_client(self.store, lambda: _profile(profile)) as memory:
                counts = {str(one["name"]): int(one["items"]) for one in memory.do("projects", {})["projects"]}
                if query:
                    found = memory.do("search", {**where, "query": query})
                else:
                    found = memory.do("list", {**where, "skip": skip})
        except (PenstockError, OSError) as e:
            return MemoryPage(project=project, query=query, error=readable(str(e)))
        items = tuple(map(_item, found["hits" if query else "items"]))
        remarks = [f"words alone answered, or vectors alone: {down}" for down in found.get("degraded", ())]
        remarks += [f"nothing has {word!r}: {near!r} was looked for" for word, near in _pairs(found)]
        items = tuple(sorted(items, key=lambda one: -(one.sure or 0.0))[:PAGE]) if query else items
        return MemoryPage(items, counts, project, query, skip, tuple(map(readable, remarks)))

    def whole(self, profile: str, item: Remembered) -> Whole:
        """An item and what was said around it. Raises `MemoryTrouble`."""
        found = self._do(profile, "show", {"id": item.id, "project": item.project, "around": AROUND})
        before, behind = (tuple(map(_item, found[side])) for side in ("before", "behind"))
        return Whole(_item(found["item"]), before, behind)

    def edit(self, profile: str, item: Remembered, text: str) -> bool:
        """Give an item another text; whether that changed it. Raises `MemoryTrouble`."""
        return bool(self._do(profile, "edit", {"id": item.id, "project": item.project, "text": text})["changed"])

    def pin(self, profile: str, item: Remembered, pinned: bool) -> None:
        """Pin an item so that it never expires, or unpin it. Raises `MemoryTrouble`."""
        self._do(profile, "pin", {"ids": [item.id], "project": item.project, "pinned": pinned})

    def forget(self, profile: str, item: Remembered) -> str:
        """Delete an item, and say what was deleted with it. Raises `MemoryTrouble`."""
        done = self._do(profile, "forget", {"ids": [item.id], "project": item.project})
        return _forgotten(done)

    def forget_session(self, profile: str, session: str) -> str:
        """Delete all items of a session, in every project, and say how many. Raises `MemoryTrouble`."""
        if not self._is_there:
            return "nothing was remembered"
        return _forgotten(self._do(profile, "forget_session", {"session": session}))

    @property
    def _is_there(self) -> bool:
        """Looking must not begin a memory."""
        return bool(url_in(self.store)) or (paths.memory_dir(self.store) / "memory.db").exists()

    def _do(self, profile: str, command: str, arguments: Mapping[str, object]) -> dict[str, Any]:
        try:
            with self._lock, open_client(self.store, lambda: _profile(profile)) as memory:
                return memory.do(command, arguments)
        except (PenstockError, OSError) as e:
            raise MemoryTrouble(readable(str(e))) from e


def _profile(name: str) -> Profile:
    """The profile that the proxy named, as far as the log says."""
    return load(name) if name else in_use()


def _item(values: Mapping[str, Any]) -> Remembered:
    text = readable(values["text"])
    return Remembered(
        id=values["id"],
        project=values["project"],
        session=one_line(values["session"]),
        label=readable(values["label"]),
        at=values["at"],
        role=readable(values["role"]),
        text=text,
        tags=tuple(map(readable, values["tags"])),
        pinned=bool(values["pinned"]),
        helpful=values["helpful"],
        wrong=values["wrong"],
        expires_at=values["expires_at"],
        tokens=estimate(text),
        place=values["seq"],
        score=values.get("score"),
        sure=values.get("sure"),
    )


def _pairs(found: Mapping[str, Any]) -> list[tuple[str, str]]:
    return list(found.get("corrected", {}).items())


def _forgotten(done: Mapping[str, Any]) -> str:
    gone, originals = int(done["forgotten"]), int(done.get("originals", 0))
    more = f", and {plural(originals, 'original')} with the same text" if originals else ""
    fault = f". {readable(str(done['fault']))}" if done.get("fault") else ""
    return f"{plural(gone, 'memory', 'memories')} forgotten{more}{fault}"
