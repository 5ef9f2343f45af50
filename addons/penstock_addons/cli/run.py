"""`penstock run -- CLIENT` (`run`): finds or starts a proxy, chooses its profile (`profile_of`) and upstream proxy
(`proxy_behind`), runs the client with the environment variables that make it use the proxy (where possible with the MCP
server, and with hooks if these are on), and prints what the run cost (`RunEnd`). Its exit status is the client's, 127
if the client is not found, 126 if it does not start."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer

from penstock.base import paths
from penstock.base.errors import PenstockError
from penstock.cli import completion
from penstock.control.discovery import Announcement, announced, answers, default_file, reachable
from penstock.control.hook_client import ANNOUNCED_VARIABLE
from penstock.plugins.manager import Plugins
from penstock.profiles import profile as profiles
from penstock.profiles.profile import Profile
from penstock.store.lock import is_taken
from penstock_addons.cli import environment, hook_arguments, mcp_arguments
from penstock_addons.cli.after_run import RunEnd
from penstock_addons.cli.banner import attested, is_first_time
from penstock_addons.cli.child import ChildProxy
from penstock_addons.cli.foreground import ended_by_signals, run_in_foreground
from penstock_addons.cli.up import PROFILE_VARIABLE, UPSTREAM_VARIABLE

__all__ = ["ollama_address", "profile_of", "proxy_behind", "run"]

NAMED = 3
"""The number of hosts that one warning names at most."""
NOT_STARTED = 126
NOT_FOUND = 127
SIGNALLED = 128
"""Exit statuses from this one on say that a signal ended the client."""

_PROFILES = {
    "claude": "claude-code",
    "codex": "codex",
    "opencode": "opencode",
    "gemini": "gemini",
    "ollama": "ollama",
    "openclaw": "openclaw",
}


def run(
    ctx: typer.Context,
    command: Annotated[list[str], typer.Argument(help="The client and its arguments.", metavar="-- CLIENT [ARGS]")],
    profile: Annotated[
        str,
        typer.Option(
            help="The profile for this session, or how far edits go in that of this client: safe, balanced, bold or "
            "observe. When not given: the one for this client, unless the proxy that is up was given one.",
            envvar=PROFILE_VARIABLE,
            autocompletion=completion.profiles,
        ),
    ] = "",
    bypass: Annotated[
        bool, typer.Option("--bypass", help="Have all of this session pass unread and untouched.")
    ] = False,
    port: Annotated[
        int, typer.Option(help="Use the proxy on this port, or start one there. Any when not given.", min=0, max=65535)
    ] = 0,
    http: Annotated[
        bool, typer.Option("--http", help="Set HTTP_PROXY too, for a program that talks to Ollama by plain HTTP.")
    ] = False,
    confdir: Annotated[
        Path | None, typer.Option(help="The folder of the certificate authority, where a proxy is started.")
    ] = None,
    mcp: Annotated[
        bool,
        typer.Option("--mcp/--no-mcp", help="Give Claude Code and Codex the tool that shows what an edit took away."),
    ] = True,
    hooks: Annotated[
        bool | None,
        typer.Option(
            "--hooks/--no-hooks",
            help="Set up hooks of Claude Code for this session: the budget warns before tool calls and refuses them, "
            "and outputs that the client cuts are kept. When not given: as `\\[hooks] enabled` of the profile says.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Run a client through the proxy: the one that is up, or one for as long as the client runs.

    The proxy and CA variables that clients honour are set for it, and for nothing else on this machine. Its status is
    ours. One request can go past everything with the header `x-penstock: bypass`; `--bypass` is for all of them.
    """
    client = Path(command[0]).stem.lower()
    program = shutil.which(command[0])
    if program is None:
        typer.echo(f"penstock: {command[0]!r} is no program on the PATH: install it, or give its path", err=True)
        raise typer.Exit(NOT_FOUND)
    wanted = profiles.preset_for(profile_of(client), profile) if profile else profile_of(client)
    _tell(profiles.load(wanted), warns_of_digest=client == "claude" and not bypass)
    asked = _Asked(client, wanted, is_chosen=bool(profile), bypass=bypass, port=port, confdir=confdir)
    with ended_by_signals(), _proxy(asked) as (proxy, file):
        environ = _environ(asked, proxy, file, plain_http=http)
        arguments = command[1:]
        plugins = ctx.find_object(Plugins) or Plugins()
        if not bypass and _wants_hooks(asked, proxy, hooks):
            why_not = hook_arguments.why_not(client, arguments)
            arguments = arguments if why_not else hook_arguments.with_hooks(arguments)
            if why_not and hooks:
                typer.echo(f"penstock: {why_not}", err=True)
        if mcp and _shortens(asked, proxy, plugins):
            arguments = mcp_arguments.with_mcp_server(client, arguments, Path(proxy.store))
        reaches_http = http or client == "ollama"
        end = None if bypass else RunEnd(Path(proxy.store), is_shared=file in _files(), plain_http=reaches_http)
        try:
            status = run_in_foreground([program, *arguments], environ)
        except OSError as e:
            typer.echo(f"penstock: {program} cannot be started: {e}", err=True)
            raise typer.Exit(NOT_STARTED) from e
    if end is not None:
        end.say(_user(asked, proxy) or proxy.profile, proxy, plugins, asks=status < SIGNALLED)
    raise typer.Exit(status)


def _shortens(asked: _Asked, proxy: Announcement, plugins: Plugins) -> bool:
    """Whether an agent in this session may see a stub, and can be given the tool that returns the original."""
    if asked.bypass or not mcp_arguments.is_mcp_installed():
        return False
    try:
        return mcp_arguments.needs_mcp_server(profiles.load(_user(asked, proxy) or proxy.profile), plugins)
    except PenstockError:  # the proxy that is up knows plugins that this program does not, and has said what is wrong
        return False


