"""`TagCommands`: the memory commands `tags`, the tags of a project with how many items have each, and `tag`, a summary
of what was said under one. Raises `NotFound` for a tag that no item has."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from penstock.base.errors import NotFound
from penstock.base.suggest import did_you_mean
from penstock.control.memory_access import MemoryAccess, Project
from penstock.control.memory_pages import Limit
from penstock.memory.tag_summaries import LEAST, MOST, tag_summary

__all__ = ["TagCommands"]

_ITEMS = 200
"""Items of a tag that are read for its summary, the newest."""
_KNOWN = 5_000
Tokens = Annotated[int, Field(ge=1, le=20_000)]


class TagCommands:
    """Runs the commands `tags` and `tag`."""

    COMMANDS = frozenset({"tag", "tags"})

    def __init__(self, access: MemoryAccess) -> None:
        self._access = access

    def _tags(self, project: Project, limit: Limit = 50) -> dict[str, Any]:
        """`{tags: [{tag, items}]}`, those of most items first."""
        found = self._access.open().catalog.tags(project)[:limit]
        return {"tags": [{"tag": tag, "items": items} for tag, items in found]}

    def _tag(
        self,
        tag: Annotated[str, Field(min_length=1, max_length=60)],
        project: Project,
        least: Tokens = LEAST,
        most: Tokens = MOST,
    ) -> dict[str, Any]:
        """`{tag, items, tokens, parts: [{id, at, role, session, sentences}]}`, the oldest first; `items`: how many of
        the newest 200 were read. At least `least`
        tokens, if there is so much, and at most `most`."""
        catalog = self._access.open().catalog
        found = catalog.tagged(project, tag, _ITEMS)
        if not found:
            near = did_you_mean(tag, [name for name, _ in catalog.tags(project)[:_KNOWN]], lists_all=False)
            raise NotFound(f"nothing in {project} has the tag {tag!r}.{near} `penstock memory tags` lists them")
        summary = tag_summary(found, tag, least, most)
        parts = [
            {"id": item.handle, "at": item.at, "session": item.session, "role": item.role, "sentences": list(said)}
            for item, said in summary.parts
        ]
        return {"tag": tag, "items": len(found), "tokens": summary.tokens, "parts": parts}
