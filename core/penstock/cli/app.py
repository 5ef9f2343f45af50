"""The command line: the core's commands, then those of plugins.

Nothing heavy is imported before a command runs, so that `penstock --help` and shell completion stay quick.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from penstock.base.errors import PenstockError, PluginError
from penstock.base.version import VERSION
from penstock.cli import cost, count, events, expand, explain, export, models, plugins, profiles, replay, tokens
from penstock.plugins.manager import Plugins

__all__ = ["build", "main"]

BYPASS = (
    "To have one request pass unread and untouched, send the header `x-penstock: bypass` with it. For a whole session: "
    "`penstock run --bypass -- CLIENT`, or HTTPS_PROXY=http://bypass:x@127.0.0.1:8080."
)


class Commands(TyperGroup):
    """Says in a line what is wrong, and ends with status 2; for the commands of plugins too."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except PenstockError as e:
            _say(str(e))
            raise typer.Exit(2) from e


def main() -> None:
    """Run the command that was asked for, and end the process with its status."""
    build()(prog_name="penstock")


def build(load: Callable[..., Plugins] = Plugins.load) -> typer.Typer:
    """The command line with everybody's commands. A plugin that does not work is named on stderr, and costs the
    commands of all plugins that are not bundled."""
    try:
        return _app(load())
    except PluginError as e:
        _say(f"{e}\nGoing on with the bundled plugins only.")
    try:
        return _app(load(blocked=("all",)))
    except PluginError as e:
        _say(f"{e}\nGoing on without plugins.")
    return _app(Plugins())


def _app(found: Plugins) -> typer.Typer:
    app = typer.Typer(
        name="penstock",
        cls=Commands,
        no_args_is_help=True,
        pretty_exceptions_show_locals=False,
        epilog=BYPASS,
    )

    @app.callback()
    def _(
        ctx: typer.Context,
        version: Annotated[
            bool, typer.Option("--version", help="Show the version and end.", is_eager=True, callback=_show_version)
        ] = False,
    ) -> None:
        """Manages the context of LLM clients on the wire.

        Start with `penstock run -- claude`, watch with `penstock tui`.
        """
        ctx.obj = found

    found.add_commands(app)
    app.command("events")(events.events)
    app.command("export")(export.export)
    app.command("replay")(replay.replay)
    app.command("cost")(cost.cost)
    app.command("money", hidden=True)(cost.cost)  # its name before
    app.command("models")(models.models)
    app.command("explain")(explain.explain)
    app.command("expand")(expand.expand)
    app.command("count")(count.command())
    app.add_typer(profiles.app(), name="profiles")
    app.add_typer(plugins.app(), name="plugins")
    app.add_typer(tokens.app(), name="tokens")
    return app


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"penstock {VERSION}")
        raise typer.Exit


def _say(text: str) -> None:
    for line in text.splitlines():
        typer.echo(f"penstock: {line}", err=True)
