"""Imports one plugin: a single file (`load_file`) or an entry point (`load_entry`). Both raise `PluginError` with the
failing line, and with the new name where the plugin imports one that was renamed."""

from __future__ import annotations

import importlib.util
import re
import sys
from collections.abc import Mapping
from importlib.metadata import EntryPoint
from pathlib import Path
from types import ModuleType

from penstock.base.errors import PluginError
from penstock.base.failing_line import line_in

__all__ = ["load_entry", "load_file"]

_FILE_PREFIX = "penstock_user_plugin_"
_RENAMED: Mapping[str, str] = {"Spot": "BlockRef", "Parts": "Services", "Due": "FlushReason", "Seen": "KnownContent"}
"""Names of the front page, by what they were called before."""
_MISSING_NAME = re.compile(r"cannot import name '(\w+)' from 'penstock'")


def load_file(file: Path) -> ModuleType:
    """Load a single-file plugin as a module with a prefixed name, so that it cannot shadow another module. Raises
    `PluginError`."""
    name = _FILE_PREFIX + file.stem
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise PluginError(f"plugin {file}: is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as e:
        del sys.modules[name]
        told = f"{type(e).__name__}: {e}{line_in(e, spec.origin or '')}{_renamed_import(e)}"
        raise PluginError(f"plugin {file}: cannot be imported: {told}") from e
    return module


def load_entry(entry: EntryPoint) -> object:
    """Import what an entry point names. Raises `PluginError`."""
    try:
        return entry.load()
    except (Exception, SystemExit) as e:
        raise PluginError(
            f"plugin {entry.name!r} ({entry.value}): cannot be imported: {type(e).__name__}: {e}{_renamed_import(e)}"
        ) from e


def _renamed_import(error: BaseException) -> str:
    """The new name, where a plugin imports a name of the front page that has another one now."""
    found = _MISSING_NAME.match(str(error)) if isinstance(error, ImportError) else None
    new = _RENAMED.get(found[1]) if found is not None else None
    return f": {found[1]} is called {new} now" if found is not None and new is not None else ""
