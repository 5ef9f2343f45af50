"""The command `penstock serve`: runs the service in a process of its own."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from penstock.base import paths
from penstock.cli import completion
from penstock.cli.store_option import store_option
from penstock.profiles import profile as profiles
from penstock.profiles.profile import VARIABLE
from penstock.profiles.service import DEFAULT_PORT, service_values

__all__ = ["serve"]


def serve(
    port: Annotated[
        int | None,
        typer.Option(
            help=f"The port to listen on; 0: any that is free. {DEFAULT_PORT} where neither this nor the profile says "
            "one.",
            max=65535,
            min=0,
            show_default=False,
        ),
    ] = None,
    host: Annotated[
        str | None,
        typer.Option(
            help="The address to listen on, 127.0.0.1 unless the profile says another. Only this machine can reach it "
            "then.",
            show_default=False,
        ),
    ] = None,
    allowed_host: Annotated[
        list[str] | None,
        typer.Option(
            help="A name by which others ask for it, where that is not the address; several times for several."
        ),
    ] = None,
    profile: Annotated[
        str,
        typer.Option(
            help="The profile whose table `service` counts where no option says otherwise.",
            envvar=VARIABLE,
            autocompletion=completion.profiles,
        ),
    ] = "default",
    store: Annotated[
        Path | None, store_option("The store of the proxy it stands beside; contexts and token are kept in its folder.")
    ] = None,
) -> None:
    """Serve contexts to programs and agents over HTTP and WebSocket, on this machine, and stay until Ctrl-C."""
    from penstock_service.server import ServiceServer

    values = service_values({"host": host, "allowed_hosts": allowed_host or None})
    settings = profiles.changed(profiles.load(profile), {"service": values}).service
    chosen = port if port is not None else settings.port or DEFAULT_PORT
    store = (store or paths.store_path()).expanduser().absolute()
    server = ServiceServer(store, settings.model_copy(update={"port": chosen}))

    def tell() -> None:
        typer.echo(f"Contexts at {server.url}/v1/contexts, token in {server.token_file}")
        typer.echo(f"Pages for a browser at {server.url}/admin, the calls at /openapi.json. Ctrl-C ends it.")

    try:
        with suppress(KeyboardInterrupt):  # it was shut down in order, and then says so once more
            server.run(tell)
    finally:
        server.stop()
