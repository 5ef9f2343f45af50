"""`LearnedCommands`: the memory command `learned`: the patterns that were learned in a project, with how often each was
confirmed and refuted, and on what evidence."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from penstock.base.errors import PenstockError
from penstock.control.memory_access import MemoryAccess, Project
from penstock.control.memory_json import shown
from penstock.memory.feedback import FeedbackKind, Tally, Voice
from penstock.memory.learned import PatternKind, is_learned, learned_project

__all__ = ["LearnedCommands"]

_MOST = 20_000
_LEARNED = (FeedbackKind.HELPFUL, FeedbackKind.WRONG)


class LearnedCommands:
    """Runs the command `learned`."""

    COMMANDS = frozenset({"learned"})

    def __init__(self, access: MemoryAccess) -> None:
        self._access = access

    def _learned(
        self,
        project: Project | None = None,
        kind: str = "",
        limit: Annotated[int, Field(ge=1, le=_MOST)] = 50,
        evidence: bool = False,
    ) -> dict[str, Any]:
        """Returns `{items, total}`: each item with `confirmed`, `refuted`, `seen` and `last_at`, by kind, those that
        were confirmed most often first; with `evidence` also the times on which that rests, the newest first."""
        if kind and kind not in list(PatternKind):
            raise PenstockError(f"no kind of what is learned is called {kind!r}: there are {', '.join(PatternKind)}")
        memory = self._access.open()
        names = [name for name in memory.projects() if is_learned(name)] if project is None else [project]
        places = names if project is None else [learned_project(project)]
        items = [one for name in places for one in memory.newest(name, limit=_MOST) if kind in ("", one.role)]
        tallies = memory.feedback.tallies([one.id for one in items])
        nothing = Tally()
        items.sort(key=lambda one: (one.role, -tallies.get(one.id, nothing).helpful))
        out = []
        for item in items[:limit]:
            tally = tallies.get(item.id, nothing)
            counts = {"confirmed": tally.helpful, "refuted": tally.wrong, "seen": tally.helpful + tally.wrong}
            entry = {**shown(item), **counts, "last_at": tally.last_at or item.at}
            if evidence:
                entry["evidence"] = [_time(one) for one in memory.feedback.of(item.id) if one.kind in _LEARNED]
            out.append(entry)
        return {"items": out, "total": len(items)}


def _time(voice: Voice) -> dict[str, Any]:
    return {"in": voice.by, "at": voice.at, "confirmed": voice.kind is FeedbackKind.HELPFUL}
