"""`MemoryCall`: what every route about memory gets as the FastAPI dependency `MemoryCalls`: the memory, the workspace
and project, and who calls; its `do` has a memory command carried out by `MemoryReach`. `reach_of` and `memory_of` give
these to other routes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Query
from starlette.requests import HTTPConnection

from penstock.base.errors import NotFound
from penstock.gateway.records import ApiKey
from penstock_service.http.calls import Call, call_of
from penstock_service.http.key_checker import check_project, key_of
from penstock_service.memory.reach import MemoryReach

__all__ = ["MemoryCall", "MemoryCalls", "ProjectQuery", "memory_of", "reach_of"]

ProjectQuery = Annotated[
    str | None, Query(min_length=1, max_length=400, description="By default the workspace.", alias="project")
]


_OF_ITEM = frozenset({"item", "change", "forget", "feedback"})
"""Commands about one item."""
_FORGETTING = frozenset({"change", "forget", "forget_session"})
CarryOut = Callable[[str, Mapping[str, Any]], dict[str, Any]]
"""Carries a command of the memory out; see `MemoryReach.do`."""


@dataclass(frozen=True)
class MemoryCall:
    """What a call about memory works on, and who makes it. Routes get it as `MemoryCalls`."""

    reach: MemoryReach
    carry_out: CarryOut
    workspace: str
    by: str
    key: ApiKey | None = None
    """The key of the call. None: the owner calls."""

    def project(self, named: str | None) -> str:
        """The project that is meant: `named`, or by default the one with the name of the workspace. Raises `NotFound`
        for a project of another workspace."""
        return check_project(self.key, named or self.workspace)

    def do(self, command: str, project: str | None, **arguments: object) -> dict[str, Any]:
        """Carry a memory command out for a project (see `project`). Arguments that are None are left out. Raises as
        `MemoryReach.do`."""
        said: Mapping[str, object] = {name: value for name, value in arguments.items() if value is not None}
        project = self.project(project)
        try:
            return self.carry_out(command, {"project": project, **said})
        except NotFound as e:
            if command not in _OF_ITEM:
                raise
            # The command's own words are for people at a command line.
            text = f"there is no such item in project {project}: `GET /v1/items` lists those that there are"
            raise NotFound(text) from e


async def _call(connection: HTTPConnection, call: Annotated[Call, Depends(call_of)]) -> MemoryCall:
    return MemoryCall(reach_of(connection), memory_of(connection), call.workspace, call.by, key_of(connection))


def reach_of(connection: HTTPConnection) -> MemoryReach:
    """The `MemoryReach` of the application that is called."""
    reach: MemoryReach = connection.app.state.memory
    return reach


def memory_of(connection: HTTPConnection) -> CarryOut:
    """Carries commands of the memory out for a caller. For a key, nothing but items is forgotten: an original of the
    same text may be of another workspace."""
    reach = reach_of(connection)
    if key_of(connection) is None:
        return reach.do

    def carry_out(command: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        kept = {"originals": False} if command in _FORGETTING else {}
        return reach.do(command, {**arguments, **kept})

    return carry_out


MemoryCalls = Annotated[MemoryCall, Depends(_call)]
