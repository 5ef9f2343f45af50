"""What every call about memory carries: the memory, the project, and who calls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Query
from starlette.requests import HTTPConnection

from penstock_service.http.calls import Call, call_of
from penstock_service.memory.reach import MemoryReach

__all__ = ["MemoryCall", "MemoryCalls", "ProjectQuery", "reach_of"]

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


async def _call(connection: HTTPConnection, call: Annotated[Call, Depends(call_of)]) -> MemoryCall:
    return MemoryCall(reach_of(connection), call.workspace, call.by)


def reach_of(connection: HTTPConnection) -> MemoryReach:
    """The memory of the application that is called."""
    reach: MemoryReach = connection.app.state.memory
    return reach


MemoryCalls = Annotated[MemoryCall, Depends(_call)]
