"""`penstock compact` (`compact`): has the running proxy compact old turns at the next request of each conversation, or
of one session, even where it saves no money. Raises `PenstockError` if no proxy runs or its address is not on this
machine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer

from penstock.base import paths
from penstock.base.browser_origin import is_loopback
from penstock.base.errors import PenstockError
from penstock.base.format import plural
from penstock.cli import completion
from penstock.cli.store_option import StoreOption
from penstock.control.client import ask
from penstock.control.discovery import running

__all__ = ["compact"]

_WAIT_S = 10.0


def compact(
    session: Annotated[
        str,
        typer.Option(
            help="Only this one: the client's session id, or a conversation's as `penstock events` shows it.",
            autocompletion=completion.sessions,
        ),
    ] = "",
    url: Annotated[
        str, typer.Option(help="The proxy's address. The one that is up when not given.", metavar="URL")
    ] = "",
    store: StoreOption = None,
) -> None:
    """Have the proxy compact old turns at the next request of each conversation, or of one.

    The newest turns stay as they are. What goes can be seen again with `penstock expand`.
    """
    address, kept = _proxy(url, store)
    answer = ask(address, kept, "/compact", {"session": session}, _WAIT_S)
    count = answer["conversations"]
    if not count:
        which = f"no conversation is called {session!r}" if session else "there is no conversation"
        typer.echo(f"penstock: {which} that this proxy has seen since it was started", err=True)
        raise typer.Exit(1)
    paused = " Editing is paused: it waits for `penstock resume`." if answer.get("paused") else ""
    typer.echo(f"{plural(count, 'conversation')} will be compacted at the next request.{paused}")


def _proxy(url: str, store: Path | None) -> tuple[str, Path]:
    """The address of a proxy on this machine, and its store. Raises `PenstockError`."""
    # The token goes with the store: another proxy than that of `store` would not know it, and is not to get it.
    up = running((store or paths.store_path()).expanduser().absolute(), only=store is not None)
    if not url:
        if up is None:
            which = f"no proxy with the store {store}" if store is not None else "no proxy"
            raise PenstockError(f"{which} is up that says where it listens: give its address by --url")
        return up.address, Path(up.store)
    try:
        parts = urlsplit(url if "//" in url else f"http://{url}")
        host, port = parts.hostname or "", parts.port
    except ValueError as e:
        raise PenstockError(f"--url {url}: {e}") from e
    if parts.scheme != "http" or not port or not is_loopback(host):
        raise PenstockError(f"--url {url}: http://127.0.0.1:PORT was expected: the token must not leave this machine")
    kept = store or (Path(up.store) if up is not None and up.port == port else paths.store_path())
    return parts.netloc.rpartition("@")[2], kept.expanduser()
