"""Writes profile files: `keep` saves the settings that were changed in a run as a profile of the user's own, `turn_on`
adds a stage to a profile. A file that is replaced stays as `NAME.toml.old`. Both raise `PenstockError` if the file
cannot be written or is no valid profile, `keep` also for a name that is taken; the old file is unchanged then."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from penstock.base import paths
from penstock.base.errors import PenstockError, ProfileError
from penstock.base.private_files import whole_file, write_file
from penstock.base.toml import to_toml
from penstock.profiles import files, profile
from penstock.profiles.profile import Profile

__all__ = ["keep", "turn_on"]

_NAME = re.compile(r"[\w][\w.-]{0,60}")


def keep(name: str, of: str, base: Profile, values: Mapping[str, Any], *, replace: bool = False) -> Path:
    """Write the profile `name`: the profile `base`, called `of`, with `values`. An existing one is kept unless
    `replace` is set; then the old one is kept as `NAME.toml.old`. Returns the file. Raises `PenstockError`."""
    if not _NAME.fullmatch(name) or name.endswith(".toml"):
        raise PenstockError(f"{name!r} is no name for a profile: letters, digits, `-` and `_` were expected")
    file = paths.profiles_dir() / f"{name}.toml"
    if file.exists() and not replace:
        raise PenstockError(f"{file} is there already: take another name, or say that it may be replaced")
    if name in files.available() and not file.exists():
        raise PenstockError(f"a profile {name!r} comes with Penstock: take another name")
    unsaid = ", ".join(_unsaid(values))
    if unsaid:
        raise PenstockError(
            f"{unsaid}: a file cannot say `none` over what {of!r} says; set it to a number, or reset it"
        )
    own = base.file
    if file.exists() and own is not None and own.exists() and own.samefile(file) and "+" not in of:
        table = files.merge(files.read_file(file), values)
    else:
        # By its name where it has one: the file of a bundled profile is elsewhere after an update.
        has_name = files.available().get(of.partition("+")[0]) == own
        extends = of if has_name or own is None else str(own.absolute())
        table = {"extends": extends, "about": f"{base.name}, as it was changed in a run.", **values}
    _write(file, to_toml(table), lambda: profile.load(name))
    return file


def turn_on(stage: str, of: Profile) -> Path:
    """Add `stage` after the stages of a profile, for its next start. The old file is kept as `NAME.toml.old`; for a
    bundled profile, a user's profile of the same name that extends it is written. Returns the file. Raises
    `PenstockError`."""
    stages = {"stages": [*of.stages, stage]}
    own = of.file
    if own is None or profile.is_bundled(of):
        name = of.name.partition("+")[0]  # with a preset on top or without
        own = paths.profiles_dir() / f"{name}.toml"
        table = {"extends": name, "about": of.about, **stages}
    else:
        table = files.merge(files.read_file(own), stages)
    _write(own, to_toml(table), lambda: profile.load(str(own)))
    return own


def _unsaid(values: Mapping[str, Any], path: str = "") -> Iterator[str]:
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from _unsaid(value, f"{path}{key}.")
        elif value is None:
            yield f"{path}{key}"


def _write(file: Path, text: str, check: Callable[[], object]) -> None:
    """Write `file` for its owner alone, since profiles may have keys. If `check` raises `ProfileError`, the old file is
    restored."""
    old, had = file.with_name(f"{file.name}.old"), file.exists()
    before = file.with_name(f"{file.name}.before")
    try:
        paths.make_private(file.parent)
        if had:  # a copy: there is no moment without the profile
            write_file(before, file.read_bytes())
        with whole_file(file) as out:
            out.write(text)
        try:
            check()
        except ProfileError as e:
            before.replace(file) if had else file.unlink()
            raise PenstockError(f"it was not saved: {e}") from e
        if had:
            before.replace(old)
    except OSError as e:
        before.unlink(missing_ok=True)
        raise PenstockError(f"{file} cannot be written: {e}") from e
