"""The command `penstock tui` (`tui`): starts the screen in the terminal, serves it to a browser (`--web`), or writes a
picture of it (`--screenshot`, of a `View`). Options that exclude each other are refused with `typer.BadParameter`."""

from __future__ import annotations

import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from penstock.base.paths import store_path
from penstock.cli import completion
from penstock.cli.store_option import store_option
from penstock_tui.view_names import ViewName

__all__ = ["View", "tui"]


DRIVER = "TEXTUAL_DRIVER"
"""Names what draws in place of a terminal, as `--web` does for each tab."""


class View(StrEnum):
    """What `--screenshot` can show: the log or another view; one exchange, its differences, or its context map."""

    LOG = ViewName.LOG
    DETAIL = "detail"
    DIFF = "diff"
    CONTEXT = "context"
    OVERVIEW = ViewName.OVERVIEW
    TAGS = ViewName.TAGS
    COMPACTIONS = ViewName.COMPACTIONS
    SESSIONS = ViewName.SESSIONS
    PIPELINE = ViewName.PIPELINE
    BUDGET = ViewName.BUDGET
    MEMORY = ViewName.MEMORY
    SETTINGS = ViewName.SETTINGS
    REPLAY = ViewName.REPLAY
    GATEWAY = ViewName.GATEWAY


def tui(
    store: Annotated[Path | None, store_option("The event log to show. The proxy's own when not given.")] = None,
    screenshot: Annotated[
        Path | None, typer.Option(help="Write a picture of the screen to this SVG file and end.")
    ] = None,
    size: Annotated[str, typer.Option(help="Columns and rows of the picture.")] = "160x48",
    select: Annotated[
        str,
        typer.Option(
            help="The exchange in the picture: its id, the beginning of it, or last.",
            autocompletion=completion.exchanges,
        ),
    ] = "last",
    view: Annotated[View, typer.Option(help="What the picture shows.")] = View.LOG,
    web: Annotated[bool, typer.Option("--web", help="Show it in a browser of this machine.")] = False,
    port: Annotated[
        int | None,
        typer.Option(min=0, max=65535, help="Where --web listens on 127.0.0.1; 0: where it is free."),
    ] = None,
) -> None:
    """Show the requests that go through the proxy, live, or those of a log it left behind."""
    path = (store or store_path()).expanduser().absolute()
    if port is not None and not web:
        raise typer.BadParameter("It is where --web listens. Give both.", param_hint="--port")
    if web:
        if screenshot is not None:
            raise typer.BadParameter("A picture is made without --web.", param_hint="--screenshot")
        _serve(path, port)
        return
    if screenshot is None:
        if DRIVER not in os.environ and not (sys.stdin.isatty() and sys.stdout.isatty()):
            typer.echo(
                "penstock: the screen needs a terminal. `penstock tui --web` shows it in a browser; `penstock events` "
                "and `penstock report` need none",
                err=True,
            )
            raise typer.Exit(2)
        from penstock_tui.app import PenstockApp

        PenstockApp(path).run()
        return
    from penstock_tui.screenshot import PictureError, take_picture

    try:
        take_picture(path, screenshot, size=_size(size), select=select, view=view)
    except PictureError as e:
        typer.echo(str(e), err=True)
        raise typer.Exit(1) from e
    typer.echo(f"Wrote {screenshot}")


def _serve(path: Path, port: int | None) -> None:
    from penstock_tui.web.server import PortTaken, WebScreen, listen

    try:
        screen = WebScreen(path, listen(port))
    except PortTaken as e:
        typer.echo(str(e), err=True)
        raise typer.Exit(1) from e
    typer.echo(f"The screen is at {screen.address}")
    typer.echo(
        "Whoever opens this address on this machine sees what your clients send, and can tell the proxy what to do."
    )
    typer.echo("Ctrl+C ends it.")
    screen.run()


def _size(text: str) -> tuple[int, int]:
    columns, _, rows = text.lower().partition("x")
    if not (columns.isdecimal() and rows.isdecimal()) or not (20 <= int(columns) <= 500 and 6 <= int(rows) <= 200):
        raise typer.BadParameter(f"{text!r} is no size. Write it as 160x48.", param_hint="--size")
    return int(columns), int(rows)
