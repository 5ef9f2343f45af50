"""The demo's own folder: its profile, its plugins and its log. It is kept until the next demo, to be looked at."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from penstock.base import paths
from penstock.base.errors import PenstockError
from penstock.base.toml import to_toml
from penstock.plugins.manager import BLOCK_VARIABLE
from penstock.profiles import profile as profiles
from penstock.profiles.profile import Profile
from penstock.store.lock import is_taken

__all__ = ["Home"]

MARGIN_S = 0.5
"""Seconds past the life of a cache entry until the demo's proxy takes it as gone."""
SHARE = 0.8
"""Of its budget the longest conversation uses, so that the level REDUCED is reached and nothing is refused."""


class Home:
    """A home as `PENSTOCK_HOME` names one: by default in the state folder of the person's own. Replaces what is there.
    Raises `PenstockError`."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or paths.state_dir() / "demo"
        self.store = self.folder / "state" / "penstock.db"
        if is_taken(self.store):
            raise PenstockError("another `penstock demo` is running; it has to end first")
        try:
            shutil.rmtree(self.folder, ignore_errors=not self.folder.exists())
            paths.make_private(self.folder / "config")
        except OSError as e:
            raise PenstockError(f"{self.folder} cannot be written: {e}") from e

    @property
    def environ(self) -> dict[str, str]:
        """Nothing of the person's own Penstock, but what they leave out stays out."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith("PENSTOCK_") or k == BLOCK_VARIABLE}
        return {**kept, "PENSTOCK_HOME": str(self.folder)}

    def link_plugins(self) -> None:
        """Have the proxy load the person's own single-file plugins."""
        if paths.plugins_dir().is_dir():
            (self.folder / "config" / "plugins").symlink_to(paths.plugins_dir().absolute(), target_is_directory=True)

    def link_plugin(self, file: Path) -> None:
        """Have the proxy load this one."""
        plugins = self.folder / "config" / "plugins"
        plugins.mkdir()
        (plugins / file.name.lstrip("_")).symlink_to(file.absolute())  # with a `_` it would be passed over

    def write_profile(self, base: Profile, *, requests: int, lifetime_s: float, stages: Sequence[str] = ()) -> Path:
        """`base`, where cache entries live `lifetime_s`, the budget of a conversation runs low with so many requests,
        and `stages` run behind those of `base`. Written whole: its own is not found from here by its name."""
        over = {
            "stages": list(dict.fromkeys((*base.stages, *stages))),
            "cache": {"margin_s": MARGIN_S},
            "prices": {"anthropic": {"ttl_s": lifetime_s}},
            "budget": {"conversation": {"requests": round(requests / SHARE)}},
        }
        given = profiles.changed(base, over).given
        file = self.folder / "config" / f"{base.name}.toml"
        file.write_text(to_toml({name: value for name, value in given.items() if name != "name"}), encoding="utf-8")
        return file
