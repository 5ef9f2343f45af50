"""`memory_kinds`: the jobs that rebuild the memory's indexes (`Reindex`) and make missing vectors (`Embed`), in
whichever process the memory is open. They fail with `MemoryUnavailable` if the rebuild fails or somebody else stops
it."""

from __future__ import annotations

import time
from typing import Any

from pydantic import Field

from penstock.base.errors import MemoryUnavailable
from penstock.jobs.kinds import JobKind, Payload, Result
from penstock.jobs.progress import Progress, Stopped
from penstock.transfer.importing import MemoryDo

__all__ = ["Embed", "Reindex", "memory_kinds"]

_ASK_S = 0.5
"""Seconds between two checks of a rebuild's progress."""


class Reindex(Payload):
    """Make the indexes of the memory again from its record."""

    project: str = Field(default="", max_length=400)
    """One project; empty: all."""


class Embed(Payload):
    """Make the vectors that the memory lacks."""


def memory_kinds(memory: MemoryDo) -> list[JobKind[Any]]:
    """The kinds of jobs for the memory."""

    def reindex(wanted: Reindex, progress: Progress) -> Result:
        return _follow(memory, memory("reindex", {"project": wanted.project})["id"], progress)

    def embed(_: Embed, progress: Progress) -> Result:
        return _follow(memory, memory("embed", {})["id"], progress)

    return [JobKind("reindex", "memory", Reindex, reindex), JobKind("embed", "memory", Embed, embed)]


def _follow(memory: MemoryDo, rebuild: str, progress: Progress) -> Result:
    """Wait for a rebuild, and stop it if the job must end."""
    while (state := _state(memory, rebuild))["running"]:
        try:
            progress.update(state["what"] or "starting", state["done"], state["total"] or None)
        except Stopped:
            memory("stop", {})
            raise
        time.sleep(_ASK_S)
    if state["error"]:
        raise MemoryUnavailable(state["error"])
    if state["stopped"]:
        raise MemoryUnavailable("the rebuild was stopped from elsewhere")
    return {"what": state["what"], "done": state["done"]}


def _state(memory: MemoryDo, rebuild: str) -> dict[str, Any]:
    """The progress of this rebuild. Raises `MemoryUnavailable` if another process owns the memory now, which does not
    know it."""
    state = memory("progress", {})
    if state["id"] != rebuild:
        raise MemoryUnavailable("the rebuild was interrupted: the process that owned the memory has ended")
    return state
