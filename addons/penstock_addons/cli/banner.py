"""`banner`: the lines that `penstock up` prints when the proxy listens: address, profile, store, certificate, how to
start a client. `attested`: the note on requests that carry a digest of their body (`ATTESTED`, `WITHOUT`).
`is_first_time`: whether this is the first start on this machine, which it also records. `command`: how this program is
called from the user's shell."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from textwrap import wrap

from penstock import __version__
from penstock.base import paths
from penstock.base.private_files import create
from penstock.control.discovery import Announcement
from penstock.plugins.server import Server
from penstock.profiles.gateway import GATEWAY_URL
from penstock.profiles.profile import Profile
from penstock_addons.cli.reverse_ports import ReversePort

__all__ = ["ATTESTED", "WITHOUT", "attested", "banner", "is_first_time"]

WIDE = 120
"""Cells of a line of prose at most."""
ATTESTED = (
    "Claude Code sends a digest of each request along with it when it talks to the real address; an edited request no "
    "longer fits its digest, and whether the service minds is not known, so with a subscription login decide for "
    "yourself."
)
WITHOUT = (
    'Without it: the profile `observe` edits nothing, attested = "observe" in a profile leaves only those requests '
    "alone, and in reverse mode (ANTHROPIC_BASE_URL) or with CLAUDE_CODE_ATTRIBUTION_HEADER=0 no digest is sent."
)


def attested(profile: Profile) -> str:
    """The note, in two sentences, on requests that carry a digest of their body. Empty: this profile does not edit
    them."""
    if profile.mode == "observe" or profile.attested == "observe":
        return ""
    return f"{ATTESTED} {WITHOUT}"


def command() -> str:
    """How to call this program from this shell: `penstock` where PATH has it, otherwise as it was called."""
    if shutil.which("penstock") is not None or not sys.argv[0].endswith("penstock"):
        return "penstock"
    return sys.argv[0]


def banner(
    what: Announcement,
    profile: Profile,
    bundle: Path,
    reverse: list[ReversePort],
    servers: Sequence[Server] = (),
    *,
    workers: int = 1,
    has_store: bool = True,
    first: bool,
) -> Iterator[str]:
    """The lines to print for a proxy that listens now. `workers`: of how many processes it consists; `has_store`: its
    store could be opened; `first`: also what a new user should know."""
    yield f"Penstock {__version__} listens on {what.url()}"
    yield f"  profile  {profile.name}: {profile.about}" if profile.about else f"  profile  {profile.name}"
    yield f"  store    {what.store}" if has_store else f"  store    none: {what.store} cannot be opened, see above"
    yield f"  CA       {what.ca}"
    if workers > 1:
        yield f"  workers  {workers} processes"
    for upstream in reverse:
        base = what.reverse.get(upstream.name, "")
        if upstream.url == GATEWAY_URL:
            yield f"  gateway  {base}   keys: {command()} keys add NAME, providers: {command()} providers add NAME"
            continue
        told = f"   export {upstream.variable}={base}" if upstream.variable else ""
        yield f"  reverse  {base} -> {upstream.url}{told}"
    for server in servers:
        yield f"  {server.name:<8} {server.about}"
    yield ""
    me = command()
    yield f"A client through it:  {me} run -- claude"
    yield (
        f"or by hand:           export HTTPS_PROXY={what.url()} NODE_EXTRA_CA_CERTS={what.ca} SSL_CERT_FILE={bundle}"
    )
    elsewhere = "" if Path(what.store) == paths.store_path() else f" --store {what.store}"
    if has_store:
        yield f"To watch:             {me} tui{elsewhere}"
    yield "To end:               Ctrl-C"
    if first:
        yield ""
        yield "The first time here? Only requests to model providers are read; all other traffic is passed on unopened."
        yield "Clients must trust the CA above; the variables do that for one client, and nothing is installed."
        yield f"Whatever fails in here, the client's own bytes go out. `{me} doctor` checks the rest."
        told = attested(profile)
        if told:
            yield ""
            yield from wrap(told, min(shutil.get_terminal_size().columns, WIDE))


def is_first_time() -> bool:
    """Whether this is the first start on this machine. The first call also records that it was."""
    mark = paths.state_dir() / "greeted"
    try:
        paths.make_private(mark.parent)
        create(mark).close()
    except OSError:
        return False
    return True
