"""`ServiceSettings`: the table `[service]` of a profile: address, port (0: `up` serves only with `--serve`, `serve` on
7878), limits, backups, log. `service_values`: what overrides it: the command line, then `PENSTOCK_SERVE_<KEY>`; an
unknown variable is a warning only. Raises `ProfileError` for a value that does not fit."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from penstock.base.errors import ProfileError
from penstock.base.suggest import did_you_mean

__all__ = ["DEFAULT_PORT", "MOST_VERSIONS", "PREFIX", "ServiceSettings", "service_values"]

DEFAULT_PORT = 7878
PREFIX = "PENSTOCK_SERVE_"
"""Not `PENSTOCK_SERVICE_`: Kubernetes sets `PENSTOCK_SERVICE_HOST` and the like for a Service named `penstock`."""
MOST_VERSIONS = 100
"""The largest `kept_versions`, since an import reads that many values of a context at once."""
_BACKUP_EVERY = "PENSTOCK_BACKUP_EVERY"
"""The older name of `PENSTOCK_SERVE_BACKUP_EVERY`."""
_LEAST_HOURS = 0.1
logger = logging.getLogger(__name__)


class ServiceSettings(BaseModel):
    """The service beside the wire. Read when it starts."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, use_attribute_docstrings=True)

    port: int = Field(default=0, ge=0, le=65535)
    """The port that `penstock up` serves on beside the proxy. 0: only with `--serve`. `penstock serve` listens on 7878
    where it is 0."""
    host: str = Field(default="127.0.0.1", min_length=1)
    """The address to listen on. Only this machine can reach it unless another is named."""
    allowed_hosts: tuple[str, ...] = ()
    """Names by which others ask for it, where that is not the address."""
    seeds: bool = True
    """Whether the paths of other products are answered, too: `/api/context/…`, `/context-ws`, `/dashboard/…`."""
    body_megabytes: float = Field(default=9, gt=0, le=1024)
    """Larger bodies are refused. A value of a context has at most 8 MB."""
    search_limit: int = Field(default=200, ge=1, le=1000)
    """Hits that one search may ask for, at most."""
    kept_versions: int = Field(default=10, ge=1, le=MOST_VERSIONS)
    """Versions of a context that are kept, the newest. A lower number removes older ones with the next write to it."""
    kept_changes: int = Field(default=100_000, ge=100, le=10_000_000)
    """Changes that are kept for subscribers who were away."""
    backup_every: float = Field(default=0, ge=0, le=10_000)
    """Hours between two backups that the service makes by itself: 0.1 at the least. 0: none."""
    backup_keep: int = Field(default=30, ge=1, le=10_000)
    """Backups that stay in their folder, the newest."""
    backup_folder: str = ""
    """Where backups are written, of this installation alone: an absolute path, or one that begins with `~`. Empty: in
    the folder `backups` beside the store."""
    otlp: str = Field(default="", pattern=r"^$|^https?://")
    """The address of an OpenTelemetry collector (OTLP over gRPC) that gets a span for each call of a model, without
    texts. Empty: none does."""
    redis: str = Field(default="", pattern=r"^$|^rediss?://")
    """The URL of a Redis that all proxies and services share, `redis://HOST:PORT/DATABASE`: rate limits then count for
    all of them together, and keys of the gateway are read less often. It takes the extra `redis`. Empty: none."""
    log: Literal["text", "json"] = "text"
    """`json`: what the service logs, and each call, is a line of JSON on stderr."""

    @field_validator("backup_every")
    @classmethod
    def _is_not_too_often(cls, hours: float) -> float:
        if 0 < hours < _LEAST_HOURS:
            raise ValueError(f"0 (none), or hours from {_LEAST_HOURS:g} on, such as 24, were expected")
        return hours

    @field_validator("backup_folder")
    @classmethod
    def _is_absolute(cls, folder: str) -> str:
        if (folder and not (Path(folder).is_absolute() or folder.startswith("~"))) or "\0" in folder:
            raise ValueError("an absolute path was expected, such as /var/backups/penstock")
        return folder

    @property
    def backups(self) -> Path | None:
        """The folder that `backup_folder` names. None: the one beside the store. Raises `ProfileError` where it begins
        with a home directory that does not exist."""
        try:
            return Path(self.backup_folder).expanduser() if self.backup_folder else None
        except RuntimeError as e:
            raise ProfileError(f"service.backup_folder = {self.backup_folder!r}: {e}") from e


def service_values(given: Mapping[str, Any] | None = None, environ: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """Values of `[service]` that override those of a profile: the environment's, and over them those of `given` that
    are not None. An unknown variable is a warning in the log. Raises `ProfileError` for a value of another type."""
    found: dict[str, Any] = {}
    for name in sorted(environ):
        if name.startswith(PREFIX):
            key = name.removeprefix(PREFIX).lower()
            if key not in ServiceSettings.model_fields:
                known = [f"{PREFIX}{one.upper()}" for one in ServiceSettings.model_fields]
                logger.warning("there is no variable %s: it is ignored.%s", name, did_you_mean(name, known))
                continue
            found[key] = _read(name, key, environ[name].strip())
    if said := environ.get(_BACKUP_EVERY, "").strip():
        hours = _read(_BACKUP_EVERY, "backup_every", said)
        if found.setdefault("backup_every", hours) != hours:
            raise ProfileError(
                f"{_BACKUP_EVERY} = {said!r} and {PREFIX}BACKUP_EVERY = {environ[PREFIX + 'BACKUP_EVERY']!r} differ: "
                "they are the same setting, so remove one of them"
            )
    return found | {key: value for key, value in (given or {}).items() if value is not None}


def _read(name: str, key: str, said: str) -> Any:
    expected, read = _READERS.get(ServiceSettings.model_fields[key].annotation, ("", str))
    try:
        return read(said)
    except (ValueError, KeyError) as e:
        raise ProfileError(f"{name} = {said!r}: {expected} was expected") from e


_SWITCH = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}
_READERS: Mapping[Any, tuple[str, Callable[[str], Any]]] = {
    int: ("a whole number", int),
    float: ("a number", float),
    bool: ("true or false", lambda said: _SWITCH[said.lower()]),
    tuple[str, ...]: ("a list", lambda said: [one.strip() for one in said.split(",") if one.strip()]),
}