def _wants_hooks(asked: _Asked, proxy: Announcement, hooks: bool | None) -> bool:
    """Whether hooks are to be set up: as the user says, else as the profile."""
    if hooks is not None:
        return hooks
    try:
        return profiles.load(_user(asked, proxy) or proxy.profile).hooks.enabled
    except PenstockError:  # as above
        return False


def profile_of(client: str) -> str:
    """The profile to use for a client when the user names none."""
    return _PROFILES.get(client, "default")


@dataclass(frozen=True)
class _Asked:
    """The options of this session."""

    client: str
    profile: str
    is_chosen: bool
    """A person named the profile; else it goes by the client."""
    bypass: bool
    port: int
    confdir: Path | None


@contextmanager
def _proxy(asked: _Asked) -> Iterator[tuple[Announcement, Path]]:
    """The proxy for this session, and the file that announces it."""
    up = _found_for(asked)
    if up is not None:
        yield up
        return
    with ChildProxy(_arguments(asked), _environ_of_proxy(asked)) as child:
        yield child.announced, child.file
        said = child.ended()
    if said:
        typer.echo("\n".join(f"penstock: {line}" for line in said.splitlines()), err=True)


def _found_for(asked: _Asked) -> tuple[Announcement, Path] | None:
    """The running proxy, if it can serve this session."""
    if asked.client == "ollama" or asked.profile.endswith(".toml"):
        return None  # the one needs a port of its own, the other a profile that no address can name
    for file in _files():
        up = announced(file)
        if up is not None and asked.port in (0, up.port):
            return up, file
    return None


def _files() -> list[Path]:
    """Files in which running proxies announce themselves: first that of the `penstock run` around this one."""
    within = os.environ.get(ANNOUNCED_VARIABLE)
    return [*([Path(within)] if within else []), default_file()]


def _arguments(asked: _Asked) -> list[str]:
    arguments = ["--port", str(asked.port), "--profile", asked.profile, "--store", str(_free_store())]
    if asked.confdir is not None:
        arguments += ["--confdir", str(asked.confdir)]
    if asked.client == "ollama":
        arguments += ["--reverse", ollama_address(os.environ)]
    if asked.bypass:
        arguments += ["--", "--set", "penstock_bypass=true"]
    return arguments


def _free_store() -> Path:
    """The store; while another proxy uses it, the next free one beside it: `penstock-2.db`, ..."""
    first = paths.store_path()
    others = (first.with_name(f"{first.stem}-{n}{first.suffix}") for n in range(2, 100))
    return next((store for store in (first, *others) if not is_taken(store)), first)


def _environ_of_proxy(asked: _Asked) -> dict[str, str]:
    """The proxy's environment: a proxy that was used before becomes the upstream of ours."""
    behind = proxy_behind(os.environ)
    return {**os.environ, UPSTREAM_VARIABLE: behind} if behind else dict(os.environ)


def proxy_behind(environ: Mapping[str, str]) -> str:
    """The upstream proxy to use: the one that the client would have used without Penstock. Not a Penstock of this
    machine, running or not: after `penstock up`, a shell may have set it as `HTTPS_PROXY`."""
    before = environment.proxy_before(environ)
    parts = urlsplit(before if "//" in before else f"//{before}")
    if parts.hostname not in ("127.0.0.1", "localhost", "::1"):
        return before
    up = announced()
    is_ours = up is not None and up.port == parts.port
    return "" if is_ours or not answers(parts.hostname, parts.port or 80) else before


def _environ(asked: _Asked, proxy: Announcement, file: Path, *, plain_http: bool) -> dict[str, str]:
    from penstock_addons.cli.certificate_authority import write_bundle

    ca = Path(proxy.ca)
    environ = environment.for_client(
        os.environ, proxy=proxy.url(_user(asked, proxy)), ca=ca, bundle=write_bundle(ca), plain_http=plain_http
    )
    environ[ANNOUNCED_VARIABLE] = str(file)
    if asked.client == "ollama":
        environ["OLLAMA_HOST"] = next(iter(proxy.reverse.values()))
    return environ


def _user(asked: _Asked, proxy: Announcement) -> str:
    """The user name that the client gives to the proxy, which selects a profile; empty when the proxy uses that profile
    already."""
    if asked.bypass:
        return "bypass"
    # A proxy that was given a profile keeps it, unless a person asks for another one here.
    keeps = proxy.profile == asked.profile or (proxy.profile != "default" and not asked.is_chosen)
    return "" if keeps else asked.profile


def ollama_address(environ: Mapping[str, str]) -> str:
    """The address of the real Ollama server, from `OLLAMA_HOST` as Ollama's programs read it."""
    said = environ.get("OLLAMA_HOST", "").strip()
    parts = urlsplit(said if "//" in said else f"//{said}")
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme, 11434)
    return f"{parts.scheme or 'http'}://{reachable(parts.hostname or '')}:{port}"


def _tell(profile: Profile, *, warns_of_digest: bool) -> None:
    """What a person should know before the client takes the screen. Only Claude Code sends a digest of requests."""
    if environment.no_proxy(os.environ):
        from penstock_addons.wire.hosts import KNOWN_HOSTS

        if hosts := environment.left_out(os.environ, KNOWN_HOSTS):
            shown = ", ".join(hosts[:NAMED]) + (f" and {len(hosts) - NAMED} more" if len(hosts) > NAMED else "")
            typer.echo(f"penstock: NO_PROXY names {shown}: requests to them will not pass through here", err=True)
    if warns_of_digest and is_first_time() and (told := attested(profile)):
        typer.echo(f"penstock: {told}", err=True)
