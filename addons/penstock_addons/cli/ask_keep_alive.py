"""`ask_keep_alive`: asks, once on this machine and in a terminal only (`may_ask`), whether to send keep-alive requests;
a yes writes them into the profile's file; an error is printed, not raised. `keep_alive_worth`: a sentence on what they
would have saved in the newest 20 sessions of the log; empty if that is below $1 or 3 % of what was paid, or if the
profile sends them already."""

from __future__ import annotations

import sys
from contextlib import closing, suppress
from pathlib import Path

import typer

from penstock.base import paths
from penstock.base.errors import PenstockError
from penstock.base.format import dollars, printable
from penstock.base.private_files import create
from penstock.control import discovery
from penstock.control.discovery import Announcement
from penstock.events.cursor import START
from penstock.plugins.manager import Plugins
from penstock.profiles import profile as profiles
from penstock.profiles.profile import Profile
from penstock_addons.cli.run_log import RunLog

try:
    import termios
except ImportError:  # Windows
    termios = None  # type: ignore[assignment]

__all__ = ["ask_keep_alive", "keep_alive_worth", "may_ask"]

SESSIONS = 20
"""At most so many of the newest sessions are read."""
LEAST, SHARE = 1.0, 0.03
"""Keep-alive must have saved so many dollars, and this share of what was paid, to be worth a question."""


def may_ask() -> bool:
    """Whether there is a terminal, and the user was not asked on this machine yet."""
    return sys.stdin.isatty() and sys.stderr.isatty() and not _mark().exists()


def keep_alive_worth(name: str, log: RunLog, plugins: Plugins) -> str:
    """What keep-alive requests would have saved under the profile `name`, in words. Empty: too little, they are on, or
    the profile may send none. Raises `PenstockError`."""
    from penstock.replay.keep_alive_estimate import STAGE, estimate_keep_alive, last_sessions
    from penstock.store.reading import open_log

    profile = profiles.load(name)
    if STAGE in profile.stages or profile.mode != "edit":
        return ""
    with closing(open_log(log.store)) as store:
        requests = last_sessions(store, SESSIONS, log.events(), log.after or START)
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


def ask_keep_alive(name: str, proxy: Announcement, worth: str) -> None:
    """Ask whether the profile `name` is to keep caches alive, which is worth so much; once for all on this machine."""
    try:
        _ask(profiles.load(name), worth, is_up=discovery.is_alive(proxy.pid))
    except (PenstockError, OSError) as e:  # the client's status is what counts
        typer.echo(f"penstock: keep-alive stays off: {e}", err=True)


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
    """Discard what was typed while the client ran: it is no answer to the question."""
    if termios is not None:
        with suppress(OSError, ValueError, termios.error):
            termios.tcflush(sys.stdin, termios.TCIFLUSH)


def _mark() -> Path:
    return paths.state_dir() / "asked-keep-alive"
