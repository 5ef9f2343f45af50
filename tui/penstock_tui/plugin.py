"""The plugin that adds `penstock tui` and `penstock report` to the command line (hook `commands`). Each one's module is
imported when it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.plugins.hookspecs import hookimpl

if TYPE_CHECKING:
    import typer

__all__ = ["commands"]


@hookimpl
def commands(app: typer.Typer) -> None:
    """Register `tui` and `report` with the command line. Each one's module is imported when it runs."""
    from penstock.cli.deferred import add_command  # a proxy loads this plugin too, and needs no typer

    add_command(
        app,
        "tui",
        "penstock_tui.command:tui",
        "Show the requests that go through the proxy, live, or those of a log it left behind.",
    )
    add_command(
        app,
        "report",
        "penstock_tui.report.command:report",
        "Write a session as one HTML page with plots, to share: it opens offline and loads nothing.",
    )
