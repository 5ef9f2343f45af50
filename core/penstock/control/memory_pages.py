"""`PageCommands`: memory commands for programs that page through a project: `items`, `item`, `threads`, `thread`. A
page has at most 500 entries; `after` is the `next` of the page before. `item` and `thread` raise `NotFound`."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from penstock.base.errors import NotFound
from penstock.control.memory_access import MemoryAccess, Project, Thread
from penstock.control.memory_feedback import shown_voice
from penstock.control.memory_json import entry_with_marks
from penstock.control.memory_lookup import the_item
from penstock.memory.catalog import ThreadCounts
from penstock.memory.items import Kind
from penstock.memory.selection import Selection

__all__ = ["After", "Limit", "PageCommands"]

Limit = Annotated[int, Field(ge=1, le=500)]
After = Annotated[int, Field(ge=0, lt=2**63)]
"""The `next` of the page before."""


class PageCommands:
    """Runs the commands `items`, `item`, `threads` and `thread`. Times are in seconds since 1970."""

    COMMANDS = frozenset({"item", "items", "thread", "threads"})

    def __init__(self, access: MemoryAccess) -> None:
        self._access = access

    def _items(
        self,
        project: Project,
        thread_id: Thread | None = None,
        kinds: list[Kind] | None = None,
        since: float | None = None,
        limit: Limit = 50,
        after: After | None = None,
    ) -> dict[str, Any]:
        """Returns `{items, next}`, the items added last first."""
        which = Selection(thread_id, tuple(kinds or ()), since)
        found = self._access.open().catalog.page(project, which, limit, after)
        return {
            "items": [entry_with_marks(item) for item in found],
            "next": found[-1].id if len(found) == limit else None,
        }

    def _item(self, id: str, project: Project) -> dict[str, Any]:
        """Returns one item, with the feedback on it."""
        memory = self._access.open()
        item = the_item(memory, id, [project])
        return {**entry_with_marks(item), "feedback": [shown_voice(voice) for voice in memory.feedback.of(item.id)]}

    def _threads(self, project: Project, limit: Limit = 50, after: After | None = None) -> dict[str, Any]:
        """Returns `{items, next}`, the threads with the newest items first."""
        memory = self._access.open()
        found, labels = memory.catalog.threads(project, limit, after), memory.catalog.labels(project)
        threads = [_shown(one, labels) for one in found]
        return {"items": threads, "next": found[-1].last_id if len(found) == limit else None}

    def _thread(self, thread_id: Thread, project: Project) -> dict[str, Any]:
        """Returns one thread, by its whole name. Raises `NotFound`."""
        memory = self._access.open()
        found = memory.catalog.threads(project, 1, session=thread_id)
        if not found:
            raise NotFound(f"there is no thread {thread_id!r} in project {project}")
        return _shown(found[0], memory.catalog.labels(project))


def _shown(thread: ThreadCounts, labels: dict[str, str]) -> dict[str, Any]:
    return {
        "thread_id": thread.session,
        "label": labels.get(thread.session, ""),
        "items": thread.items,
        "first_at": thread.first_at,
        "last_at": thread.last_at,
    }
