"""`penstock memory` (`app`): puts the commands that search, show, add, change and delete memories and rebuild the
indexes into one group, with their former names. Each is in a module beside this one."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import typer

from penstock_addons.cli.memory import change, delete, read_commands, reindex

__all__ = ["app"]

_OLD_NAMES: Mapping[str, Callable[..., None]] = {
    "remember": change.add,
    "mark": change.rate,
    "forget": delete.delete,
    "expire": delete.prune,
}
"""Commands by the names they had: scripts go on working."""


def app() -> typer.Typer:
    """Build the group of commands."""
    group = typer.Typer(
        help="Look at what is remembered, correct it, delete it. Of the project that the current folder belongs to, "
        "unless --project or --all says otherwise.",
    )
    group.command("list")(read_commands.show_newest)
    group.command("search")(read_commands.search)
    group.command("show")(read_commands.show)
    group.command("learned")(read_commands.learned)
    group.command("tags")(read_commands.tags)
    projects = typer.Typer(help="The projects that something is remembered for, and who may use them.")
    projects.callback(invoke_without_command=True)(read_commands.projects)
    projects.command("share")(change.share)
    group.add_typer(projects, name="projects")
    group.command("status")(read_commands.status)
    group.command("add")(change.add)
    group.command("edit")(change.edit)
    group.command("pin")(change.pin)
    group.command("unpin")(change.unpin)
    group.command("rate")(change.rate)
    group.command("label")(change.label)
    group.command("delete")(delete.delete)
    group.command("prune")(delete.prune)
    group.command("reindex")(reindex.reindex)
    for old, command in _OLD_NAMES.items():
        group.command(old, hidden=True)(command)
    return group
