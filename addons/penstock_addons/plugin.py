"""What this package adds to the command line."""

from __future__ import annotations

import typer

from penstock.plugins.hookspecs import hookimpl
from penstock_addons.cli.budget import app as budget_app
from penstock_addons.cli.compact import compact
from penstock_addons.cli.doctor import doctor
from penstock_addons.cli.importing import import_
from penstock_addons.cli.memory import app as memory_app
from penstock_addons.cli.memory.reindex import reindex
from penstock_addons.cli.run import run
from penstock_addons.cli.sessions import app as sessions_app
from penstock_addons.cli.settings import app as settings_app
from penstock_addons.cli.settings import down, pause, resume
from penstock_addons.cli.up import up
from penstock_addons.cli.whatif import whatif
from penstock_addons.demo.command import demo
from penstock_addons.mcp.command import mcp

__all__ = ["commands"]


@hookimpl
def commands(app: typer.Typer) -> None:
    """Commands that start a proxy, or stand beside one. mitmproxy is imported when one runs."""
    app.command("up")(up)
    app.command("down")(down)
    app.command("pause")(pause)
    app.command("resume")(resume)
    app.command("doctor")(doctor)
    app.command("compact")(compact)
    app.command("demo")(demo)
    app.command("mcp")(mcp)
    app.command("whatif")(whatif)
    app.command("import")(import_)
    app.command("reindex", hidden=True)(reindex)  # its name before it became `memory reindex`
    app.add_typer(budget_app, name="budget")
    app.add_typer(settings_app, name="settings")
    app.add_typer(memory_app(), name="memory")
    app.add_typer(sessions_app, name="sessions")
    # What stands behind the client's name is the client's, with or without a `--` in front.
    app.command("run", context_settings={"allow_interspersed_args": False})(run)
