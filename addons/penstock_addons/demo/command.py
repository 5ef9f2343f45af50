"""`penstock demo`: the whole road on this machine, with nothing to log in to."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from penstock.base.errors import PenstockError
from penstock.base.toml import to_toml
from penstock.cli import completion
from penstock.cli.numbers import finite
from penstock.plugins.manager import BLOCK_VARIABLE, Plugins
from penstock.profiles import profile as profiles
from penstock.profiles.profile import Profile
from penstock_addons.cli.banner import command
from penstock_addons.cli.foreground import ended_by_signals, run_in_foreground

if TYPE_CHECKING:
    from penstock_addons.demo.player import Player
    from penstock_addons.demo.report import Report

__all__ = ["demo"]

POLL_S = 0.1


def demo(
    ctx: typer.Context,
    port: Annotated[int, typer.Option(help="The port the client talks to. Any when not given.", min=0, max=65535)] = 0,
    no_tui: Annotated[bool, typer.Option("--no-tui", help="Lines in place of the screen.")] = False,
    turns: Annotated[int, typer.Option(help="How many times the person asks for something.", min=1, max=400)] = 40,
    speed: Annotated[float, typer.Option(help="2 is twice as fast.", min=0.1, max=1000, callback=finite)] = 1.0,
    profile: Annotated[
        str, typer.Option(help="The profile the proxy runs with.", autocompletion=completion.profiles)
    ] = "default",
) -> None:
    """Show a long coding session pass through a real proxy, between a scripted client and a scripted provider.

    No login, no network. It has a store of its own, which is deleted at the end.
    """
    from penstock_addons.demo.player import Player
    from penstock_addons.demo.report import Report

    plugins: Plugins = ctx.obj
    chosen = profiles.load(profile)
    with ended_by_signals(), tempfile.TemporaryDirectory(prefix="penstock-demo-") as folder:
        environ, report = _environ(Path(folder)), Report()
        file = _file(chosen, Path(folder))
        with Player(Path(folder), environ, turns=turns, speed=speed, port=port, profile=file) as player:
            typer.echo(f"client -> Penstock on {player.address} -> provider on {player.provider}")
            has_screen = not no_tui and "tui" in plugins.names() and sys.stdout.isatty()
            if has_screen:
                _on_screen(player, environ)
            else:
                _as_lines(player, report)
        # The proxy has ended: all it had to say is in its log.
        for line in _new_lines(player.store, report):
            if not has_screen:
                typer.echo(line)
        typer.echo("\n" + "\n".join(report.summary()))
    if player.error is not None:
        raise PenstockError(f"the demo broke off: {player.error}")
    typer.echo(f"\nWith a client of your own: {command()} run -- claude")


def _on_screen(player: Player, environ: dict[str, str]) -> None:
    """Until the person leaves it."""
    run_in_foreground([sys.executable, "-P", "-m", "penstock", "tui", "--store", str(player.store)], environ)


def _as_lines(player: Player, report: Report) -> None:
    """Until the session is over."""
    while not player.is_over:
        for line in _new_lines(player.store, report):
            typer.echo(line)
        time.sleep(POLL_S)


def _new_lines(store: Path, report: Report) -> list[str]:
    from penstock.store.sql import SqlStore

    log = SqlStore(store, readonly=True)
    try:
        return report.take(log.events_after(report.seen, sys.maxsize))
    finally:
        log.close()


def _environ(home: Path) -> dict[str, str]:
    """Nothing of the person's own Penstock, but what they leave out stays out."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("PENSTOCK_") or k == BLOCK_VARIABLE}
    return {**kept, "PENSTOCK_HOME": str(home)}


def _file(profile: Profile, folder: Path) -> str:
    """A profile of the person's own is not found from the demo's folder by its name: it is written there, whole."""
    file = folder / f"{profile.name}.toml"
    file.write_text(to_toml(profile.model_dump(mode="json", exclude={"name"})), encoding="utf-8")
    return str(file)
