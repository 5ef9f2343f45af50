"""`why_untrusted`: checks that no other user can change a file of plugin code, which runs with all rights of the person
who starts the proxy. It looks at the file, the target of a link and every folder above, and returns the reason not to
run it, or an empty text; always empty on Windows."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

__all__ = ["why_untrusted"]

_NOBODY = 65534
"""The owner that Linux shows for users that have no number in this user namespace, such as the host's root in a
container: /proc/sys/kernel/overflowuid, by default."""


def why_untrusted(path: Path) -> str:
    """Why code at `path` must not be run, and what to do about it: another user can change or replace it. Checks the
    file or folder, the target of a link, and every folder above. Empty: only this user and root can change it. Always
    empty on Windows, which has other permissions."""
    if os.name != "posix":
        return ""
    return next(filter(None, map(_why, _chain(path))), "")


def _chain(path: Path) -> Iterator[Path]:
    """`path` and all above it, by its name and where that leads: each once, and the nearest first."""
    named, real = path.absolute(), path.resolve()
    yield from dict.fromkeys((named, real, *named.parents, *real.parents))


def _why(path: Path) -> str:
    try:
        found = path.lstat()
    except OSError as e:
        return f"{path} cannot be looked at: {e.strerror}"
    is_known = found.st_uid in (0, os.geteuid()) or (found.st_uid == _NOBODY and stat.S_ISDIR(found.st_mode))
    if not is_known:
        return (
            f"{path} belongs to user {found.st_uid}, who can change it: copy the plugin to a folder of your own, "
            f"or take it over with `chown {os.geteuid()} {path}`"
        )
    mode = found.st_mode
    # In a sticky folder, such as /tmp, nobody can rename or delete what is another's.
    if stat.S_ISLNK(mode) or (stat.S_ISDIR(mode) and mode & stat.S_ISVTX):
        return ""
    if mode & stat.S_IWOTH or (mode & stat.S_IWGRP and not _is_own_group(found.st_gid)):
        return f"{path} can be written by other users (mode {stat.S_IMODE(mode):04o}): `chmod go-w {path}`"
    return ""


def _is_own_group(gid: int) -> bool:
    """Whether a group is root's, or this user's alone: many systems give each user one, and let it write."""
    import grp  # neither is there on Windows
    import pwd

    if gid == 0:
        return True
    try:
        user, group = pwd.getpwuid(os.geteuid()), grp.getgrgid(gid)
    except KeyError:
        return False
    return gid == user.pw_gid and group.gr_name == user.pw_name and set(group.gr_mem) <= {user.pw_name}
