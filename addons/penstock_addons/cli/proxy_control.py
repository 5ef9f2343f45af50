"""`penstock pause` and `resume`: the running proxy makes no new edits (those made stay, budgets count on), or makes
them again. `penstock down`: asks it to shut down, and does not wait: requests under way have 30 seconds, or up to 600
by `--grace`, and are then cut off."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from penstock.base import paths
from penstock.cli.numbers import between
from penstock.cli.store_option import StoreOption
from penstock.control.client import NoAnswer, Remote
from penstock_addons.cli.memory.printing import confirmed

__all__ = ["down", "pause", "resume"]

WAIT_S = 60.0


def pause(store: StoreOption = None) -> None:
    """Have the proxy edit nothing new. What was edited is sent on as it was, so that caches stay; budgets count on."""
    done = _remote(store).do("/settings/pause", {}, WAIT_S)
    was = " already" if done["was"] else ""
    typer.echo(f"Editing is paused{was}: the proxy watches, and nothing new is edited. `penstock resume` goes on.")


def resume(store: StoreOption = None) -> None:
    """Have a paused proxy edit again."""
    done = _remote(store).do("/settings/resume", {}, WAIT_S)
    typer.echo("Editing goes on." if done["was"] else "It was not paused.")


def down(
    grace: Annotated[
        float, typer.Option(help="Seconds that requests under way may still take: 0 to 600.", callback=between(0, 600))
    ] = 30,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    store: StoreOption = None,
) -> None:
    """Shut the proxy down, when what is under way is done. Clients that still use it then get no answer."""
    remote = _remote(store)
    pid = remote.up().pid  # that there is none is said before anybody is asked
    if not yes:
        confirmed("Shut the proxy down?")
    try:
        done = remote.do("/shutdown", {"grace_s": grace}, WAIT_S)
    except NoAnswer as e:
        raise NoAnswer(f"{e}. If it stays so, `kill -9 {pid}` ends it; requests under way are cut off then") from e
    left = done["under_way"]
    waits = f", as soon as {left} under way {'is' if left == 1 else 'are'} done" if left else ""
    typer.echo(f"The proxy (process {done['pid']}) is shutting down{waits}.")


def _remote(store: Path | None) -> Remote:
    return Remote(store or paths.store_path())
