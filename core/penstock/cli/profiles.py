"""`penstock profiles`: which there are, what one says, whether one can be used."""

from __future__ import annotations

from typing import Annotated

import typer

from penstock.base import paths
from penstock.base.errors import ProfileError
from penstock.base.toml import to_toml
from penstock.plugins.manager import Plugins
from penstock.profiles import profile as known

__all__ = ["app"]

Name = Annotated[str, typer.Argument(help="A profile's name, or the path of a .toml file.", metavar="NAME|FILE")]


def app() -> typer.Typer:
    """The commands under `penstock profiles`."""
    group = typer.Typer(help="Show and check profiles: the choices for one kind of client.")
    group.command("list")(show_all)
    group.command("show")(show)
    group.command("check")(check)
    return group


def show_all() -> None:
    """List every profile: the bundled ones and your own."""
    found = known.available()
    own = paths.profiles_dir()
    width = max(len(name) for name in found)
    for name, file in found.items():
        try:
            about = known.load(name).about
        except ProfileError as e:
            about = f"cannot be used: {str(e).splitlines()[0]}"
        mark = f"  [{file}]" if file.is_relative_to(own) else ""
        typer.echo(f"{name:<{width}}  {about}{mark}")
    typer.echo(f"\nYour own go to {own}", err=True)


def show(name: Name) -> None:
    """Print a profile with everything it extends. The output is a complete profile in its own right."""
    profile = known.load(name)
    typer.echo(to_toml(profile.model_dump(mode="json", exclude={"name"})), nl=False)


def check(ctx: typer.Context, name: Name) -> None:
    """Check a profile and the settings of its stages, as the proxy does when it starts."""
    profile = known.load(name)
    plugins: Plugins = ctx.obj
    stages = [stage.name for stage in plugins.check(profile)]
    typer.echo(f"{profile.name}: fine. Stages, in order: {', '.join(stages) or 'none'}")
