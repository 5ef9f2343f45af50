"""`RecallCommands`: the memory commands `recall`, the items that serve a purpose, and `workingset`, those items in
sections (mission, decisions, files, …), each within a number of tokens: 1,000 and 8,000 by default, 100,000 at most."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from penstock.control.memory_access import MemoryAccess, Project, Thread
from penstock.control.memory_json import entry
from penstock.memory.items import Kind
from penstock.memory.recall import reasons, recall
from penstock.memory.selection import Selection
from penstock.memory.working_set import Entry, working_set

__all__ = ["MAX_TOKENS", "RECALL_TOKENS", "WORKING_SET_TOKENS", "Budget", "Purpose", "RecallCommands"]

RECALL_TOKENS, WORKING_SET_TOKENS = 1_000, 8_000
MAX_TOKENS = 100_000
Purpose = Annotated[str, Field(min_length=1, max_length=8_000)]
Budget = Annotated[int, Field(ge=1, le=MAX_TOKENS)]
COUNTED = "estimated"
"""How the tokens of an answer were counted, `exact`, `calibrated` or `estimated`: the memory estimates them."""


class RecallCommands:
    """Runs the commands `recall` and `workingset`."""

    COMMANDS = frozenset({"recall", "workingset"})

    def __init__(self, access: MemoryAccess) -> None:
        self._access = access

    def _recall(
        self,
        purpose: Purpose,
        project: Project,
        thread_id: Thread | None = None,
        token_budget: Budget = RECALL_TOKENS,
        kinds: list[Kind] | None = None,
        since: float | None = None,
    ) -> dict[str, Any]:
        """`{items: [{id, kind, text, at, session, score, why}], tokens, counted, left_out, weak, degraded}`, the best
        first. `thread_id`, `kinds` and `since` (seconds since 1970) select items."""
        which = Selection(thread_id, tuple(kinds or ()), since)
        found = recall(self._access.open(), purpose, project, tokens=token_budget, which=which, now=self._access.now())
        items = [{**entry(hit.item), "score": round(hit.score, 4), "why": reasons(hit)} for hit in found.hits]
        return {
            "items": items,
            "tokens": found.tokens,
            "counted": COUNTED,
            "left_out": found.left_out,
            "weak": found.weak,
            "degraded": list(found.degraded),
        }

    def _workingset(
        self,
        purpose: Purpose,
        project: Project,
        thread_id: Thread | None = None,
        token_budget: Budget = WORKING_SET_TOKENS,
        kinds: list[Kind] | None = None,
        since: float | None = None,
    ) -> dict[str, Any]:
        """`{mission, constraints, decisions, files, open, recent, artifacts, tokens, counted, left_out, weak, degraded,
        sources}`. A section is a list of `{id, kind, text, at, whole}`; `sources` has each item once, as `{id, kind,
        role, session, at}`."""
        which = Selection(thread_id, tuple(kinds or ()), since)
        found = working_set(
            self._access.open(), purpose, project, tokens=token_budget, which=which, now=self._access.now()
        )
        sources = [
            {"id": one.key, "kind": one.kind.value, "role": one.role, "session": one.session, "at": one.at}
            for one in found.sources
        ]
        return {
            **{name: [_shown(one) for one in section] for name, section in found.sections.items()},
            "tokens": found.tokens,
            "counted": COUNTED,
            "left_out": found.left_out,
            "weak": found.weak,
            "degraded": list(found.degraded),
            "sources": sources,
        }


def _shown(one: Entry) -> dict[str, Any]:
    item = one.item
    return {"id": item.key, "kind": item.kind.value, "text": one.text, "at": item.at, "whole": one.is_whole}
