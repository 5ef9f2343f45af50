"""`penstock memory`: look at what is remembered, correct it, forget it."""

from __future__ import annotations

import typer

from penstock_addons.cli.memory import correcting, forgetting, looking

__all__ = ["app"]


def app() -> typer.Typer:
    """The commands under `penstock memory`."""
    group = typer.Typer(
        help="Look at what is remembered, correct it, forget it. Of the project that the current folder belongs to, "
        "unless --project or --all says otherwise.",
        no_args_is_help=True,
    )
    group.command("list")(looking.show_newest)
    group.command("search")(looking.search)
    group.command("show")(looking.show)
    projects = typer.Typer(help="The projects that something is remembered for, and who may use them.")
    projects.callback(invoke_without_command=True)(looking.projects)
    projects.command("share")(correcting.share)
    group.add_typer(projects, name="projects")
    group.command("status")(looking.status)
    group.command("remember")(correcting.remember)
    group.command("edit")(correcting.edit)
    group.command("pin")(correcting.pin)
    group.command("unpin")(correcting.unpin)
    group.command("mark")(correcting.mark)
    group.command("label")(correcting.label)
    group.command("forget")(forgetting.forget)
    group.command("expire")(forgetting.expire)
    return group
