"""The commands that change the memory: `penstock memory add`, `edit`, `pin`, `unpin` and `rate` change memories,
`label` names a session, and `share` (`penstock memory projects share`) lets other accounts use the memory of a project.
Each is carried out by the process that has the memory open: a proxy, or this one."""

from __future__ import annotations

import enum
from typing import Annotated

import click
import typer

from penstock.base.errors import PenstockError
from penstock.cli import completion
from penstock.cli.store_option import StoreOption
from penstock.cli.text_input import given_text, read_stdin
from penstock_addons.cli.memory.client import AllOption, ProjectOption, chosen_project, open_memory
from penstock_addons.cli.memory.printing import line, only

__all__ = ["Verdict", "add", "edit", "label", "pin", "rate", "share", "unpin"]

Id = Annotated[str, typer.Argument(help="The id, or the beginning of it: 4 characters or more.")]
Ids = Annotated[list[str], typer.Argument(help="Ids, or the beginnings of them.", metavar="ID")]


class Verdict(enum.StrEnum):
    """A user's rating of a memory."""

    HELPFUL = "helpful"
    WRONG = "wrong"


def add(
    text: Annotated[str, typer.Argument(help="What to remember; `-` reads it from stdin.")],
    project: ProjectOption = "",
    pinned: Annotated[bool, typer.Option("--pin", help="For good, and found before others.")] = False,
    store: StoreOption = None,
) -> None:
    """Add a memory to this project."""
    said = read_stdin() if text == "-" else given_text(text, "the text")
    with open_memory(store, mends=True) as memory:
        found = memory.do("remember", {"text": said, "project": chosen_project(memory, project), "pinned": pinned})
    for item in found["items"]:
        typer.echo(line(item))
    if not found["new"]:
        only(["that was known already"])


def share(
    project: Annotated[
        str,
        typer.Argument(help="A project: its folder, its name, or the last part of it; the current one if not given."),
    ] = "",
    off: Annotated[bool, typer.Option("--off", help="Share it no longer.")] = False,
    store: StoreOption = None,
) -> None:
    """Let every account whose client works in the project's folder read and add to its memory. Without this, only the
    account that used it first does; another one has a memory of its own."""
    with open_memory(store) as memory:
        done = memory.do("share", {"project": chosen_project(memory, project), "shared": not off})
    who = "the account that used it first" if off else "every account that names it"
    typer.echo(f"{done['project']}: used by {who} from now on")


def edit(
    id: Id,
    text: Annotated[str, typer.Option(help="The new text. When not given, $EDITOR opens with the old one.")] = "",
    project: ProjectOption = "",
    every: AllOption = False,
    store: StoreOption = None,
) -> None:
    """Give a memory another text. Its time, its place and its marks stay; the old text is forgotten."""
    with open_memory(store) as memory:
        where = chosen_project(memory, project, every)
        old = memory.do("show", {"id": id, "project": where, "around": 0})["item"]
    new = given_text(text, "the text") or _edited(old["text"])  # let go of it meanwhile: a proxy may want it
    if new.strip() == old["text"].strip():
        only(["nothing was changed"])
        return
    with open_memory(store, mends=True) as memory:
        found = memory.do("edit", {"id": old["id"], "text": new, "project": old["project"]})
    typer.echo(line(found["item"]))


def pin(ids: Ids, project: ProjectOption = "", every: AllOption = False, store: StoreOption = None) -> None:
    """Keep memories for good, and have them found before others."""
    _done("pin", {"ids": ids, "pinned": True}, project, every, store)


def unpin(ids: Ids, project: ProjectOption = "", every: AllOption = False, store: StoreOption = None) -> None:
    """Take pins away."""
    _done("pin", {"ids": ids, "pinned": False}, project, every, store)


def rate(
    id: Id,
    verdict: Annotated[Verdict, typer.Argument(help="`wrong` lowers it twice as much as `helpful` raises it.")],
    project: ProjectOption = "",
    every: AllOption = False,
    store: StoreOption = None,
) -> None:
    """Rate a memory as helpful or wrong: it is found earlier, or later, from then on."""
    _done("mark", {"ids": [id], "helpful": verdict is Verdict.HELPFUL}, project, every, store)


def label(
    session: Annotated[
        str,
        typer.Argument(
            help="The session's id, the beginning of it, or its label until now.", autocompletion=completion.sessions
        ),
    ],
    name: Annotated[str, typer.Argument(help="What to call it; '' takes the label away.")],
    project: ProjectOption = "",
    store: StoreOption = None,
) -> None:
    """Give a session a name of your own."""
    with open_memory(store) as memory:
        found = memory.do("label", {"session": session, "label": name, "project": chosen_project(memory, project)})
    typer.echo(f"{found['session']} ({found['items']} items) is called {name!r} now" if name else "The label is gone.")


def _done(command: str, arguments: dict[str, object], project: str, every: bool, store: StoreOption) -> None:
    with open_memory(store) as memory:
        found = memory.do(command, {"project": chosen_project(memory, project, every), **arguments})
    for item in found["items"]:
        typer.echo(line(item))


def _edited(text: str) -> str:
    found = click.edit(text, extension=".md")
    if found is None:  # closed without saving
        return text
    if not found.strip():
        raise PenstockError("the text is empty: `penstock memory delete ID` deletes a memory")
    return found.rstrip("\n")
