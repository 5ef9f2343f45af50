"""`penstock demo` (`demo`): plays the scripted session through a real proxy, on the screen or printed as lines; with
`--stage FILE` it reports on the stage of a plugin file instead. Needs no login and no network. Raises `PenstockError`
if the session breaks off."""

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
from penstock.cli.numbers import between
from penstock.plugins.manager import Plugins
from penstock.profiles import profile as profiles
from penstock.profiles.profile import Profile
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
"""The speed at which the session is played to try a stage."""


def demo(
    ctx: typer.Context,
    port: Annotated[int, typer.Option(help="The port the client talks to. Any when not given.", min=0, max=65535)] = 0,
    no_tui: Annotated[bool, typer.Option("--no-tui", help="Lines in place of the screen.")] = False,
    turns: Annotated[int, typer.Option(help="How many times the person asks for something.", min=1, max=400)] = 24,
    speed: Annotated[float, typer.Option(help="2 is twice as fast; 0.1 to 1000.", callback=between(0.1, 1000))] = 1.0,
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
    at, is in a folder of its own until the next one; trying a stage leaves nothing.
    """
    plugins: Plugins = ctx.obj
    chosen = profiles.load(profile)
    if stage is not None:
        raise typer.Exit(_try_stage(stage, chosen, turns=turns, port=port))
    _show_session(chosen, plugins, turns=turns, speed=speed, port=port, no_tui=no_tui)


def _show_session(profile: Profile, plugins: Plugins, *, turns: int, speed: float, port: int, no_tui: bool) -> None:
    """On the screen, or line by line; then what it came to."""
    from penstock_addons.demo.home import kept_home
    from penstock_addons.demo.player import Player
    from penstock_addons.demo.report import Report

    Plugins.load(stages_later=True)  # raises here if one is broken: the proxy would say it again, of its own copy
    with ended_by_signals(), kept_home() as home:
        home.link_plugins()
        report = Report()
        has_screen = not no_tui and "tui" in plugins.names() and sys.stdout.isatty()
        typer.echo("starting a proxy …")
        with Player(home, turns=turns, speed=speed, port=port, profile=profile) as player:
            _say_where(player)
            if has_screen:
                _on_screen(player, home)
            else:
                typer.echo("A line for each request; below it, what Penstock did with it.\n")
                _as_lines(player, report)
        # The proxy has ended: all it had to say is in its log.
        rest = _new_lines(player.store, report)
        typer.echo("\n".join([*(() if has_screen else rest), "", *report.summary()]))
        _check(player)
        me = command()
        typer.echo(f"\nTo look at it:             {me} tui --store {player.store}   (or cost, explain, events)")
        typer.echo(f"With a client of your own: {me} run -- claude")
        typer.echo("\n" + "\n".join(_money(report, player, plugins)))


def _try_stage(file: Path, profile: Profile, *, turns: int, port: int) -> int:
    """Say what the stage in `file` does to the session. The status of the command."""
    from penstock_addons.demo.home import temporary_home
    from penstock_addons.demo.player import Player
    from penstock_addons.demo.recorder import RecordedTexts
    from penstock_addons.demo.stage_report import StageReport, stages_in

    names = stages_in(file, profile)
    with ended_by_signals(), temporary_home() as home:
        home.link_plugin(file)
        typer.echo("starting a proxy …")
        with Player(home, turns=turns, speed=FAST, port=port, profile=profile, stages=names) as player:
            _say_where(player)
            player.wait()
        with closing(_open(player.store)) as log:
            report = StageReport(log, names, file, RecordedTexts(home.record))
            typer.echo("\n".join(report.lines()))
        _check(player)
    return 1 if report.has_failed else 0


def _say_where(player: Player) -> None:
    typer.echo(f"client -> Penstock on {player.address} -> provider on {player.provider}")


def _check(player: Player) -> None:
    if player.error is not None:
        raise PenstockError(f"the demo broke off: {player.error}")


def _on_screen(player: Player, home: Home) -> None:
    """Until the person leaves it."""
    run_in_foreground([sys.executable, "-P", "-m", "penstock", "tui", "--store", str(player.store)], home.environ)


def _as_lines(player: Player, report: Report) -> None:
    """Until the script is over."""
    while not player.is_over:
        lines = [*_new_lines(player.store, report), *_said(player)]
        if lines:
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
    from penstock.replay.savings_advice import savings_advice
    from penstock.stats.session_events import session_events

    profile = profiles.load(str(player.profile))
    with closing(_open(player.store)) as log:
        first = session_events(log, list(report.sessions)[:1])
        reasons = [why for events in first.values() for why in savings_advice(events, profile, plugins)]
    return [*(f"- {reason}" for reason in reasons), report.last_line()]
