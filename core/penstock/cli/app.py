"""`build`: makes the command line, of the core's own commands and those of plugins, among them the proxy's, the
service's and the screen's; `main` runs it. A `PenstockError` is printed, with exit status 2. If a plugin cannot be
loaded, the commands of all plugins that are not bundled are missing.

No command is imported before it runs, and no stage before a command asks for one, so that `penstock --help` and shell
completion stay quick.
"""

from __future__ import annotations

from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from penstock.base.errors import PenstockError, PluginError
from penstock.base.format import is_colour_unwanted
from penstock.base.readable import one_line
from penstock.base.version import VERSION
from penstock.cli.deferred import add_command, add_group
from penstock.cli.panels import panel_of, place_of
from penstock.plugins.manager import Plugins

__all__ = ["build", "main"]

BYPASS = (
    "To have one request pass unread and untouched, send the header `x-penstock: bypass` with it. For a whole session: "
    "`penstock run --bypass -- CLIENT`, or HTTPS_PROXY=http://bypass:x@127.0.0.1:8080."
)

SHOWN = 200
"""Characters of a file's name that an error shows."""
SAID = "penstock.said"
"""The key in `ctx.meta` of the lines that were printed before the command: its error does not repeat them."""


class Commands(TyperGroup):
    """Says in a line what is wrong, and ends with status 2; for the commands of plugins too. Lists commands by topic,
    the most important first."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands = {name: self.commands[name] for name in sorted(self.commands, key=place_of)}
        for name, command in self.commands.items():
            command.rich_help_panel = getattr(command, "rich_help_panel", None) or panel_of(name)  # type: ignore[attr-defined]

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        return super().parse_args(ctx, args or ["--help"])  # status 0, where newer versions of click end with 2

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except PenstockError as e:
            _say("\n".join(line for line in str(e).splitlines() if line not in ctx.meta.get(SAID, ())))
            raise typer.Exit(2) from e
        except OSError as e:  # of a file that a person named: too long a name, no permission, a full disk
            if e.filename is None:
                raise
            _say(f"{one_line(str(e.filename), SHOWN)}: {e.strerror}")
            raise typer.Exit(2) from e


def main() -> None:
    """Run the command that was asked for, and end the process with its status."""
    build()(prog_name="penstock")


def build() -> typer.Typer:
    """The command line with everybody's commands. A plugin that does not work is named on stderr, and costs the
    commands of all plugins that are not bundled."""
    try:
        found = Plugins.load(stages_later=True)
    except PluginError as e:
        said = f"{e}\nUntil this is mended no proxy starts; other commands have the bundled plugins only."
    else:
        try:
            return _app(found)
        except PluginError as e:
            said = f"{e}\nGoing on with the bundled plugins only."
    _say(said)
    try:
        return _app(Plugins.load(blocked=("all",), stages_later=True), said)
    except PluginError as e:
        _say(f"{e}\nGoing on without plugins.")
    return _app(Plugins())


def _app(found: Plugins, said: str = "") -> typer.Typer:
    app = typer.Typer(
        name="penstock",
        cls=Commands,
        pretty_exceptions_show_locals=False,
        context_settings={"color": False} if is_colour_unwanted() else None,  # rich sees to itself
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
        ctx.meta[SAID] = said.splitlines()

    found.add_commands(app)
    _add_own_commands(app)
    return app


def _add_own_commands(app: typer.Typer) -> None:
    cli = "penstock.cli"
    add_command(
        app,
        "events",
        f"{cli}.events:events",
        "Show the newest events, oldest first: what came, what was done with it, what was answered.",
    )
    add_command(
        app,
        "export",
        f"{cli}.export:export",
        "Write a snapshot as JSON: settings, metrics, tags of each turn, edits, events.",
    )
    add_command(
        app,
        "replay",
        f"{cli}.replay:replay",
        "Send a file of prompts through the whole pipeline, as one conversation: tags, recall, edits, time, money.",
    )
    add_group(
        app,
        "tool",
        "penstock.tools.command:tool_app",
        "Call a tool that agents have over MCP: the same arguments and answers.",
    )
    cost = "Show what each session cost, what it would have cost without Penstock, and what was saved; losses in red."
    add_command(app, "cost", f"{cli}.cost:cost", cost)
    add_command(app, "money", f"{cli}.cost:cost", cost, hidden=True)  # its name before
    add_command(
        app,
        "models",
        f"{cli}.models:models",
        "Show what models cost and hold, with the source of each figure and its age; or how one id is read.",
    )
    add_command(
        app,
        "explain",
        f"{cli}.explain:explain",
        "Explain one exchange: what each stage said, every edit with its reason, what it cost, before and after; "
        "and why little was saved in its session.",
    )
    add_command(
        app,
        "expand",
        f"{cli}.expand:expand",
        "Show the original text in place of which a stub stands. Without an ID: list the newest originals.",
    )
    add_command(
        app, "count", f"{cli}.count:count", "Count the tokens of a text or a request, and say how they were counted."
    )
    add_command(
        app,
        "migrate",
        f"{cli}.migrate:migrate_store",
        "Move what a SQLite store has to PostgreSQL, and compare both sides. Interrupted, the same command goes on.",
    )
    add_command(
        app,
        "hook",
        "penstock.control.hook_client:hook",
        "Answer a hook of Claude Code (pre-tool-use, post-tool-use, subagent-start), whose input is read from stdin. "
        "Set up by `penstock run --hooks`, whose PENSTOCK_PROXY_FILE names the proxy: without it, it says nothing.",
    )
    add_group(app, "profiles", f"{cli}.profiles:app", "Show and check profiles: the choices for one kind of client.")
    add_group(app, "plugins", f"{cli}.plugins:app", "Show plugins, and start one of your own.")
    add_group(app, "tokens", f"{cli}.tokens:app", "Show and install the vocabularies that tokens are counted with.")


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"penstock {VERSION}")
        raise typer.Exit


def _say(text: str) -> None:
    for line in text.splitlines():
        typer.echo(f"penstock: {line}", err=True)
