"""`state_folder`: the check of the folder of the store for `penstock doctor`: whether something can be written there,
and whether other users can enter it. `why_closed`: why nothing can be written there."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from penstock.base import paths
from penstock_addons.cli.check_result import CheckResult, Level

__all__ = ["state_folder", "why_closed"]

_NAME = "state folder"


def state_folder(folder: Path) -> CheckResult:
    """The state of the folder."""
    if why := why_closed(folder):
        fix = "Make it yours to write, or name another one: the variable PENSTOCK_HOME, or --store for the store alone."
        return CheckResult(_NAME, Level.FAIL, why, fix)
    if not folder.is_dir():
        return CheckResult(_NAME, Level.OK, f"none yet; the proxy will make {folder} for you alone")
    if not paths.is_loose(folder):
        return CheckResult(_NAME, Level.OK, f"{folder}, yours alone")
    own = folder == paths.state_dir() and folder.stat().st_uid == os.geteuid()
    fix = "The next `penstock up` closes it."
    if not own:
        fix = f"chmod 700 {folder}, or keep the store in a folder of its own."
    mode = folder.stat().st_mode & 0o7777
    return CheckResult(_NAME, Level.WARN, f"{folder} is open to other users (mode {mode:04o})", fix)


def why_closed(folder: Path) -> str:
    """Why nothing can be written to `folder`, or that itself not be made; empty if it can. Tried: what a file system
    refuses, such as that of /proc, is not in its permissions, and root has all of these."""
    place = next(one for one in (folder, *folder.parents) if one.exists())
    try:
        with tempfile.TemporaryDirectory(prefix=".penstock-", dir=place):
            return ""
    except OSError as e:
        what = f"nothing can be written to {folder}" if place == folder else f"{folder} cannot be made in {place}"
        return f"{what}: {e.strerror}"
