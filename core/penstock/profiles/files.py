"""The TOML files of profiles: `available` lists them, `read_file` reads one, `merged` reads one with those it `extends`
and with a preset on top (`codex+bold`), `merge` puts one table over another, `bundled_dir` is the folder of bundled
ones.

Raises `ProfileError` if there is no such profile, a file cannot be read or is not TOML, or it extends itself. The
values are not checked here: `profile.load` does that.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

from penstock.base import paths
from penstock.base.errors import ProfileError
from penstock.base.suggest import did_you_mean
from penstock.profiles.renamed_keys import with_current_keys

__all__ = ["PRESETS", "available", "bundled_dir", "merge", "merged", "read_file"]

_BUNDLED = "penstock_profiles"

PRESETS = ("safe", "balanced", "bold", "observe")
"""Bundled profiles that may stand behind another one's name and a `+`."""


def available() -> dict[str, Path]:
    """Every profile by name, with its file; a person's own hide bundled ones."""
    found: dict[str, Path] = {}
    for folder in (bundled_dir(), paths.profiles_dir()):
        if folder.is_dir():
            found.update({file.stem: file for file in sorted(folder.glob("*.toml"))})
    return found


def read_file(file: Path) -> dict[str, Any]:
    """The table in one file, without those it extends, with the present names of keys. Raises `ProfileError`."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as e:
        raise ProfileError(f"{file}: cannot be read: {e}") from e
    try:
        return with_current_keys(tomllib.loads(text), str(file))
    except tomllib.TOMLDecodeError as e:
        why = str(e).replace("(at end of document)", f"(at the end, line {max(1, len(text.splitlines()))})")
        raise ProfileError(f"{file}: is not TOML: {why}") from e


def merged(name: str, seen: tuple[str, ...] = ()) -> tuple[Path, dict[str, Any]]:
    """The file of a profile, and its table over those of the profiles it extends. Raises `ProfileError`.

    `seen`: the files that led here by `extends`."""
    below, plus, preset = name.partition("+")
    if plus and not name.endswith(".toml"):
        file, data = merged(below, seen)
        return file, merge(data, _preset(preset, name)) | {"name": name}
    file = _file_of(name, seen)
    if str(file) in seen:
        raise ProfileError(f"{file}: extends itself, by way of {' -> '.join(seen)}")
    data = read_file(file)
    parent = data.pop("extends", None)
    if parent is not None and not isinstance(parent, str):
        raise ProfileError(f"{file}: extends = {parent!r}: the name of one profile was expected")
    base = merged(parent, (*seen, str(file)))[1] if parent else {}
    return file, merge(base, data | {"name": file.stem})


def _preset(preset: str, name: str) -> dict[str, Any]:
    """The table of a preset alone."""
    if preset not in PRESETS:
        raise ProfileError(
            f"no profile is called {name!r}: behind a `+` stands {', '.join(PRESETS[:-1])} or {PRESETS[-1]}"
        )
    data = read_file(bundled_dir() / f"{preset}.toml")
    return {key: value for key, value in data.items() if key not in ("extends", "about")}


def _file_of(name: str, seen: tuple[str, ...]) -> Path:
    if name.endswith(".toml"):
        # Beside the file that extends it, as its author sees it.
        return Path(seen[-1]).parent / Path(name).expanduser() if seen else Path(name).expanduser()
    known = available()
    if name not in known:
        where = f"{seen[-1]}: extends: " if seen else ""
        raise ProfileError(
            f"{where}no profile is called {name!r}.{did_you_mean(name, known)} `penstock profiles` lists them; own "
            f"ones are in {paths.profiles_dir()}"
        )
    # A person's own that has the name of a bundled one may extend that.
    bundled = bundled_dir() / f"{name}.toml"
    return bundled if seen and seen[-1] == str(known[name]) and bundled.is_file() else known[name]


def bundled_dir() -> Path:
    """The folder of the profiles that come with Penstock."""
    return Path(str(resources.files(_BUNDLED)))


def merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """`base` with the values of `over`: tables key by key, anything else replaced."""
    out = dict(base)
    for key, value in over.items():
        old = out.get(key)
        out[key] = merge(old, value) if isinstance(old, Mapping) and isinstance(value, Mapping) else value
    return out
