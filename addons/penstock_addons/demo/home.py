"""`Home`: the demo's own `PENSTOCK_HOME`, a folder with its profile, plugins and log; it raises `OSError` if it cannot
be made. `kept_home` keeps it until the next demo, and raises `PenstockError` if another demo uses it; `temporary_home`,
for trying a stage, removes it at the end."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from penstock.base import paths
from penstock.base.errors import PenstockError, StoreError
from penstock.base.toml import to_toml
from penstock.plugins.manager import BLOCK_VARIABLE
from penstock.profiles import profile as profiles
from penstock.profiles.profile import Profile
from penstock.store.lock import StoreLock, holder
from penstock_addons.demo.recorder import PLUGIN, RECORD, recorder_of

__all__ = ["Home", "kept_home", "temporary_home"]

MARGIN_S = 0.5
"""Seconds after the end of a cache entry's life at which the demo's proxy takes it as gone."""
SHARE = 0.8
"""The share of its budget that the longest conversation uses, so that the level REDUCED is reached and nothing is
refused."""


@contextmanager
def kept_home() -> Iterator[Home]:
    """The demo's home in the user's state folder, which replaces that of the demo before. It belongs to this process
    until the end of the block. Raises `PenstockError`."""
    folder = paths.state_dir() / "demo"
    try:
        paths.make_private(folder.parent)
    except OSError as e:
        raise PenstockError(f"{folder.parent} cannot be written: {e}") from e
    try:
        lock = StoreLock(folder)
    except StoreError as e:
        pid = holder(folder)
        who = f" (process {pid})" if pid is not None else ""
        raise PenstockError(
            f"another `penstock demo`{who} is using {folder}: end it first, or give this one a folder of its own, such "
            "as PENSTOCK_HOME=/tmp/demo-2"
        ) from e
    try:
        try:
            shutil.rmtree(folder, ignore_errors=not folder.exists())
            home = Home(folder)
        except OSError as e:
            raise PenstockError(f"{folder} cannot be written: {e}") from e
        yield home
    finally:
        lock.release()


@contextmanager
def temporary_home() -> Iterator[Home]:
    """A home for this run alone, removed at the end of the block. Raises `PenstockError`."""
    with ExitStack() as stack:
        try:
            home = Home(Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="penstock-demo-"))))
        except OSError as e:
            raise PenstockError(f"no temporary folder can be made: {e}") from e
        yield home


class Home:
    """A home as `PENSTOCK_HOME` names one. Raises `OSError` where it cannot be made."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = self.folder / "state" / "penstock.db"
        self.record = self.folder / "state" / RECORD
        paths.make_private(self.folder / "config")

    @property
    def environ(self) -> dict[str, str]:
        """Nothing of the person's own Penstock, but what they leave out stays out."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith("PENSTOCK_") or k == BLOCK_VARIABLE}
        return {**kept, "PENSTOCK_HOME": str(self.folder)}

    def link_plugins(self) -> None:
        """Have the demo's proxy load the user's own single-file plugins."""
        if paths.plugins_dir().is_dir():
            (self.folder / "config" / "plugins").symlink_to(paths.plugins_dir().absolute(), target_is_directory=True)

    def link_plugin(self, file: Path) -> None:
        """Have the demo's proxy load the plugin `file`, and the recorders of its stages."""
        plugins = self.folder / "config" / "plugins"
        plugins.mkdir()
        (plugins / "penstock_demo_recorder.py").write_text(PLUGIN, encoding="utf-8")
        (plugins / file.name.lstrip("_")).symlink_to(file.absolute())  # with a `_` it would be passed over

    def write_profile(self, base: Profile, *, requests: int, lifetime_s: float, stages: Sequence[str] = ()) -> Path:
        """`base`, where cache entries live `lifetime_s`, the budget of a conversation runs low with so many requests,
        and `stages` run behind those of `base`, each behind its recorder. Written whole: its own is not found from here
        by its name."""
        order = dict.fromkeys((*base.stages, *stages))
        over = {
            "stages": [name for one in order for name in ([recorder_of(one), one] if one in stages else [one])],
            "cache": {"margin_s": MARGIN_S},
            "prices": {"anthropic": {"ttl_s": lifetime_s}},
            "budget": {"conversation": {"requests": round(requests / SHARE)}},
        }
        given = profiles.changed(base, over).given
        file = self.folder / "config" / f"{base.name}.toml"
        file.write_text(to_toml({name: value for name, value in given.items() if name != "name"}), encoding="utf-8")
        return file
