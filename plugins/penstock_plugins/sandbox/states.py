"""`States`: working directories on disk for runs in the sandbox. One with a name of the agent's choice, apart for each
project, lasts from one run to the next, and is deleted when it was not used for some days; one without a name is
deleted after its run. `opened` raises `ValueError` for a name that is not allowed. `states_folder`: where they are."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from penstock import state_dir
from penstock_plugins.sandbox.bubblewrap import run_as

__all__ = ["States", "states_folder"]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}")
_OF_ROOT = Path("/var/lib/penstock-sandbox")
"""Code that root starts runs as `nobody`, who cannot reach root's own folders."""
_DAY_S = 86_400.0


def states_folder() -> Path:
    """Where the working directories of this user are."""
    return _OF_ROOT if run_as() else state_dir() / "sandbox"


class States:
    """The working directories below `folder`; those not used for `days` are deleted when another one is opened."""

    def __init__(self, folder: Path, days: float) -> None:
        self._folder, self._days = folder, days

    @contextmanager
    def opened(self, project: str, name: str) -> Iterator[str]:
        """The path of the directory `name` of a project; without a name, an empty one that is deleted after the
        block. Raises `ValueError` for a name that is none."""
        if name and not _NAME.fullmatch(name):
            raise ValueError(
                f"{name!r} is no name of a state: up to 60 letters, digits, `.`, `_` and `-` were expected"
            )
        self._folder.mkdir(parents=True, exist_ok=True)
        self._folder.chmod(0o711)
        if not name:
            path = Path(tempfile.mkdtemp(prefix="once-", dir=self._folder))
        else:
            self._sweep()
            path = self._folder / f"{sha256(project.encode()).hexdigest()[:16]}-{name}"
            path.mkdir(mode=0o700, exist_ok=True)
            os.utime(path)
        owner = run_as()
        if owner:
            os.chown(path, owner["user"], owner["group"])
        try:
            yield str(path)
        finally:
            if not name:
                shutil.rmtree(path, ignore_errors=True)

    def _sweep(self) -> None:
        before = time.time() - self._days * _DAY_S
        for path in self._folder.iterdir():
            if path.lstat().st_mtime < before and path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
