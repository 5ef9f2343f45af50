"""`ServiceSettings`: the table `[service]` of a profile, each key of it also a variable of the environment:
`PENSTOCK_SERVE_PORT` for `port`."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from penstock.base.errors import ProfileError
from penstock.base.suggest import did_you_mean

__all__ = ["DEFAULT_PORT", "PREFIX", "ServiceSettings", "service_values"]

DEFAULT_PORT = 7878
PREFIX = "PENSTOCK_SERVE_"
"""Not `PENSTOCK_SERVICE_`: Kubernetes sets `PENSTOCK_SERVICE_HOST` and the like for a Service named `penstock`."""
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
    otlp: str = Field(default="", pattern=r"^$|^https?://")
    """The address of an OpenTelemetry collector (OTLP over gRPC) that gets a span for each call of a model, without
    texts. Empty: none does."""
    log: Literal["text", "json"] = "text"
    """`json`: what the service logs, and each call, is a line of JSON on stderr."""


def service_values(given: Mapping[str, Any] | None = None, environ: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """Values of `[service]` over those of a profile: what the environment says, and over it what is `given` and not
    None. An unknown variable is a warning in the log. Raises `ProfileError` for a value of another type."""
    found: dict[str, Any] = {}
    for name in sorted(environ):
        if name.startswith(PREFIX):
            key = name.removeprefix(PREFIX).lower()
            if key not in ServiceSettings.model_fields:
                known = [f"{PREFIX}{one.upper()}" for one in ServiceSettings.model_fields]
                logger.warning("there is no variable %s: it is ignored.%s", name, did_you_mean(name, known))
                continue
            found[key] = _read(name, key, environ[name].strip())
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
