"""The commands that read the memory: `penstock memory list` (`show_newest`), `search`, `show`, `learned`, `tags`,
`projects` and `status`. Each is answered by the process that has the memory open, a proxy or this one, and prints lines
or JSON."""

from __future__ import annotations

import shutil
from typing import Annotated, Any

import typer

from penstock.base.format import columns, moment, plural, printable
from penstock.cli import completion
from penstock.cli.numbers import MOST
from penstock.cli.store_option import StoreOption
from penstock_addons.cli.memory.client import (
    AllOption,
    JsonOption,
    ProjectOption,
    chosen_project,
    open_memory,
)
from penstock_addons.cli.memory.printing import as_json, full, line, only, process, shortened, size, summary_part

__all__ = ["learned", "projects", "search", "show", "show_newest", "status", "tags"]

_PARTS = 6
_GAP = 2
_NAME = 20
"""Characters of a project's name at the least, however narrow the terminal."""


def show_newest(
    project: ProjectOption = "",
    every: AllOption = False,
    session: Annotated[
        str,
        typer.Option(
            help="Only this one: its id, the beginning of it, or its label.", autocompletion=completion.sessions
        ),
    ] = "",
    limit: Annotated[int, typer.Option("--limit", "-n", help="So many at most.", min=1, max=MOST)] = 20,
    json_: JsonOption = False,
    store: StoreOption = None,
) -> None:
    """List what was remembered last, the newest first."""
    with open_memory(store) as memory:
        where = chosen_project(memory, project, every)
        items = memory.do("list", {"project": where, "session": session, "limit": limit})["items"]
    if json_:
        as_json(items)
        return
    for item in items:
        typer.echo(line(item, project=every))
    if not items:
        _nothing(where)


def search(
    query: Annotated[str, typer.Argument(help="What to look for, in words of your own.")],
    project: ProjectOption = "",
    every: AllOption = False,
    limit: Annotated[
        int, typer.Option("--limit", "-n", help="So many at most, of each project.", min=1, max=MOST)
    ] = 10,
    why: Annotated[bool, typer.Option("--why", help="Show what each signal added to the score.")] = False,
    json_: JsonOption = False,
    store: StoreOption = None,
) -> None:
    """Search as recall does, the best first. Scores compare within one project only."""
    with open_memory(store, mends=True) as memory:
        where = chosen_project(memory, project, every)
        found = memory.do("search", {"query": query, "project": where, "limit": limit})
    if json_:
        as_json(found)
        return
    for hit in found["hits"]:
        typer.echo(line(hit, project=every))
        if why:
            typer.echo(typer.style(f"          {hit['score']:.2f} = {_parts(hit)}", dim=True))
    only([f"nothing has {word!r}; {nearest!r} was looked for" for word, nearest in found["corrected"].items()])
    only([f"words alone answered, or vectors alone: {down}" for down in found["degraded"]])
    if not found["hits"]:
        _nothing(where)


def show(
    id: Annotated[str, typer.Argument(help="The id, or the beginning of it: 4 characters or more.")],
    project: ProjectOption = "",
    every: AllOption = False,
    around: Annotated[int, typer.Option(help="So many of its session before and behind it.", min=0, max=MOST)] = 2,
    json_: JsonOption = False,
    store: StoreOption = None,
) -> None:
    """Show one memory whole, and what was said around it."""
    with open_memory(store) as memory:
        where = chosen_project(memory, project, every)
        found = memory.do("show", {"id": id, "project": where, "around": around})
    if json_:
        as_json(found)
        return
    typer.echo(full(found["item"]))
    for title, items in (("before it", found["before"]), ("behind it", found["behind"])):
        if items:
            typer.echo(typer.style(f"\n{title}", dim=True))
        for item in items:
            typer.echo(line(item))


def learned(
    project: ProjectOption = "",
    every: AllOption = False,
    kind: Annotated[str, typer.Option(help="Only this kind: fix, together, unused, correction.")] = "",
    limit: Annotated[int, typer.Option("--limit", "-n", help="So many at most.", min=1, max=MOST)] = 20,
    evidence: Annotated[bool, typer.Option("--evidence", help="When and where each held, and did not.")] = False,
    json_: JsonOption = False,
    store: StoreOption = None,
) -> None:
    """List what the stage `learning` learned, by kind, what held most often first.

    `show`, `edit`, `pin`, `rate` and `delete` take the ids. What you call helpful, or pin, is offered however seldom it
    held; what you call wrong never is.
    """
    asked = {"kind": kind, "limit": min(limit, 10_000), "evidence": evidence}
    with open_memory(store) as memory:
        where = chosen_project(memory, project, every)
        found = memory.do("learned", {"project": where, **asked})
    if json_:
        as_json(found)
        return
    for one in found["items"]:
        typer.echo(f"{line(one, project=every)}  [held {one['confirmed']} of {one['seen']} times]")
        for time in one.get("evidence", ()):
            said = "held" if time["confirmed"] else "did not hold"
            typer.echo(typer.style(f"          {moment(time['at'])}  {said}, {printable(time['in'])}", dim=True))
    if not found["items"]:
        what = f"nothing{f' of kind {kind}' if kind else ''} was learned{f' in {where}' if where else ''}"
        only([what if kind else f"{what}: the stage `learning` is off unless a profile names it"])


