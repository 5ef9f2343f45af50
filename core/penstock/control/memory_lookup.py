"""Resolves what a person typed: to a memory item, by the beginning of its handle (`the_item`; four or more hexadecimal
digits), or to a session, by label or the beginning of its id (`the_session`). Raises `NotFound`, or `PenstockError`
where there are several."""

from __future__ import annotations

import re
from collections.abc import Sequence

from penstock.base.errors import NotFound, PenstockError
from penstock.memory.items import Item
from penstock.memory.memory import Memory

__all__ = ["the_item", "the_session"]

DIGITS = 4
_HANDLE = re.compile(r"[0-9a-f]{1,32}")
_SHOWN = 5
_LINE = 60


def the_item(memory: Memory, handle: str, projects: Sequence[str]) -> Item:
    """The one item of `projects` whose id begins with `handle`. Raises `NotFound`, with the next step, if there is
    none, and `PenstockError` if there are several or it is no id."""
    wanted = handle.strip().lower()
    if not _HANDLE.fullmatch(wanted) or len(wanted) < DIGITS:
        raise PenstockError(f"{handle!r} is no id of a memory: {DIGITS} or more of 0-9 and a-f were expected")
    found = [item for project in projects for item in memory.catalog.find(project, wanted, _SHOWN)]
    if not found:
        shown = "`penstock memory list` shows ids"
        elsewhere = "; `--all` looks in every project" if len(projects) == 1 else ""
        raise NotFound(f"there is no memory with the id {handle} in {_named(projects)}. {shown}{elsewhere}")
    if len(found) > 1:
        several = "\n".join(f"{i.hash.hex()[:16]}  {i.project}  {i.text[:_LINE]!r}" for i in found[:_SHOWN])
        raise PenstockError(f"{len(found)} memories begin with {handle}: give more of one of these\n{several}")
    return found[0]


def the_session(memory: Memory, name: str, project: str) -> str:
    """The session of `project` with this id or label. Raises `NotFound`, and `PenstockError` if there are several."""
    known, labels = memory.catalog.sessions(project), memory.catalog.labels(project)
    if name in known and name:
        return name
    found = [session for session, label in labels.items() if label == name]
    found = found or [session for session in known if name and session.startswith(name)]
    if not found:
        raise NotFound(
            f"no session is called {name!r} in {project}. `penstock memory list --json` shows the session of each item"
        )
    if len(found) > 1:
        raise PenstockError(f"{len(found)} sessions are called {name!r}: {', '.join(sorted(found)[:_SHOWN])}")
    return found[0]


def _named(projects: Sequence[str]) -> str:
    if not projects:
        return "any project: nothing is remembered yet"
    return projects[0] if len(projects) == 1 else f"{len(projects)} projects"
