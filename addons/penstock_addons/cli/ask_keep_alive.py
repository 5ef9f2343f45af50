"""The one question that `penstock run` asks of keep-alive, after a client has ended, where it would have paid."""

from __future__ import annotations

import logging
import sys
from contextlib import suppress
from pathlib import Path

import typer

from penstock.base import paths
from penstock.base.errors import PenstockError
from penstock.base.format import dollars, printable
from penstock.base.private_files import create
from penstock.control import discovery
from penstock.control.discovery import Announcement
from penstock.plugins.manager import Plugins
from penstock.profiles import profile as profiles
from penstock.profiles.profile import Profile

try:
    import termios
except ImportError:  # Windows
    termios = None  # type: ignore[assignment]

__all__ = ["ask_keep_alive"]

logger = logging.getLogger(__name__)
SESSIONS = 20
"""The newest ones are looked at."""
LEAST, SHARE = 1.0, 0.03
"""Dollars, and the part of what was paid, that keep-alive must have saved to be worth a question."""


def ask_keep_alive(name: str, proxy: Announcement, plugins: Plugins) -> None:
    """Ask whether the profile `name` is to keep caches alive, once for all on this machine. Without a terminal,
    where it is on, and where it would not have paid, nothing is asked or remembered."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()) or _mark().exists():
        return
    try:
        profile = profiles.load(name)
        worth = _worth(profile, Path(proxy.store), plugins)
    except PenstockError as e:  # a log or a plugin that cannot be read is not what this is about
        logger.debug("what keep-alive would have saved is not known: %s", e)
        return
    if not worth:
        return
    try:
        _ask(profile, worth, is_up=discovery.is_alive(proxy.pid))
    except (PenstockError, OSError) as e:  # the client's status is what counts
        typer.echo(f"penstock: keep-alive stays off: {e}", err=True)


def _worth(profile: Profile, store: Path, plugins: Plugins) -> str:
    """What it would have saved, in words. Empty: too little, it is on, or the profile sends nothing of its own."""
    from penstock.replay.keep_alive_estimate import STAGE, estimate_keep_alive, last_sessions
    from penstock.store.reading import open_log

    if STAGE in profile.stages or profile.mode != "edit":
        return ""
    log = open_log(store)
    try:
        requests = last_sessions(log, SESSIONS)
    finally:
        log.close()
    found = estimate_keep_alive(requests, profile, plugins, plugins.parts(profile).prices.of)
    paid = sum(one.money.spent for one in requests if one.money is not None)
    if found.saved < max(LEAST, SHARE * paid):
        return ""
    count = len({one.session for one in requests})
    sessions = "your last session" if count == 1 else f"your last {count} sessions"
    return (
        f"Keep-alive would have saved about {dollars(found.saved)} of {dollars(paid)} in {sessions}: {found.reads:,} "
        f"reads for {dollars(found.reads_cost)} in place of {dollars(found.spared)} for writing to the cache again."
    )


def _ask(profile: Profile, worth: str, *, is_up: bool) -> None:
    from penstock.replay.keep_alive_estimate import STAGE
    from penstock.settings.keeping import turn_on

    paths.make_private(_mark().parent)
    create(_mark()).close()  # before the answer: who closes the terminal now is not asked again
    typer.echo(f"\npenstock: {worth}", err=True)
    typer.echo("It sends your last request again while you are idle, so that the provider's cache lives on.", err=True)
    _discard_typed()
    try:
        wants = typer.confirm("Turn it on?", default=False, err=True)
    except typer.Abort:
        wants = False
    if not wants:
        how = f"`{STAGE}` among the stages of a profile turns it on: docs/explanation/keep-alive.md"
        typer.echo(f"It stays off, and you will not be asked again. {how}", err=True)
        return
    file = turn_on(STAGE, profile)
    whose = f"for the profile {profile.name} and those that extend it"
    where = printable(str(file))
    typer.echo(f"Turned on {whose}. To turn it off, take `{STAGE}` out of the stages in {where}", err=True)
    if is_up:
        stages = ",".join((*profile.stages, STAGE))
        how = f"penstock settings set stages={stages}"
        typer.echo(f"The proxy that is up does so from its next start on, or at once: {how}", err=True)


def _discard_typed() -> None:
    """What was typed for the client is no answer."""
    if termios is not None:
        with suppress(OSError, ValueError, termios.error):
            termios.tcflush(sys.stdin, termios.TCIFLUSH)


def _mark() -> Path:
    return paths.state_dir() / "asked-keep-alive"
