"""`IdempotentCalls`: the ASGI middleware for repeated calls that change something other than contexts (`CHANGING`): the
same call under the same `Idempotency-Key` gets its first answer for a day, and is not carried out again. While the
first is under way, the answer is 409; for a key that is too long 400, for a body that is 413. Calls about contexts do
so in their own transaction."""

from __future__ import annotations

import logging
import re
from collections.abc import Collection

from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, Response
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from penstock.base.errors import StoreError
from penstock.contexts.contexts import Contexts
from penstock.contexts.errors import Conflict, ContextError, InvalidContext, TooLarge
from penstock_service.http.calls import MAX_NAME, digest_of
from penstock_service.http.errors import STATUS, WORKSPACE, error_body, status_of
from penstock_service.http.json_body import read_body

__all__ = ["CHANGING", "IdempotentCalls"]

logger = logging.getLogger(__name__)
CHANGING = frozenset(
    f"/v1/{name}"
    for name in (
        *("ingest", "feedback", "workers/jobs", "backup", "sealing/rotate", "settings/reset", "settings/save"),
        *("compact", "pause", "resume", "shutdown", "replay/start", "replay/stop"),
        *("workspaces", "providers", "workers/sync/models"),
    )
)
"""Paths whose POST changes something, besides those about contexts and tools. Those that answer with a key are left
out: a key must be kept nowhere."""
_RAISE = re.compile(r"/v1/quotas/.+/raise")


class IdempotentCalls:
    """Answers repeated calls of some paths from what it has kept."""

    def __init__(self, app: ASGIApp, contexts: Contexts, paths: Collection[str]) -> None:
        """`contexts`: where answers are kept."""
        self._app, self._contexts, self._paths = app, contexts, frozenset(paths)
        self._under_way: set[tuple[str, str]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_post = scope["type"] == "http" and scope["method"] == "POST"
        if not is_post or (scope["path"] not in self._paths and not _RAISE.fullmatch(scope["path"])):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        workspace, name = headers.get("x-penstock-workspace", "default"), headers.get("idempotency-key", "")
        is_streamed = "ndjson" in headers.get("content-type", "")  # too long to be held here
        if not name or is_streamed or not re.fullmatch(WORKSPACE, workspace):  # the last is refused there
            await self._app(scope, receive, send)
            return
        try:
            answer = await self._answer(scope, receive, workspace, name)
        except ContextError as e:
            status, body = status_of(e)
            answer = JSONResponse(body, status)
        except StoreError as e:
            answer = JSONResponse(error_body("busy", str(e)), STATUS["busy"], headers={"retry-after": "1"})
        await answer(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, workspace: str, name: str) -> Response:
        if len(name) > MAX_NAME:
            raise InvalidContext(f"an Idempotency-Key has at most {MAX_NAME} characters", "idempotency-key")
        if (workspace, name) in self._under_way:
            raise Conflict(
                f"a call with the Idempotency-Key {name!r} is under way: ask again when it has ended", "Idempotency-Key"
            )
        self._under_way.add((workspace, name))
        try:
            body, receive = await read_body(receive)
            what = f"POST {scope['path']}?{scope['query_string'].decode('latin-1')}\n".encode() + body
            digest = await run_in_threadpool(digest_of, self._contexts, what)
            return await run_in_threadpool(self._known, workspace, name, digest) or await self._first(
                scope, receive, workspace, name, digest
            )
        except HTTPException as e:
            raise TooLarge(e.detail) from e
        finally:
            self._under_way.discard((workspace, name))

    def _known(self, workspace: str, name: str, digest: str) -> Response | None:
        with self._contexts.write(workspace, "repetition") as writer:
            known = writer.answered(name, digest)
        return None if known is None else Response(known[1], known[0], media_type="application/json")

    async def _first(self, scope: Scope, receive: Receive, workspace: str, name: str, digest: str) -> Response:
        answer, chunks = Response(), list[bytes]()

        async def hold(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer.status_code, answer.raw_headers = message["status"], list(message["headers"])
            else:
                chunks.append(message.get("body", b""))

        await self._app(scope, receive, hold)
        answer.body = b"".join(chunks)
        if answer.status_code < 400:
            try:
                await run_in_threadpool(self._remember, workspace, name, digest, answer)
            except StoreError as e:  # it is done all the same
                logger.warning("the answer to a call cannot be kept for its repetition: %s", e)
        return answer

    def _remember(self, workspace: str, name: str, digest: str, answer: Response) -> None:
        with self._contexts.write(workspace, "repetition") as writer:
            writer.remember_answer(name, digest, answer.status_code, bytes(answer.body))
