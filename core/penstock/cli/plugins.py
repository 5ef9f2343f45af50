"""`penstock plugins` (`app`): lists the loaded plugins (`show_all`), and writes a small stage to start from (`new`).
`new` raises `PluginError` for a name that is none, is taken, or whose file cannot be written; it overwrites nothing."""

from __future__ import annotations

import json
import keyword
import re
import shlex
from importlib import resources
from pathlib import Path
from string import Template
from typing import Annotated

import typer

from penstock.base import paths
from penstock.base.errors import PluginError
from penstock.base.private_files import create
from penstock.control import discovery
from penstock.plugins.manager import BLOCK_VARIABLE, Plugins

__all__ = ["app"]


def app() -> typer.Typer:
    """The commands under `penstock plugins`."""
    group = typer.Typer(help="Show plugins, and start one of your own.")
    group.command("list")(show_all)
    group.command("new")(new)
    return group


def show_all(ctx: typer.Context, as_json: Annotated[bool, typer.Option("--json", help="A JSON list.")] = False) -> None:
    """List the plugins that are loaded, with where each comes from."""
    plugins: Plugins = ctx.obj
    names = plugins.names()
    if as_json:
        typer.echo(json.dumps([{"plugin": name, "source": source} for name, source in names.items()], indent=1))
        return
    width = max((len(name) for name in names), default=0)
    for name, source in names.items():
        typer.echo(f"{name:<{width}}  {source}")


def new(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="The plugin's name, such as tidy_logs.")],
    folder: Annotated[
        Path | None, typer.Option("--dir", help="Write it there instead of the plugins folder.", file_okay=False)
    ] = None,
) -> None:
    """Write a small stage that works, to change into what you want. Nothing that exists is overwritten."""
    plugins: Plugins = ctx.obj
    _check_name(name, plugins)
    home = paths.plugins_dir()
    file = (folder or home).expanduser() / f"{name}.py"
    try:
        paths.make_private(file.parent)
        with create(file) as out:
            out.write(_stage(name).encode())
    except FileExistsError as e:
        raise PluginError(f"{file} is there already. Choose another name, or delete it") from e
    except OSError as e:
        raise PluginError(f"{file} cannot be written: {e}") from e
    typer.echo(f"Wrote {file}")
    if file.parent.absolute() == home.absolute():
        typer.echo(f"It runs in every proxy that is started from now on{_but_not_in_the_one_up()}.")
    else:
        typer.echo(f"Try it with `penstock up -- --set penstock_plugins_dir={file.parent.absolute()}`.")
    typer.echo(f"To try it, without a client: penstock demo --stage {shlex.quote(str(file))}")
    typer.echo("To see what it does to a client: `penstock events --follow --kind stage`.")
    typer.echo(f"To do without it: {BLOCK_VARIABLE}={name}")


def _but_not_in_the_one_up() -> str:
    proxy = discovery.running(paths.store_path())
    return f"; the one that is up (process {proxy.pid}) has to be started again" if proxy is not None else ""


def _check_name(name: str, plugins: Plugins) -> None:
    if not name.isidentifier() or keyword.iskeyword(name) or name.startswith("_"):
        better = re.sub(r"\W+", "_", name).strip("_") or "my_stage"
        hint = "" if better[0].isdigit() or keyword.iskeyword(better) else f" {better!r} would do."
        raise PluginError(f"{name!r} is no name for a plugin: letters, digits and underscores, a letter first.{hint}")
    if name in plugins.names():
        raise PluginError(f"there is a plugin {name!r} already: {plugins.names()[name]}")


def _stage(name: str) -> str:
    text = resources.files("penstock.cli").joinpath("new_stage.py.txt").read_text(encoding="utf-8")
    words = name.title().replace("_", "")
    return Template(text).substitute(name=name, Name=words)
