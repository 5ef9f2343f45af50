"""`penstock memory`: look at what is remembered, correct it, forget it."""

from __future__ import annotations

import typer

from penstock_addons.cli.memory import correct, forget, search

__all__ = ["app"]


def app() -> typer.Typer:
    """The commands under `penstock memory`."""
    group = typer.Typer(
        help="Look at what is remembered, correct it, forget it. Of the project that the current folder belongs to, "
        "unless --project or --all says otherwise.",
        no_args_is_help=True,
    )
    group.command("list")(search.show_newest)
    group.command("search")(search.search)
    group.command("show")(search.show)
    projects = typer.Typer(help="The projects that something is remembered for, and who may use them.")
    projects.callback(invoke_without_command=True)(search.projects)
    projects.command("share")(correct.share)
    group.add_typer(projects, name="projects")
    group.command("status")(search.status)
    group.command("remember")(correct.remember)
    group.command("edit")(correct.edit)
    group.command("pin")(correct.pin)
    group.command("unpin")(correct.unpin)
    group.command("mark")(correct.mark)
    group.command("label")(correct.label)
    group.command("forget")(forget.forget)
    group.command("expire")(forget.expire)
    return group
