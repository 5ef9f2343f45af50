"""`ProxyOptions`: the addon that declares Penstock's mitmproxy options (`penstock_profile`, `penstock_store`, ...),
validates them as a whole, and gives their values to the other addons. An invalid one raises `OptionsError` before any
of them takes effect."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from mitmproxy import ctx
from mitmproxy.addonmanager import Loader
from mitmproxy.exceptions import OptionsError

from penstock.base import paths
from penstock.base.browser_origin import Allowed
from penstock.base.errors import PenstockError
from penstock.base.suggest import did_you_mean
from penstock.plugins.manager import Plugins
from penstock.profiles import profile as profiles
from penstock.profiles.profile import VARIABLE as PROFILE_VARIABLE
from penstock.store.store_file import store_file

__all__ = ["PROFILE_VARIABLE", "ProxyOptions"]

logger = logging.getLogger(__name__)
PREFIX = "penstock_"


class ProxyOptions:
    """The option values. An invalid one raises `OptionsError` before any of them takes effect."""

    def __init__(self) -> None:
        self.plugins: Plugins | None = None
        """The plugins, loaded once, when the options are first complete."""
        self._is_running = False
        self._allowed = Allowed()

    def load(self, loader: Loader) -> None:
        loader.add_option(
            "penstock_profile",
            str,
            os.environ.get(PROFILE_VARIABLE, "default"),
            "The profile: its name, or the path of a .toml file. `penstock profiles list` shows them.",
        )
        loader.add_option(
            "penstock_store",
            str,
            str(paths.store_path()),
            "Where events and ledgers are kept: a SQLite file, or postgresql://USER@HOST/DATABASE.",
        )
        loader.add_option(
            "penstock_plugins_dir", str, str(paths.plugins_dir()), "The folder of your own single-file plugins."
        )
        loader.add_option(
            "penstock_block_plugins",
            Sequence[str],
            [],
            "Plugins to leave out, by name, as `penstock plugins list` shows them.",
        )
        loader.add_option(
            "penstock_hosts",
            Sequence[str],
            [],
            "Model hosts to read besides the known ones: llm.example.com, *.example.com, localhost:4000.",
        )
        loader.add_option(
            "penstock_allow_remote",
            bool,
            False,
            "Answer other machines too, without a login. By default only this machine is answered, whatever the proxy "
            "listens on, unless proxyauth is set.",
        )
        loader.add_option(
            "penstock_names",
            Sequence[str],
            [],
            "Names of this machine, besides localhost, that reverse ports answer to: host.docker.internal.",
        )
        loader.add_option(
            "penstock_origins",
            Sequence[str],
            [],
            "Origins of apps whose pages may use reverse ports: http://localhost:3000, vscode-webview://.",
        )
        loader.add_option(
            "penstock_grace",
            int,
            0,
            "Seconds that requests under way may take when SIGTERM ends the proxy, up to 600; 0: they are cut off.",
        )
        loader.add_option("penstock_bypass", bool, False, "Let every request pass unread and untouched.")

    def configure(self, updated: set[str]) -> None:
        if updated & {"penstock_names", "penstock_origins"}:
            try:
                self._allowed = Allowed.of(ctx.options.penstock_names, ctx.options.penstock_origins)
            except ValueError as e:
                raise OptionsError(f"penstock_names, penstock_origins: {e}") from e
        if "penstock_grace" in updated and not 0 <= ctx.options.penstock_grace <= 600:
            raise OptionsError(f"penstock_grace = {ctx.options.penstock_grace}: 0 to 600 seconds were expected")
        fixed = updated & {"penstock_plugins_dir", "penstock_block_plugins", "penstock_profile", "penstock_store"}
        if not fixed:
            return
        if self._is_running:
            raise OptionsError(
                f"{', '.join(sorted(fixed))}: set at the start of the proxy; start it again to change it"
            )
        self._check(updated)

    def running(self) -> None:
        """All options are known by now: one with our prefix that is not declared is a misspelling, and would have no
        effect."""
        self._is_running = True
        known = [name for name in sorted(ctx.options.keys()) if name.startswith(PREFIX)]
        for name in ctx.options.deferred:
            if name.startswith(PREFIX):
                logger.error("there is no option %s.%s", name, did_you_mean(name, known))

    def _check(self, updated: set[str]) -> None:
        folder = ctx.options.penstock_plugins_dir
        if "penstock_plugins_dir" in updated and folder != str(paths.plugins_dir()) and not Path(folder).is_dir():
            raise OptionsError(f"penstock_plugins_dir = {folder!r}: there is no such folder")
        if not ctx.options.penstock_store:
            raise OptionsError("penstock_store is empty: the path of a file was expected")
        try:
            _ = self.store  # a URL gets its file
            plugins = Plugins.load(Path(folder).expanduser(), ctx.options.penstock_block_plugins)
            profile = profiles.load(ctx.options.penstock_profile)
            plugins.check(profile)
        except PenstockError as e:
            raise OptionsError(str(e)) from e
        self.plugins = plugins

    @property
    def profile(self) -> str:
        """The name or file of the default profile."""
        return str(ctx.options.penstock_profile)

    @property
    def store(self) -> Path:
        """The file of the store."""
        return store_file(str(ctx.options.penstock_store))

    @property
    def hosts(self) -> Sequence[str]:
        """Model hosts that the user added."""
        return list(ctx.options.penstock_hosts)

    @property
    def allow_remote(self) -> bool:
        """Whether other machines are served without a login."""
        return bool(ctx.options.penstock_allow_remote)

    def allowed(self, own: str = "") -> Allowed:
        """Which web pages and host names may call a reverse port, besides programs that use a loopback address. `own`:
        one more name of this machine; empty: none."""
        return replace(self._allowed, names=self._allowed.names | {own}) if own else self._allowed

    @property
    def bypass(self) -> bool:
        """Whether all requests pass unread and unedited."""
        return bool(ctx.options.penstock_bypass)