def tags(
    name: Annotated[
        str, typer.Argument(help="Summarise what was said under this tag. Without one: list the tags.")
    ] = "",
    project: ProjectOption = "",
    least: Annotated[int, typer.Option(help="The tokens of the summary at the least.", min=1, max=20_000)] = 60,
    most: Annotated[int, typer.Option(help="The tokens of the summary at most.", min=1, max=20_000)] = 400,
    limit: Annotated[int, typer.Option("--limit", "-n", help="So many tags at most.", min=1, max=500)] = 50,
    json_: JsonOption = False,
    store: StoreOption = None,
) -> None:
    """List the tags of a project, or summarise what was said under one."""
    asked = {"tag": name, "least": least, "most": most} if name else {"limit": limit}
    with open_memory(store) as memory:
        where = chosen_project(memory, project)
        found = memory.do("tag" if name else "tags", {"project": where, **asked})
    if json_:
        as_json(found)
        return
    for one in found.get("tags", ()):
        typer.echo(f"{one['items']:>6,}  {printable(one['tag'])}")
    for part in found.get("parts", ()):
        typer.echo(summary_part(part))
    if not name and not found["tags"]:
        _nothing(where)


def projects(context: typer.Context, json_: JsonOption = False, store: StoreOption = None) -> None:
    """List the projects that something is remembered for. `share` lets other accounts use one."""
    if context.invoked_subcommand is not None:
        return
    with open_memory(store) as memory:
        found = memory.do("projects", {})["projects"]
    if json_:
        as_json(found)
        return
    rows = [("project", "items", "sessions", "newest", "shared")]
    for one in found:
        newest = moment(one["newest"]) if one["newest"] else ""
        rows.append(
            (
                printable(one["name"]),
                f"{one['items']:,}",
                f"{one['sessions']:,}",
                newest,
                "yes" if one["shared"] else "",
            )
        )
    numbers = sum(max(map(len, cells)) + _GAP for cells in list(zip(*rows, strict=True))[1:])
    room = max(_NAME, shutil.get_terminal_size((120, 24)).columns - numbers)
    for row in columns([(shortened(name, room), *rest) for name, *rest in rows], 1) if found else ():
        typer.echo(row)
    if not found:
        _nothing(None)


def status(json_: JsonOption = False, store: StoreOption = None) -> None:
    """Say how much is remembered, with what it is found, and what is not as it should be."""
    with open_memory(store) as memory:
        found = memory.do("status", {})
    if json_:
        as_json(found)
        return
    typer.echo(f"folder    {found['folder']}, {size(found['bytes'])}")
    where = plural(found["projects"], "project")
    typer.echo(f"items     {found['items']:,} in {where}, {found['passages']:,} passages")
    typer.echo(f"embedder  {found['embedder']}, {found['dimension']} numbers a text")
    typer.echo(f"vectors   {process(found.get('vectors', {}))}")
    rebuild = found["rebuild"]
    if rebuild["running"]:
        typer.echo(f"rebuild   {rebuild['what']}: {rebuild['done']:,} of {rebuild['total']:,}")
    for said in _wrong(found):
        typer.echo(typer.style("warn      ", fg="yellow") + said)


def _wrong(found: dict[str, Any]) -> list[str]:
    out = [f"{down}. Words alone answer; `penstock memory reindex` rebuilds the vectors" for down in found["degraded"]]
    if found.get("fault"):
        out.append(f"{found['fault']}. {_waiting(found)}")
    if found["unindexed"]:
        missing = plural(found["unindexed"], "passage")
        out.append(
            f"{missing} not among the vectors yet: made at the next start of a proxy, or by `penstock memory reindex`"
        )
    if found["stale"]:
        some = plural(len(found["stale"]), "project")
        out.append(
            f"{some} with vectors of another embedder: `penstock memory reindex`, or the next start, rebuilds them"
        )
    return out


def _waiting(found: dict[str, Any]) -> str:
    lost = f"; {found['dropped']:,} were let go, the oldest" if found["dropped"] else ""
    return f"{plural(found['waiting'], 'write')} wait in the proxy until it can be written{lost}"


def _parts(hit: dict[str, Any]) -> str:
    parts = list(hit["parts"].items())
    rest = sum(value for _, value in parts[_PARTS:])
    shown = [f"{name} {value:+.2f}" for name, value in parts[:_PARTS]]
    return "  ".join([*shown, *([f"{len(parts) - _PARTS} more {rest:+.2f}"] if len(parts) > _PARTS else [])])


def _nothing(project: str | None) -> None:
    if project is None:
        only(["nothing is remembered yet. `penstock import` takes in what Claude Code and Codex wrote down"])
        return
    only([f"nothing of {project}. `penstock memory projects` shows what there is, --all looks in every project"])
