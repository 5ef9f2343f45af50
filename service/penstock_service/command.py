"""`penstock serve`: the service in a process of its own."""

from __future__ import annotations

import socket
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from penstock.base import paths
from penstock.base.errors import PenstockError

__all__ = ["DEFAULT_PORT", "serve"]

DEFAULT_PORT = 7878


def serve(
    port: Annotated[int, typer.Option(help="The port to listen on; 0: any that is free.", max=65535, min=0)] = (
        DEFAULT_PORT
    ),
    host: Annotated[
        str, typer.Option(help="The address to listen on. Only this machine can reach it unless you name another.")
    ] = "127.0.0.1",
    allowed_host: Annotated[
        list[str] | None,
        typer.Option(
            help="A name by which others ask for it, where that is not the address; several times for several."
        ),
    ] = None,
    store: Annotated[
        Path | None,
        typer.Option(
            help="The store of the proxy it stands beside; contexts and token are kept in its folder.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Serve contexts to programs and agents over HTTP and WebSocket, on this machine, and stay until Ctrl-C."""
    try:
        import fastapi  # noqa: F401
        import uvicorn
    except ImportError as e:
        raise PenstockError(
            f"the service needs the packages of the extra `service` ({e.name} is missing): "
            "`pip install 'penstock[service]'`"
        ) from e
    from penstock.contexts.contexts import Contexts
    from penstock_service.app import LOCAL_HOSTS, create_app
    from penstock_service.http.parts import Parts
    from penstock_service.token_file import owner_token, token_path

    if host in ("0.0.0.0", "::") and not allowed_host:
        raise PenstockError(
            f"{host} is every address of this machine: name those that others ask by with --allowed-host, or listen on "
            "one address"
        )
    store = (store or paths.store_path()).expanduser().absolute()
    token = owner_token(store.parent)
    try:
        listener = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as e:
        raise PenstockError(f"{host}:{port} cannot be listened on ({e}): name another --port") from e
    contexts = Contexts(store.parent / "contexts.db")
    try:
        bound = listener.getsockname()[1]
        shown = f"[{host}]" if ":" in host else host
        typer.echo(f"Contexts at http://{shown}:{bound}/v1/contexts, token in {token_path(store.parent)}")
        typer.echo("Described at /openapi.json. Ctrl-C ends it.")
        app = create_app(
            Parts(contexts, store),
            token,
            hosts={*LOCAL_HOSTS, host.lower(), *(name.lower() for name in allowed_host or [])},
        )
        config = uvicorn.Config(
            app, log_level="warning", access_log=False, server_header=False, timeout_graceful_shutdown=3
        )
        with suppress(KeyboardInterrupt):  # it was shut down in order, and then says so once more
            uvicorn.Server(config).run(sockets=[listener])
    finally:
        listener.close()
        contexts.close()
