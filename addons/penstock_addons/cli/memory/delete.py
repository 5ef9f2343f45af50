"""The commands that delete memories: `penstock memory delete` (by id, those of a session, or those of a project), which
asks first, and `prune`, which deletes what has expired. Each is carried out by the process that has the memory open: a
proxy, or this one."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from penstock.base.format import plural
from penstock.cli import completion
from penstock.cli.store_option import StoreOption
from penstock_addons.cli.memory.client import (
    AllOption,
    MemoryClient,
    ProjectOption,
    chosen_project,
    open_memory,
)
from penstock_addons.cli.memory.printing import confirmed, line, only

__all__ = ["delete", "prune"]

_SHOWN = 10


def delete(
    ids: Annotated[list[str] | None, typer.Argument(help="Ids, or the beginnings of them.", metavar="ID")] = None,
    project: ProjectOption = "",
    session: Annotated[
        str,
        typer.Option(
            help="A whole session: its id, the beginning of it, or its label.", autocompletion=completion.sessions
        ),
    ] = "",
    every: AllOption = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    store: StoreOption = None,
) -> None:
    """Delete memories for good: some, a session (--session), or, with --project and nothing else, a whole project.

    Nothing brings back what was deleted by its id or its session, not even a client that sends it again: only
    `penstock memory add` does.
    """
    if every and project:
        raise typer.BadParameter("--project and --all exclude each other")
    if ids and session:
        raise typer.BadParameter("ids and --session exclude each other")
    if not ids and not session and not project:
        raise typer.BadParameter("say what: ids, --session S, or --project P for all of a project")
    if every and not ids:
        raise typer.BadParameter("--all goes with ids: sessions and projects are deleted one by one")
    with open_memory(store) as memory:
        where = chosen_project(memory, project, every)
        command, arguments, question = _meant(memory, ids or [], session, where)
    # It is let go of while a person thinks: a proxy may want it.
    if not yes:
        confirmed(question)
    with open_memory(store) as memory:
        done = memory.do(command, arguments)
    more = f", {plural(done['originals'], 'original')} with the same text" if done["originals"] else ""
    typer.echo(f"{plural(done['forgotten'], 'memory', 'memories')} deleted{more}.")
    only([done["fault"]] if done.get("fault") else [])


def prune(store: StoreOption = None) -> None:
    """Delete what is past its time. A proxy does so by itself; what is pinned stays."""
    with open_memory(store) as memory:
        done = memory.do("expire", {})
    typer.echo(f"{done['forgotten']:,} past their time were deleted.")


def _meant(memory: MemoryClient, ids: list[str], session: str, project: str | None) -> tuple[str, dict[str, Any], str]:
    """The memory command to send, its arguments, and the question to ask the user first."""
    if ids:
        items = [memory.do("show", {"id": one, "project": project, "around": 0})["item"] for one in ids]
        for item in items[:_SHOWN]:
            typer.echo(line(item))
        return "forget", {"ids": ids, "project": project}, f"Delete {'this' if len(items) == 1 else 'these'} for good?"
    if session:
        found = memory.do("list", {"project": project, "session": session, "limit": 100_000})["items"]
        question = f"Delete the {len(found)} memories of session {session} in {project} for good?"
        return "forget_session", {"session": session, "project": project}, question
    known = {one["name"]: one["items"] for one in memory.do("projects", {})["projects"]}
    question = f"Delete all {known.get(str(project), 0):,} memories of {project} for good?"
    return "forget_project", {"project": project}, question
