"""`penstock up` (`up`): starts the proxy in this process, on port 8080 by default, and runs it until Ctrl-C. Loads the
profile, checks plugins and ports (also those of `--reverse` and `--gateway`), creates the certificate, and has
`run_proxy` run mitmproxy; `--serve` runs the service beside it. Raises `PenstockError` for a port or a store that is in
use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated
from urllib.parse import unquote, urlsplit

import typer

from penstock.base import paths
from penstock.base.errors import PenstockError
from penstock.cli import completion
from penstock.cli.deferred import NO_NUMBER
from penstock.control import discovery
from penstock.plugins.manager import Plugins
from penstock.profiles import profile as profiles
from penstock.profiles.gateway import DEFAULT_GATEWAY_PORT, GATEWAY_URL
from penstock.profiles.profile import VARIABLE as PROFILE_VARIABLE
from penstock.profiles.profile import Profile
from penstock.profiles.service import DEFAULT_PORT, ServiceSettings, service_values
from penstock.store.lock import is_taken
from penstock.store.store_file import refuse_no_file, store_file
from penstock_addons.cli.plugin_servers import running_servers
from penstock_addons.cli.reverse_ports import ReversePort, parse
from penstock_addons.cli.workers.checks import check

__all__ = ["PROFILE_VARIABLE", "UPSTREAM_VARIABLE", "up"]

PORT = 8080
UPSTREAM_VARIABLE, WORKERS_VARIABLE = "PENSTOCK_UPSTREAM_PROXY", "PENSTOCK_WORKERS"


def up(
    port: Annotated[int, typer.Option(help="The port to listen on; 0 takes any.", min=0, max=65535)] = PORT,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    allow_remote: Annotated[
        bool,
        typer.Option(
            "--allow-remote",
            help="Answer other machines too, where --host lets them reach the proxy. They need no login.",
        ),
    ] = False,
    profile: Annotated[
        str,
        typer.Option(
            help="The profile, or the path of a .toml file.",
            envvar=PROFILE_VARIABLE,
            autocompletion=completion.profiles,
        ),
    ] = "default",
    reverse: Annotated[
        list[str] | None,
        typer.Option(
            help="Also stand for a provider on a port: anthropic=8411, openai, gemini, ollama, chatgpt, or an address. "
            "Without a port it takes any that is free, and prints it. May be repeated.",
            metavar="NAME[=PORT]",
        ),
    ] = None,
    serve: Annotated[
        int | None,
        typer.Option(
            help="Also serve contexts and the proxy's own commands over HTTP, as `penstock serve` does: on this port, "
            f"without one on that of the profile, or {DEFAULT_PORT}; 0 takes any.",
            metavar="[PORT]",
            min=NO_NUMBER,
            max=65535,
            show_default=False,
        ),
    ] = None,
    gateway: Annotated[
        int | None,
        typer.Option(
            help="Also be the gateway of a team: one port for all providers, asked with keys made by `penstock keys "
            f"add`. On this port, without one on that of the profile, or {DEFAULT_GATEWAY_PORT}; 0 takes any.",
            metavar="[PORT]",
            min=NO_NUMBER,
            max=65535,
            show_default=False,
        ),
    ] = None,
    upstream: Annotated[
        str,
        typer.Option(
            "--upstream-proxy",
            help="Reach the providers through this proxy, http://[USER:PASSWORD@]HOST:PORT, where a company has one.",
            envvar=UPSTREAM_VARIABLE,
            metavar="URL",
        ),
    ] = "",
    store: Annotated[
        str | None,
        typer.Option(
            help="Where events and ledgers are kept: a file, or postgresql://USER@HOST/DATABASE.", metavar="FILE|URL"
        ),
    ] = None,
    confdir: Annotated[
        Path | None, typer.Option(help="The folder of the certificate authority. mitmproxy's own when not given.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but what goes wrong.")] = False,
    workers: Annotated[
        int,
        typer.Option(
            help="So many processes behind the same ports, for more than one core. They need a store in PostgreSQL.",
            envvar=WORKERS_VARIABLE,
            min=1,
            max=64,
        ),
    ] = 1,
    options: Annotated[
        list[str] | None, typer.Argument(help="Options for mitmdump, behind `--`.", metavar="[-- OPTIONS]")
    ] = None,
    announce: Annotated[Path | None, typer.Option(hidden=True, help="Announce the proxy in this file.")] = None,
    tethered: Annotated[bool, typer.Option(hidden=True, help="End when stdin ends.")] = False,
) -> None:
    """Start the proxy, and stay until Ctrl-C.

    A request with the header `x-penstock: bypass` passes unread and untouched, and so does all of a client whose proxy
    address names that user: HTTPS_PROXY=http://bypass:x@127.0.0.1:8080. A profile's name there chooses the profile.
    """
    chosen = _with_service(profiles.load(profile), serve)
    plugins = Plugins.load()
    plugins.check(chosen)  # what is wrong with a plugin or a stage's settings is said before anything listens
    if tethered:
        workers = 1  # a proxy for one client, whatever the environment says of others
    if workers > 1:
        port = port or discovery.free_port(host)  # one for all
    main_mode, login = _main_mode(upstream, host, port)
    reverse_ports = _with_ports([*map(parse, reverse or ()), *_gateway(chosen, gateway)], host)
    _check_ports(host, port, reverse_ports, chosen.service)
    file = store_file(store or str(paths.store_path())).absolute()
    refuse_no_file(file)  # before its folder gets keys and a memory
    if workers > 1:
        check(file, chosen, options or ())
    if is_taken(file):
        raise PenstockError(f"{file} belongs to another proxy that is up: give this one its own by --store FILE")

    from penstock_addons.cli import banner, certificate_authority

    ca = certificate_authority.ensure((confdir or certificate_authority.default_confdir()).expanduser().absolute())
    bundle = certificate_authority.write_bundle(ca)

    servers = plugins.servers(chosen, file)

    def say(what: discovery.Announcement, has_store: bool = True) -> None:
        first = banner.is_first_time()
        lines = banner.banner(
            what, chosen, bundle, reverse_ports, servers, workers=workers, has_store=has_store, first=first
        )
        for line in lines:
            typer.echo(line)

    announcement, said = announce or discovery.default_file(), None if quiet else say
    reverse_modes = {u.mode(host): u for u in reverse_ports}
    modes = [main_mode, *reverse_modes]
    settings = {
        "confdir": ca.parent,
        "penstock_profile": profile,
        **({"upstream_auth": login} if login else {}),
        **({"penstock_allow_remote": "true"} if allow_remote else {}),
    }
    if workers > 1:
        from penstock_addons.cli.workers.run import run_workers
        from penstock_addons.control.siblings import OWN_PORT

        def arguments(own: Path) -> list[str]:
            return _arguments([*modes, OWN_PORT], {**settings, "penstock_store": own}, options or ())

        run_workers(
            workers,
            (host, port),
            file,
            arguments,
            ca=ca,
            reverse=reverse_modes,
            servers=servers,
            announcement=announcement,
            say=said,
        )
        return

    from penstock_addons.cli.announcer import Announcer
    from penstock_addons.cli.master import run_proxy
    from penstock_addons.cli.tether import Tether

    more: list[object] = [Announcer(announcement, ca, reverse_modes, said), *([Tether()] if tethered else [])]
    with running_servers(servers) as starter:
        run_proxy(_arguments(modes, {**settings, "penstock_store": file}, options or ()), [starter, *more])


def _with_service(profile: Profile, port: int | None) -> Profile:
    """`profile` with what the environment, and `--serve`, say of the service. Raises `ProfileError`."""
    chosen = profiles.changed(profile, {"service": service_values()})
    if port is None:
        return chosen
    if port == NO_NUMBER:
        port = chosen.service.port or DEFAULT_PORT
    return profiles.changed(chosen, {"service": {"port": port or discovery.free_port(chosen.service.host)}})


def _gateway(profile: Profile, port: int | None) -> list[ReversePort]:
    """The gateway's port, where the profile or `--gateway` asks for one."""
    settings = profile.gateway
    if port is None and not settings.port:
        return []
    if port is None or port == NO_NUMBER:
        port = settings.port or DEFAULT_GATEWAY_PORT
    return [ReversePort(discovery.GATEWAY, GATEWAY_URL, port, host=settings.host)]


