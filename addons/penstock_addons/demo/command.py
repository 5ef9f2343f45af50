"""`penstock demo`: the whole road on this machine, with nothing to log in to."""

from __future__ import annotations

import queue
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from penstock.base.errors import PenstockError
from penstock.cli import completion
from penstock.cli.numbers import finite
from penstock.plugins.manager import Plugins
from penstock.profiles import profile as profiles
from penstock_addons.cli.banner import command
from penstock_addons.cli.foreground import ended_by_signals, run_in_foreground

if TYPE_CHECKING:
    from penstock.store.base import Store
    from penstock_addons.demo.home import Home
    from penstock_addons.demo.player import Player
    from penstock_addons.demo.report import Report

__all__ = ["demo"]

POLL_S = 0.1
FAST = 1000.0
"""The speed at which a stage is tried."""


def demo(
    ctx: typer.Context,
    port: Annotated[int, typer.Option(help="The port the client talks to. Any when not given.", min=0, max=65535)] = 0,
    no_tui: Annotated[bool, typer.Option("--no-tui", help="Lines in place of the screen.")] = False,
    turns: Annotated[int, typer.Option(help="How many times the person asks for something.", min=1, max=400)] = 24,
    speed: Annotated[float, typer.Option(help="2 is twice as fast.", min=0.1, max=1000, callback=finite)] = 1.0,
    profile: Annotated[
        str, typer.Option(help="The profile the proxy runs with.", autocompletion=completion.profiles)
    ] = "default",
    stage: Annotated[
        Path | None,
        typer.Option(help="Try the stage in this Python file: show its edits alone.", exists=True, dir_okay=False),
    ] = None,
) -> None:
    """Show a long coding session pass through a real proxy, between a scripted client and a scripted provider.

    No login, no network. Your own plugins run in it; your log and memory are not touched. What the demo leaves, to look
    at, is in a folder of its own until the next one.
    """
    from penstock_addons.demo.home import Home
    from penstock_addons.demo.player import Player
    from penstock_addons.demo.report import Report
    from penstock_addons.demo.stage import StageReport, stages_in

    plugins: Plugins = ctx.obj
    chosen = profiles.load(profile)
    names = stages_in(stage, chosen) if stage is not None else ()
    with ended_by_signals():
        home = Home()
        if stage is None:
            home.link_plugins()
        else:
            home.link_plugin(stage)
        report = Report()
        has_screen = not (no_tui or stage) and "tui" in plugins.names() and sys.stdout.isatty()
        typer.echo("starting a proxy …")
        pace = FAST if stage else speed
        with Player(home, turns=turns, speed=pace, port=port, profile=chosen, stages=names) as player:
            typer.echo(f"client -> Penstock on {player.address} -> provider on {player.provider}")
            if stage is None and not has_screen:
                typer.echo("A line for each request; below it, what Penstock did with it.\n")
            if has_screen:
                _on_screen(player, home)
            else:
                _as_lines(player, report, is_quiet=stage is not None)
        # The proxy has ended: all it had to say is in its log.
        rest = _new_lines(player.store, report)
        if stage is None:
            typer.echo("\n".join([*(() if has_screen else rest), "", *report.summary()]))
        else:
            with closing(_open(player.store)) as log:
                tried = StageReport(log, names, stage)
                typer.echo("\n".join(tried.lines()))
    if player.error is not None:
        raise PenstockError(f"the demo broke off: {player.error}")
    if stage is not None:
        raise typer.Exit(1 if tried.has_failed else 0)
    me = command()
    typer.echo(f"\nTo look at it:             {me} tui --store {player.store}   (or cost, explain, events)")
    typer.echo(f"With a client of your own: {me} run -- claude")
    typer.echo("\n" + "\n".join(_money(report, player, plugins)))


def _on_screen(player: Player, home: Home) -> None:
    """Until the person leaves it."""
    run_in_foreground([sys.executable, "-P", "-m", "penstock", "tui", "--store", str(player.store)], home.environ)


def _as_lines(player: Player, report: Report, *, is_quiet: bool) -> None:
    """Until the script is over."""
    while not player.is_over:
        lines = [*_new_lines(player.store, report), *_said(player)]
        if lines and not is_quiet:
            typer.echo("\n".join(lines))
        time.sleep(POLL_S)


def _said(player: Player) -> list[str]:
    from penstock_addons.demo.report import note

    lines = []
    while True:
        try:
            lines.append(note(*player.said.get_nowait()))
        except queue.Empty:
            return lines


def _new_lines(store: Path, report: Report) -> list[str]:
    with closing(_open(store)) as log:
        return report.take(log.events_after(report.seen, sys.maxsize))


def _open(store: Path) -> Store:
    from penstock.store.reading import open_log

    return open_log(store)


def _money(report: Report, player: Player, plugins: Plugins) -> list[str]:
    """What was saved; above it, where nothing was, why."""
    if report.paid.saved > 0:
        return [report.last_line()]
    from penstock.replay.why_not import why_not
    from penstock.stats.session_events import session_events

    profile = profiles.load(str(player.profile))
    with closing(_open(player.store)) as log:
        first = session_events(log, list(report.sessions)[:1])
        reasons = [why for events in first.values() for why in why_not(events, profile, plugins)]
    return [*(f"- {reason}" for reason in reasons), report.last_line()]
