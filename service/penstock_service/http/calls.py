"""`Call`: what routes get from the headers of a call, as the FastAPI dependency `call_of`: the workspace, who calls,
the version expected, the `Idempotency-Key` (200 characters at most). `Call.change` carries a change of contexts out
once. Also `json_answer`, and checks of workspaces and limits (`check_workspace`, `check_limit`), which raise
`InvalidContext`."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Header, Request
from fastapi.responses import Response
from pydantic import BaseModel

from penstock.base.keyfile import installation_key
from penstock.contexts.contexts import Contexts
from penstock.contexts.errors import InvalidContext
from penstock.contexts.records import Expected
from penstock.contexts.writing import Writer
from penstock_service.http.errors import TAG, WORKSPACE
from penstock_service.http.route_dependencies import Parts

__all__ = [
    "MAX_BY",
    "MAX_NAME",
    "Call",
    "call_of",
    "check_limit",
    "check_workspace",
    "digest_of",
    "json_answer",
    "json_bytes",
]

_KEY_FILE = "request-key"
MAX_NAME = 200
"""The largest number of characters of an `Idempotency-Key`."""
MAX_BY = 200
"""The largest number of characters of `x-penstock-by`."""


@dataclass(frozen=True)
class Call:
    """What the headers of a call say. Routes get it as the dependency `call_of`."""

    contexts: Contexts
    workspace: str
    by: str
    expected: Expected
    """The version or ETag in `If-Match`; None without one."""
    name: str
    """The `Idempotency-Key`; empty without one."""
    what: str
    """Method, path and query, which with the body identify a repeated call of the same name."""

    def change(
        self, do: Callable[[Writer], tuple[int, Any]], body: BaseModel | None = None, version: bool = False
    ) -> Response:
        """Carry out a change in one transaction: `do` returns status and answer. The same call under the same
        `Idempotency-Key` gets the first answer again and changes nothing. `version`: the answer's ETag is its
        version."""
        digest = self._digest(body) if self.name else ""
        with self.contexts.write(self.workspace, self.by) as writer:
            known = writer.answered(self.name, digest) if self.name else None
            if known is not None:
                status, content = known
            else:
                status, answer = do(writer)
                content = b"" if answer is None else json_bytes(answer)
                if self.name:
                    writer.remember_answer(self.name, digest, status, content)
        headers = {"etag": f'"{json.loads(content)["tag"]}"'} if version else {}
        if not content:
            return Response(status_code=status)
        return Response(content, status, headers, "application/json")

    def _digest(self, body: BaseModel | None) -> str:
        """The same for equal calls. Raises `InvalidContext` for a body that is nested too deeply."""
        try:
            said = "" if body is None else json.dumps(body.model_dump(exclude_unset=True), sort_keys=True)
        except (ValueError, RecursionError) as e:
            raise InvalidContext(f"the body cannot be kept as JSON: {e}", "data") from e
        return digest_of(self.contexts, f"{self.what}\n{self.expected}\n{said}".encode())


def digest_of(contexts: Contexts, call: bytes) -> str:
    """A digest of a call, equal for equal calls. Its key is not in the file of contexts: else whoever reads that file
    could try out sealed values."""
    return hmac.new(installation_key(contexts.path.parent, _KEY_FILE), call, hashlib.sha256).hexdigest()


def check_workspace(name: str) -> str:
    """`name`, if it is a valid name of a workspace. Raises `InvalidContext` if not."""
    if not re.fullmatch(WORKSPACE, name):
        raise InvalidContext(f"{name!r} is not a valid workspace: 1 to 80 letters, digits and ._- were expected")
    return name


async def call_of(  # async: it waits for nothing, and a plain function would cost a change of threads
    request: Request,
    workspace: Annotated[str, Header(alias="x-penstock-workspace", pattern=WORKSPACE)] = "default",
    by: Annotated[
        str, Header(alias="x-penstock-by", max_length=MAX_BY, description="Whom the history names")
    ] = "owner",
    if_match: Annotated[
        str, Header(alias="if-match", pattern=TAG, description='An ETag, or `"VERSION"`; `"0"`: there is none yet')
    ] = "",
    idempotency_key: Annotated[str, Header(max_length=MAX_NAME)] = "",
) -> Call:
    """The dependency that reads a `Call` from the headers of a request."""
    tag = if_match.strip('"')
    expected: Expected = (int(tag) if tag.isdecimal() else tag) if tag else None
    parts: Parts = request.app.state.parts  # a dependency of its own would cost as much as all that follows
    what = f"{request.method} {request.url.path}?{request.url.query}"
    return Call(parts.contexts, workspace, by, expected, idempotency_key, what)


def check_limit(limit: int, most: int) -> None:
    """Raises `InvalidContext` when `limit`, the hits that a search asks for, is above `most`."""
    if limit > most:
        raise InvalidContext(f"limit = {limit}: at most {most} (`[service] search_limit`)", "limit")


def json_bytes(answer: Any) -> bytes:
    """An answer as JSON."""
    return json.dumps(answer, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def json_answer(answer: Any, headers: dict[str, str] | None = None) -> Response:
    """A response with status 200 and `answer` as JSON."""
    return Response(json_bytes(answer), 200, headers, "application/json")
