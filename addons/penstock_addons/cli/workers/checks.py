"""`check`: raises `PenstockError` for what several worker processes cannot do, with what to do instead."""

from __future__ import annotations

import socket
import sys
from collections.abc import Sequence
from pathlib import Path

from penstock.base.errors import PenstockError
from penstock.base.store_url import url_in
from penstock.profiles.profile import Profile
from penstock.profiles.several_processes import check_for_several

__all__ = ["check"]

_SHORT = {"-w": "save_stream_file", "-r": "rfile", "-C": "client_replay", "-S": "server_replay"}
_OF_ONE = ("save_stream_file", "rfile", "client_replay", "server_replay", "hardump")
"""Options of mitmdump that read or write one file, or send each request in it once."""


def check(store: Path, profile: Profile, options: Sequence[str]) -> None:
    """`options`: mitmdump's. Raises `PenstockError`."""
    if sys.platform != "linux" or not hasattr(socket, "SO_REUSEPORT"):
        raise PenstockError("--workers: only Linux deals the connections to one port to several processes")
    if not url_in(store):
        moves = "; `penstock migrate` moves what is in the file" if store.exists() else ""
        raise PenstockError(
            f"--workers: {store} is a SQLite file, which belongs to one process. Make a database that several can use, "
            f"as `createdb` does, and name it by --store postgresql://USER@HOST/DATABASE{moves}"
        )
    check_for_several(profile, has_redis=bool(profile.service.redis))
    for name in _OF_ONE:
        if any(_sets(option, name) for option in options):
            raise PenstockError(f"--workers: mitmdump's option {name} is for one process: leave it out")


def _sets(option: str, name: str) -> bool:
    """Whether a word of a command line sets mitmdump's option `name`."""
    word = option.removeprefix("--set=").partition("=")[0]
    if word.startswith("--"):
        return word == f"--{name.replace('_', '-')}"
    return word == name or _SHORT.get(option[:2]) == name
