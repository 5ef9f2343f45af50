"""`Connection`: the service's address, token and headers, and how `Client` and `AsyncClient` encode requests and decode
answers, errors and the stream of changes (`following`, `change_in`). A call has 30 seconds by default, the stream 45
without a sign of life. Every failure is a `ServiceError`."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, TypeVar

import httpx

from penstock.base import paths
from penstock.client.answers import Change, ServiceError, change_of, refused
from penstock.client.requests import Request, given

__all__ = ["TIMEOUT_S", "Connection", "change_in", "following"]

T = TypeVar("T")
DEFAULT_URL = "http://127.0.0.1:7878"
_TOKEN_FILE = "service-token"
TIMEOUT_S = 30.0
_FOLLOW = httpx.Timeout(30.0, read=45.0)
"""The read timeout is three times the longest silence of the service."""


class Connection:
    """An address with its headers."""

    def __init__(self, url: str | None, token: str | None, workspace: str, by: str, store: Path | None = None) -> None:
        """As `Client` takes them. Raises `ServiceError`."""
        self.url = url or os.environ.get("PENSTOCK_SERVICE") or DEFAULT_URL
        try:
            address = httpx.URL(self.url)
        except httpx.InvalidURL as e:
            raise ServiceError(f"{self.url!r} is no address of a service: {e}", "invalid") from e
        if address.scheme not in ("http", "https") or not address.host:
            text = f"{self.url!r} is no address of a service: http://HOST:PORT was expected, such as {DEFAULT_URL}"
            raise ServiceError(text, "invalid")
        token = (token or os.environ.get("PENSTOCK_TOKEN") or _own_token(self.url, store)).strip()
        if not token.isascii() or not token.isprintable():  # httpx would quote it in its error
            raise ServiceError("the token, or PENSTOCK_TOKEN, has characters that no token has", "invalid")
        if not by.isascii() or not by.isprintable():
            raise ServiceError(f"by is {by!r}: a header can name printable ASCII only", "invalid")
        self.headers = {
            "authorization": f"Bearer {token}",
            "x-penstock-by": by,
        }
        if workspace != "default":  # a key has one of its own, and may name no other
            self.headers["x-penstock-workspace"] = workspace

    def encode(self, request: Request[Any]) -> dict[str, Any]:
        """The arguments with which httpx sends a request. Raises `ServiceError` if the body is not JSON."""
        headers, content = {**request.headers}, None
        if request.body is not None:
            headers["content-type"] = "application/json"
            try:
                content = json.dumps(request.body, ensure_ascii=False, allow_nan=False).encode()
            except (ValueError, TypeError) as e:
                raise ServiceError(f"{request.path}: {_unsendable(request.body)}", "invalid") from e
        return {
            "method": request.method,
            "url": request.path,
            "content": content,
            "params": dict(request.query) or None,
            "headers": headers,
        }

    def read(self, request: Request[T], answer: httpx.Response) -> T:
        """The decoded answer of the service. Raises `ServiceError` if it is an error."""
        if answer.status_code >= 400:
            raise refused(answer)
        try:
            return request.read(answer.json() if answer.content else None)
        except (ValueError, KeyError, TypeError) as e:
            raise ServiceError(f"what answers at {self.url} is no service of Penstock's: {e!r}", "unreachable") from e

    def unreachable(self, e: Exception) -> ServiceError:
        """The error for a failed connection."""
        text = (
            f"the service does not answer at {self.url} ({e}): `penstock serve` starts it; if it listens elsewhere, "
            "PENSTOCK_SERVICE or --url names its address"
        )
        return ServiceError(text, "unreachable")


def following(prefix: str, after: str | None) -> dict[str, Any]:
    """The arguments with which httpx requests the stream of changes."""
    return {
        "method": "GET",
        "url": "/v1/changes",
        "params": given(prefix=prefix or None, after=after),
        "timeout": _FOLLOW,
    }


def change_in(line: str) -> Change | None:
    """The change that a line of the stream tells, if it tells one."""
    return change_of(json.loads(line[6:])) if line.startswith("data: {") else None


def _unsendable(body: Any) -> str:
    """Which field of a body cannot be sent, and why."""
    for name, value in body.items():
        try:
            json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
        except (ValueError, TypeError) as e:
            return f"{name} cannot be sent as JSON: {e}"
    return "its fields cannot be sent as JSON"


def _own_token(url: str, store: Path | None) -> str:
    """The token of this machine's service, or of the one that stands beside `store`. It is never sent to another
    machine, which could take it."""
    if httpx.URL(url).host not in ("127.0.0.1", "localhost", "::1"):
        raise ServiceError(f"{url} is not on this machine: name its token, or PENSTOCK_TOKEN", "unauthenticated")
    file = (paths.state_dir() if store is None else store.expanduser().absolute().parent) / _TOKEN_FILE
    try:
        return file.read_text().strip()
    except FileNotFoundError as e:
        text = (
            f"{file} is missing: no service has run here yet (`penstock serve` makes it at its start), or the file was "
            "deleted, and a service that is up makes it again within half a minute"
        )
        raise ServiceError(text, "unauthenticated") from e
    except (OSError, UnicodeDecodeError) as e:
        raise ServiceError(f"{file} cannot be read: {e}", "unauthenticated") from e
