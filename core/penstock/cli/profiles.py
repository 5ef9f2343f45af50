"""`penstock profiles` (`app`): lists profiles (`show_all`), prints one with everything it extends (`show`), checks one
as the proxy does when it starts (`check`). A profile that cannot be read is listed with its error."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from penstock.base import paths
from penstock.base.errors import ProfileError
from penstock.base.toml import to_toml
from penstock.base.url_login import without_login
from penstock.cli import completion
from penstock.plugins.manager import Plugins
from penstock.profiles import files
from penstock.profiles import profile as known

__all__ = ["app"]

Name = Annotated[
    str,
    typer.Argument(
        help="A profile's name, or the path of a .toml file.",
        metavar="NAME|FILE",
        autocompletion=completion.profiles,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="One JSON object.")]


def app() -> typer.Typer:
    """The commands under `penstock profiles`."""
    group = typer.Typer()
    group.callback(invoke_without_command=True)(show_all_alone)
    group.command("list")(show_all)
    group.command("show")(show)
    group.command("check")(check)
    return group


def show_all_alone(ctx: typer.Context) -> None:
    """Show and check profiles: the choices for one kind of client.

    Without a command they are listed.
    """
    if ctx.invoked_subcommand is None:
        show_all()


def show_all(as_json: Annotated[bool, typer.Option("--json", help="A JSON list.")] = False) -> None:
    """List every profile: the bundled ones and your own."""
    found = [_described(name, file) for name, file in files.available().items()]
    if as_json:
        typer.echo(json.dumps(found, indent=1))
        return
    width = max(len(one["profile"]) for one in found)
    for one in found:
        about = one["about"] if one["error"] is None else f"cannot be used: {one['error']}"
        mark = f"  [{one['file']}]" if one["own"] else ""
        typer.echo(f"{one['profile']:<{width}}  {about}{mark}")
    typer.echo(f"\n{', '.join(files.PRESETS)} may be put on top of another: codex+bold.", err=True)
    typer.echo(f"Your own go to {paths.profiles_dir()}", err=True)


def show(name: Name, as_json: Json = False) -> None:
    """Print a profile with everything it extends. The output is a complete profile in its own right, but for the
    user and password of a URL."""
    profile = without_login(known.load(name).model_dump(mode="json", exclude={"name"}))
    typer.echo(json.dumps(profile, indent=1) if as_json else to_toml(profile).removesuffix("\n"))


def check(ctx: typer.Context, name: Name, as_json: Json = False) -> None:
    """Check a profile and the settings of its stages, as the proxy does when it starts."""
    profile = known.load(name)
    plugins: Plugins = ctx.obj
    stages = [stage.name for stage in plugins.check(profile)]
    if as_json:
        typer.echo(json.dumps({"profile": profile.name, "stages": stages}, indent=1))
        return
    typer.echo(f"{profile.name}: fine. Stages, in order: {', '.join(stages) or 'none'}")


def _described(name: str, file: Path) -> dict[str, Any]:
    about, error = "", None
    try:
        about = known.load(name).about
    except ProfileError as e:
        error = str(e).splitlines()[0]
    own = file.is_relative_to(paths.profiles_dir())
    return {"profile": name, "about": about, "own": own, "file": str(file), "error": error}
