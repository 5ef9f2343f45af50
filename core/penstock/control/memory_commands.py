"""`MemoryCommands`: commands of people and agents on the memory (search, add, edit, forget, ...), with plain data in
and out; `do` runs one and raises `PenstockError`, with a text for the person who asked. The same commands run in the
process that owns the memory and over the control channel. It includes those of `memory_feedback`, `memory_import`,
`memory_ingest`, `memory_pages` and `memory_recall`."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from penstock.base.dispatch import run_command
from penstock.base.errors import PenstockError, StoreError
from penstock.control.memory_access import MemoryAccess
from penstock.control.memory_feedback import FeedbackCommands
from penstock.control.memory_import import ImportCommands
from penstock.control.memory_ingest import IngestCommands
from penstock.control.memory_json import entry_with_marks, item_from, shown, shown_hit
from penstock.control.memory_learned import LearnedCommands
from penstock.control.memory_lookup import the_item, the_session
from penstock.control.memory_pages import PageCommands
from penstock.control.memory_rebuild import Rebuild
from penstock.control.memory_recall import RecallCommands
from penstock.control.memory_tags import TagCommands
from penstock.memory.items import Item
from penstock.memory.learned import form_of, is_learned, with_learned
from penstock.memory.memory import Memory
from penstock.memory.text_kind import is_worth_keeping, kind_of_message

__all__ = ["COMMANDS", "MemoryCommands"]

Answer = dict[str, Any]
_AROUND = 3
_EVERY = 2**31
"""More items than there are."""


class MemoryCommands:
    """Takes commands for one memory; any thread may call. `memory` returns it, and opens it if needed; `clean` removes
    secrets from a text; `forget_originals` deletes texts from the event store; `health` is that of the memory service,
    if there is one.

    A command names a project, or none: then it looks in all of them.
    """

    def __init__(
        self,
        memory: Callable[[], Memory],
        *,
        clean: Callable[[str], str],
        forget_originals: Callable[[Sequence[str]], int] = lambda _: 0,
        health: Callable[[], Mapping[str, object]] = dict,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._open, self._clean, self._forget_originals, self._now = memory, clean, forget_originals, now
        self._health = health
        self._rebuild = Rebuild()
        access = MemoryAccess(memory, clean, now)
        self._groups = {name: group(access) for group in _GROUPS for name in group.COMMANDS}

    def do(self, command: str, arguments: Mapping[str, object]) -> Answer:
        """Carry a command out. Raises `PenstockError`, with a text for the person who asked."""
        return run_command(self._groups.get(command, self), COMMANDS, command, arguments)

    # look

    def _projects(self) -> Answer:
        fields = ("name", "items", "sessions", "passages", "unindexed", "newest", "embedder", "owner", "shared")
        counts = self._open().catalog.counts()
        return {"projects": [{name: getattr(one, name) for name in fields} for one in counts]}

    def _list(self, project: str | None = None, session: str = "", limit: int = 20, skip: int = 0) -> Answer:
        memory = self._open()
        if session and project is not None:
            session = the_session(memory, session, project)
        items = memory.catalog.newest(
            self._named(memory, project), session, min(limit, _EVERY), min(max(skip, 0), _EVERY)
        )
        return {"items": self._shown(memory, items)}

    def _search(self, query: str, project: str | None = None, limit: int = 10, tokens: int | None = None) -> Answer:
        memory = self._open()
        hits: list[Answer] = []
        degraded: dict[str, None] = {}
        corrected: dict[str, str] = {}
        for name in self._named(memory, project):
            found = memory.search(query, name, limit=limit, tokens=tokens, now=self._now())
            labels = memory.catalog.labels(name)
            hits += [shown_hit(hit, labels.get(hit.item.session, "")) for hit in found.hits]
            degraded |= dict.fromkeys(found.degraded)
            corrected |= found.corrected
        return {"hits": hits, "degraded": list(degraded), "corrected": corrected}

    def _show(self, id: str, project: str | None = None, around: int = _AROUND) -> Answer:
        memory = self._open()
        item = the_item(memory, id, self._places(memory, project))
        near = [one for one in memory.catalog.around(item, around) if one.id != item.id]
        before = [one for one in near if (one.seq, one.part, one.id) < (item.seq, item.part, item.id)]
        behind = near[len(before) :]
        whole = [self._shown(memory, some) for some in (before, [item], behind)]
        return {"before": whole[0], "item": whole[1][0], "behind": whole[2]}

    def _status(self) -> Answer:
        memory = self._open()
        parts, unindexed = 0, 0
        stale: list[str] = []
        for one in memory.catalog.counts():
            parts, unindexed = parts + one.passages, unindexed + one.unindexed
            stale += [one.name] if one.embedder != memory.embedder.name else []
        return {
            **memory.state(),
            "items": sum(one["items"] for one in self._projects()["projects"]),
            "projects": len(memory.projects()),
            "passages": parts,
            "unindexed": unindexed,
            "stale": stale,
            "rebuild": self._rebuild.state(),
            **self._health(),
        }

    # whose

    def _share(self, project: str, shared: bool = True) -> Answer:
        if not self._open().share(project, shared):
            raise PenstockError(f"nothing is remembered for {project}. `penstock memory projects` shows what there is")
        return {"project": project, "shared": shared}

    # correct

    def _remember(self, text: str, project: str, pinned: bool = False, role: str = "user", session: str = "") -> Answer:
        text = self._clean(text)
        if not text:
            raise PenstockError("there is nothing to remember: the text is empty, or all of it is a secret")
        if not project:
            raise PenstockError("say for which project: --project NAME")
        memory = self._open()
        item = Item(project, text, session=session, at=self._now(), role=role, pinned=pinned)
        [added] = memory.add([item], even_forgotten=True)
        items = memory.get(project, added.ids)
        if pinned:
            memory.change(project, added.ids, pinned=True)
        return {"items": self._shown(memory, items), "new": added.new}

    def _add(self, items: list[dict[str, Any]]) -> Answer:
        """Remember messages as the memory stage does; a time in the future becomes now."""
        try:
            wanted = [item_from(one) for one in items]
        except (KeyError, TypeError, ValueError) as e:
            raise PenstockError(f"add: an item cannot be read: {e}") from e
        cleaned = [replace(item, text=self._clean(item.text)) for item in wanted if item.project]
        kept = [
            replace(
                item,
                kind=kind_of_message(item.role, item.text),
                at=None if item.at is None else min(item.at, self._now()),
            )
            for item in cleaned
            if is_worth_keeping(item.text)
        ]
        added = self._open().add(kept)
        return {"new": sum(bool(one.new) for one in added), "known": sum(not one.new for one in added)}

    def _edit(self, id: str, text: str, project: str | None = None) -> Answer:
        memory = self._open()
        old = the_item(memory, id, self._places(memory, project))
        item = self._corrected(memory, old, text)
        return {"item": self._shown(memory, [item])[0], "changed": item.id != old.id}

    def _change(
        self,
        id: str,
        project: str,
        text: str | None = None,
        pinned: bool | None = None,
        tags: list[str] | None = None,
        originals: bool = True,
    ) -> Answer:
        """Change the given fields of an item. A corrected text gets another id; `originals`: the originals of the old
        text are deleted."""
        memory = self._open()
        item = the_item(memory, id, [project])
        if text is not None:
            item = self._corrected(memory, item, text, originals)
        values = {"pinned": pinned, "tags": None if tags is None else list(dict.fromkeys(tags))}
        if said := {name: value for name, value in values.items() if value is not None}:
            memory.change(project, [item.id], **said)
        return entry_with_marks(memory.get(project, [item.id])[0])

    def _corrected(self, memory: Memory, old: Item, text: str, originals: bool = True) -> Item:
        """The item in place of `old`: a new one, unless the words are the same."""
        text = self._clean(text)
        if not text:
            raise PenstockError(
                f"the new text of {old.handle} is empty: `penstock memory delete {old.handle}` deletes it"
            )
        if is_learned(old.project) and "`" in old.text and form_of(text) != form_of(old.text):
            raise PenstockError(f"only what stands between the backticks may change: {form_of(old.text)}")
        item = replace(old, text=text, id=0)
        if item.hash == old.hash:
            return old
        [added] = memory.add([item], even_forgotten=True)  # first: better both than neither
        memory.change(old.project, added.ids, pinned=old.pinned, helpful=old.helpful, wrong=old.wrong)
        memory.feedback.carry(old.id, added.ids[0])
        self._erase(memory, [old], originals)
        return memory.get(old.project, added.ids)[0]

    def _pin(self, ids: list[str], project: str | None = None, pinned: bool = True) -> Answer:
        memory = self._open()
        items = self._items(memory, ids, project)
        for item in items:
            memory.change(item.project, [item.id], pinned=pinned)
        return {"items": self._shown(memory, [replace(item, pinned=pinned) for item in items])}

    def _mark(self, ids: list[str], helpful: bool, project: str | None = None) -> Answer:
        memory = self._open()
        items = self._items(memory, ids, project)
        for item in items:
            memory.mark(item.project, [item.id], helpful=helpful)
        again = [found for item in items for found in memory.get(item.project, [item.id])]
        return {"items": self._shown(memory, again)}

    def _label(self, session: str, label: str, project: str) -> Answer:
        memory = self._open()
        found = the_session(memory, session, project)
        memory.catalog.label(project, found, self._clean(label))
        return {"session": found, "items": memory.catalog.sessions(project)[found]}

    # forget

    def _forget(self, ids: list[str], project: str | None = None, originals: bool = True) -> Answer:
        """Delete items. `originals`: also the stored originals of the same texts."""
        memory = self._open()
        return self._erase(memory, self._items(memory, ids, project), originals)

    def _forget_session(self, session: str, project: str | None = None, originals: bool = True) -> Answer:
        """Delete a session. Without a project: in all projects, by the client's own name for it; it is no error if
        there is none."""
        memory = self._open()
        if project is not None:
            found = the_session(memory, session, project)
            return self._erase(memory, memory.catalog.session(project, found), originals)
        if not session:
            raise PenstockError("forget_session: say which session")
        items = [one for name in memory.projects() for one in memory.catalog.session(name, session)]
        return self._erase(memory, items, originals)

    def _forget_project(self, project: str) -> Answer:
        memory = self._open()
        items = memory.newest(project, limit=_EVERY)
        if not memory.forget_project(project):
            raise PenstockError(f"nothing is remembered for {project}. `penstock memory projects` shows what there is")
        return {"forgotten": len(items), **self._originals(items)}

    def _expire(self) -> Answer:
        return {"forgotten": self._open().expire(self._now())}

    # rebuild

    def _reindex(self, embedder: str = "", project: str = "") -> Answer:
        memory = self._open()
        if embedder and embedder not in (memory.embedder.name, memory.embedder.name.partition("-")[0]):
            raise PenstockError(
                f"this memory is open with the embedder {memory.embedder.name!r}. For {embedder!r}, set `embedder` "
                "under `[memory]` in the profile and start the proxy again"
            )
        self._rebuild.start(lambda progress: memory.reindex(project, progress))
        return self._rebuild.state()

    def _embed(self) -> Answer:
        memory = self._open()
        self._rebuild.start(memory.sync)
        return self._rebuild.state()

    def _progress(self) -> Answer:
        return self._rebuild.state()

    def _stop(self) -> Answer:
        self._rebuild.stop()
        return self._rebuild.state()

    def _erase(self, memory: Memory, items: Sequence[Item], originals: bool) -> Answer:
        by_project: dict[str, list[int]] = {}
        for item in items:
            by_project.setdefault(item.project, []).append(item.id)
        gone = sum(memory.forget(name, numbers, stays=True) for name, numbers in by_project.items())
        return {"forgotten": gone, **(self._originals(items) if originals else {"originals": 0})}

    def _originals(self, items: Sequence[Item]) -> Answer:
        try:
            return {"originals": self._forget_originals([item.text for item in items])}
        except StoreError as e:
            return {"originals": 0, "fault": f"the same texts may still be among the originals: {e}"}

    def _named(self, memory: Memory, project: str | None) -> list[str]:
        return list(memory.projects()) if project is None else [project]

    def _places(self, memory: Memory, project: str | None) -> list[str]:
        """Where an item of `project` is looked up."""
        return self._named(memory, None) if project is None else with_learned(memory, project)

    def _items(self, memory: Memory, ids: Sequence[str], project: str | None) -> list[Item]:
        """The items of `ids`. Raises `NotFound` for the first unknown one, before anything is done."""
        found = [the_item(memory, one, self._places(memory, project)) for one in ids]
        return list({item.id: item for item in found}.values())

    def _shown(self, memory: Memory, items: Sequence[Item]) -> list[Answer]:
        labels = {name: memory.catalog.labels(name) for name in {item.project for item in items}}
        return [shown(item, labels[item.project].get(item.session, "")) for item in items]


_GROUPS = (
    FeedbackCommands,
    ImportCommands,
    IngestCommands,
    LearnedCommands,
    PageCommands,
    RecallCommands,
    TagCommands,
)
"""Commands with a module of their own."""
COMMANDS = frozenset(
    {"add", "change", "edit", "embed", "expire", "forget", "forget_project", "forget_session", "label"}
    | {
        "list",
        "mark",
        "pin",
        "progress",
        "projects",
        "reindex",
        "remember",
        "search",
        "share",
        "show",
        "status",
        "stop",
    }
).union(*(group.COMMANDS for group in _GROUPS))
