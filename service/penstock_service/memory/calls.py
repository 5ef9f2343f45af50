"""What every call about memory carries: the memory, the project, and who calls."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Query
from fastapi.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection

from penstock_service.http.calls import Call, call_of
from penstock_service.http.parts import Parts, PartsOf
from penstock_service.memory.reach import MemoryReach

__all__ = ["MemoryCall", "MemoryCalls", "ProjectQuery", "closing_memory", "reach_of"]

ProjectQuery = Annotated[
    str | None, Query(min_length=1, max_length=400, description="By default the workspace.", alias="project")
]


@dataclass(frozen=True)
class MemoryCall:
    """A call, as far as its headers say."""

    reach: MemoryReach
    workspace: str
    by: str

    def do(self, command: str, project: str | None, **arguments: object) -> dict[str, Any]:
        """Carry a memory command out for a project; by default for the one that is called as the workspace. What is
        None is not said. Raises as `MemoryReach.do`."""
        said: Mapping[str, object] = {name: value for name, value in arguments.items() if value is not None}
        return self.reach.do(command, {"project": project or self.workspace, **said})


async def _call(connection: HTTPConnection, parts: PartsOf, call: Annotated[Call, Depends(call_of)]) -> MemoryCall:
    return MemoryCall(reach_of(connection, parts), call.workspace, call.by)


def reach_of(connection: HTTPConnection, parts: Parts) -> MemoryReach:
    """The memory of the application that is called."""
    state = connection.app.state
    if not hasattr(state, "memory"):
        state.memory = MemoryReach(parts.store)
    reach: MemoryReach = state.memory
    return reach


MemoryCalls = Annotated[MemoryCall, Depends(_call)]


@asynccontextmanager
async def closing_memory(app: FastAPI) -> AsyncIterator[None]:
    """Lets go of the memory when the application ends."""
    try:
        yield
    finally:
        if hasattr(app.state, "memory"):
            await run_in_threadpool(app.state.memory.close)
