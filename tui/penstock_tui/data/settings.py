"""`read_settings`: reads the settings in force for the settings view (`SettingsSnapshot`), from the running proxy, or
from the profile where none is running. `ProxyClient` is the interface of the proxy's client. Blocking: call it on a
thread."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from penstock.base.errors import PenstockError
from penstock.base.readable import one_line, readable
from penstock.control.client import NotUp
from penstock.plugins.manager import Plugins
from penstock.profiles import profile as profiles
from penstock.settings.live import live_settings
from penstock.settings.setting import Setting, Source

__all__ = ["ProxyClient", "SettingsSnapshot", "read_settings"]


class ProxyClient(Protocol):
    """The client of the proxy that writes the log."""

    def do(self, path: str, arguments: Mapping[str, object], timeout: float = ...) -> dict[str, Any]:
        """Send a command, and return the answer. Raises `PenstockError`."""
        ...


@dataclass(frozen=True, slots=True)
class SettingsSnapshot:
    """All settings at one time."""

    profile: str = ""
    settings: tuple[Setting, ...] = ()
    is_live: bool = False
    """Whether they are those of a running proxy, and may be changed."""
    is_paused: bool = False
    error: str = ""
    """Why there are none, or not all, or why they cannot be changed."""

    @property
    def changed(self) -> tuple[Setting, ...]:
        """The settings that differ from the profile in this run."""
        return tuple(one for one in self.settings if one.source is Source.RUN)

    def setting(self, key: str) -> Setting | None:
        """The setting with the dotted name `key`. None: there is none."""
        return next((one for one in self.settings if one.key == key), None)


def read_settings(proxy: ProxyClient, profile: str) -> SettingsSnapshot:
    """The settings in force. `profile`: the one that the log names, used when no proxy answers."""
    try:
        told = proxy.do("/settings/show", {})
        settings = tuple(_readable(Setting.of(row)) for row in told["settings"])
        return SettingsSnapshot(readable(str(told["profile"])), settings, True, told.get("paused") is True)
    except NotUp:
        return _of_profile(profile, "no proxy is up: `penstock up` starts one")
    except PenstockError as e:  # one of an older version, say
        return _of_profile(profile, readable(str(e)))
    except (KeyError, TypeError, ValueError) as e:
        return _of_profile(profile, f"the proxy's answer cannot be read: {type(e).__name__}: {e}")


def _of_profile(name: str, why: str) -> SettingsSnapshot:
    name = name or "default"
    try:
        profile = profiles.load(name)
    except PenstockError as e:
        return SettingsSnapshot(name, error=f"{why}; {e}")
    try:
        stages = Plugins.load().stages(profile)
    except PenstockError as e:
        return SettingsSnapshot(name, tuple(live_settings(profile, ())), error=f"{why}; stages are not shown: {e}")
    return SettingsSnapshot(name, tuple(live_settings(profile, stages)), error=why)


def _readable(setting: Setting) -> Setting:
    """Texts of another process, or of another author's stage, made safe to display."""
    return replace(
        setting,
        key=one_line(setting.key),
        part=one_line(setting.part),
        help=one_line(setting.help, None),
        unit=one_line(setting.unit),
        bounds=one_line(setting.bounds),
        choices=tuple(map(one_line, setting.choices)),
    )
