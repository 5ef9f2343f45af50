"""The places of Penstock's files: `store_path`, `state_dir`, `memory_dir`, `profiles_dir`, `plugins_dir`, `config_dir`.
`PENSTOCK_HOME` puts all of them under one folder. `make_private` makes a folder that other users cannot enter."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path

import platformdirs

__all__ = [
    "config_dir",
    "is_loose",
    "make_private",
    "memory_dir",
    "plugins_dir",
    "profiles_dir",
    "state_dir",
    "store_path",
]

_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def config_dir() -> Path:
    """The folder of files that a person writes: profiles and plugins. `~/.config/penstock` on Linux."""
    home = os.environ.get("PENSTOCK_HOME")
    return Path(home) / "config" if home else platformdirs.user_config_path("penstock")


def state_dir() -> Path:
    """The folder of files that the proxy writes. `~/.local/state/penstock` on Linux."""
    home = os.environ.get("PENSTOCK_HOME")
    return Path(home) / "state" if home else platformdirs.user_state_path("penstock")


def plugins_dir() -> Path:
    """The folder of single-file plugins."""
    return config_dir() / "plugins"


def profiles_dir() -> Path:
    """The folder of a person's own profiles."""
    return config_dir() / "profiles"


def store_path() -> Path:
    """The SQLite file of the store: events, ledgers, conversations."""
    return state_dir() / "penstock.db"


def memory_dir(store: Path | None = None) -> Path:
    """The folder of the memory, its record and its vectors: beside `store`, by default this machine's."""
    return (store or store_path()).parent / "memory"


def make_private(folder: Path) -> None:
    """Make `folder`, and the missing ones above it, with access for the owner alone. An existing folder keeps its
    permissions, except the state folder and those in it, which are closed to others again. Raises `OSError`."""
    for one in (*reversed(folder.parents), folder):
        if not one.is_dir():
            one.mkdir(mode=0o700, exist_ok=True)
    state = state_dir()
    if folder == state or state in folder.parents:
        for one in (state, folder):
            _close(one)


def is_loose(folder: Path) -> bool:
    """Whether other users may list or enter `folder`."""
    return os.name == "posix" and bool(folder.stat().st_mode & _OTHERS)


def _close(folder: Path) -> None:
    """Take from others what they may do in `folder`. What is not ours to change stays; `penstock doctor` says so."""
    if is_loose(folder):
        with suppress(OSError):
            folder.chmod(stat.S_IMODE(folder.stat().st_mode) & ~_OTHERS)
