"""The plugin through which this package registers its `commands` (`serve`, `backup`, `restore`, `relay`, `jobs`,
`context`) with the command line, and the service as a server that a proxy starts beside itself (hook `servers`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.plugins.hookspecs import hookimpl

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import typer

    from penstock.plugins.server import Server
    from penstock.profiles.profile import Profile

__all__ = ["commands", "servers"]


@hookimpl
def servers(profile: Profile, store: Path) -> Sequence[Server]:
    """The service, if `[service] port` is set."""
    from penstock_service.server import ServiceServer

    return [ServiceServer(store, profile.service)] if profile.service.port else []


@hookimpl
def commands(app: typer.Typer) -> None:
    """Register the commands that start the service, or call it. Each one's module is imported when it runs."""
    from penstock.cli.deferred import add_command, add_group  # a proxy loads this plugin too, and needs no typer

    add_command(
        app,
        "serve",
        "penstock_service.command:serve",
        "Serve contexts to programs and agents over HTTP and WebSocket, on this machine, and stay until Ctrl-C.",
    )
    add_command(
        app,
        "backup",
        "penstock_service.cli.backup:backup",
        "Write contexts, memory, events and ledgers into one file, while they are in use.",
    )
    add_command(
        app,
        "restore",
        "penstock_service.cli.backup:restore",
        "Put what a backup has where there is nothing yet. The service and the proxy must not be up.",
    )
    add_command(
        app,
        "relay",
        "penstock_service.cli.relay:relay",
        "Publish the events of the log to a message broker as CloudEvents, without any text, and stay until Ctrl-C.",
    )
    add_group(
        app,
        "jobs",
        "penstock_service.cli.jobs:app",
        "Look at the background jobs of the service, run and cancel them. Asks the service (`penstock serve`).",
    )
    add_group(
        app,
        "context",
        "penstock_service.cli.context:app",
        "Keep named JSON values for programs and agents, with versions: put, get, search and watch them. Asks the "
        "service (`penstock serve`).",
    )