def _arguments(modes: Sequence[str], settings: Mapping[str, object], more: Sequence[str]) -> list[str]:
    return [
        *(part for mode in modes for part in ("--mode", mode)),
        *(part for name, value in settings.items() for part in ("--set", f"{name}={value}")),
        *more,
    ]


def _main_mode(upstream: str, host: str, port: int) -> tuple[str, str]:
    """mitmproxy's mode specification for the proxy, and the login for an upstream proxy. Raises `PenstockError`."""
    if not upstream:
        return f"regular@{host}:{port}", ""
    has_scheme = "//" in upstream
    parts = urlsplit(upstream if has_scheme else f"http://{upstream}")
    where = parts.netloc.rpartition("@")[2]
    try:
        is_address = bool(parts.hostname) and (parts.port is not None or has_scheme)
    except ValueError:  # the port is none
        is_address = False
    if parts.scheme not in ("http", "https") or not is_address:
        raise PenstockError("--upstream-proxy: http://[USER:PASSWORD@]HOST:PORT was expected")
    login = f"{unquote(parts.username or '')}:{unquote(parts.password or '')}" if parts.username else ""
    return f"upstream:{parts.scheme}://{where}@{host}:{port}", login


def _with_ports(reverse: list[ReversePort], host: str) -> list[ReversePort]:
    """Gives a free port to each reverse port that names none: mitmproxy takes two without one for the same."""
    return [replace(u, port=u.port or discovery.free_port(u.host or host)) for u in reverse]


def _check_ports(host: str, port: int, reverse: Sequence[ReversePort], service: ServiceSettings) -> None:
    """Raises `PenstockError` for the first port that is in use or wanted twice, with what to do. The service
    checks itself whether its own is in use."""
    wanted = [(host, port, "--port")]
    for u in reverse:
        wanted.append((u.host or host, u.port, "--gateway" if u.url == GATEWAY_URL else f"--reverse {u.name}"))
    seen = {(service.host, service.port): "--serve"}
    for where, number, option in wanted:
        if number and (other := seen.setdefault((where, number), option)) != option:
            raise PenstockError(f"{option} and {other} are for the same port {number}: give one of them another")
        if discovery.is_free(where, number):
            continue
        ours = discovery.announced()
        if ours is not None and ours.port == number:
            raise PenstockError(
                f"port {number} is in use by the Penstock proxy that is already up (process {ours.pid}). "
                "`penstock run -- CLIENT` uses it; to start one more, give another --port"
            )
        raise PenstockError(f"cannot listen on {where}:{number}: in use, or not allowed. Give another port by {option}")
