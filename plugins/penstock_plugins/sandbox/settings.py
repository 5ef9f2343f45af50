"""`Settings`: the table `[stage.sandbox]` of a profile: whether agents may run code, its limits, and the folders and
variables of the environment that it may read."""

from __future__ import annotations

import os
import re
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, field_validator

from penstock import Aggressiveness, state_dir

__all__ = ["Settings"]

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NOT_READ = ("/", "/proc", "/sys", "/dev", "/run", "/var/run", "/usr", "/tmp", "/work")
"""Folders that `read` may not name: they would show more than files, or hide what the sandbox puts there itself."""


class Settings(BaseModel):
    """What code in the sandbox may use. All of it is enforced by the kernel, or by ending the run."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, use_attribute_docstrings=True)

    aggressiveness: Aggressiveness = "safe"
    enabled: bool = False
    """Offer agents the tools `run_code` and `batch_execute`."""
    hint: bool = False
    """Name `batch_execute` to subagents that have it, in a note in their first request."""
    wall_s: float = Field(default=30, gt=0, le=3600)
    """Seconds until a run is ended."""
    memory_mb: int = Field(default=512, ge=64)
    """The most memory of a run, all its processes together."""
    disk_mb: int = Field(default=64, ge=1)
    """The most that a run may write, to `/tmp` and to its working directory, each."""
    processes: int = Field(default=64, ge=8, le=4096)
    """The most processes and threads of a run."""
    at_once: int = Field(default=4, ge=1, le=64)
    """So many runs at once; others wait."""
    state_days: float = Field(default=7, gt=0)
    """Days after which a named working directory that was not used is deleted."""
    environment: tuple[str, ...] = ()
    """Variables of the environment that the code sees, by name. Empty: none of them."""
    read: tuple[str, ...] = ()
    """Folders that the code may read, each under its own path. Empty: none."""

    @field_validator("environment")
    @classmethod
    def _are_names(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            if not _VARIABLE.fullmatch(name) or name.startswith("LD_"):
                raise ValueError(f"{name!r} cannot be passed: the name of a variable was expected, and none of LD_*")
        return names

    @field_validator("read")
    @classmethod
    def _are_folders(cls, folders: tuple[str, ...]) -> tuple[str, ...]:
        for folder in folders:
            path = Path(os.path.realpath(Path(folder).expanduser()))
            if not path.is_dir():
                raise ValueError(f"{folder!r} is no folder: an existing one was expected")
            if str(path) in _NOT_READ:
                raise ValueError(f"{folder!r} cannot be shown in the sandbox: name a folder inside it")
            own = Path(os.path.realpath(state_dir()))
            if own.is_relative_to(path) or path.is_relative_to(own):
                raise ValueError(f"{folder!r} holds Penstock's own files ({own}): name a folder without them")
        return folders

    @property
    def folders(self) -> tuple[str, ...]:
        """The paths of `read`, without links and `~`."""
        return tuple(os.path.realpath(Path(folder).expanduser()) for folder in self.read)
