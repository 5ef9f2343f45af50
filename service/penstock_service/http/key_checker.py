"""`key_of`: the gateway key of a call, for its route. `KeyChecker`: checks that key and what it may do before (`admit`
returns why a call is refused), and ends a long answer once the key is revoked. After the check the call is about the
key's workspace and made in the key's name, whatever its headers said. `check_project` says which projects a key may
name (raises `NotFound` for another)."""

from __future__ import annotations

import logging
from collections.abc import Callable
from time import monotonic

from fastapi.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.types import Message, Scope, Send

from penstock.base.errors import NotFound, StoreError
from penstock.gateway.admit import check_scope
from penstock.gateway.database import GatewayStore
from penstock.gateway.errors import BadKey, NotAllowed
from penstock.gateway.keys import PREFIX, check_key, note_use
from penstock.gateway.periods import day_of
from penstock.gateway.records import ApiKey
from penstock.identify.working_directory import project_in
from penstock_service.http.scopes import ANY, needed

__all__ = ["KEY_HEADER", "KeyChecker", "Refusal", "bearer", "check_project", "key_of"]

logger = logging.getLogger(__name__)
KEY_HEADER = "x-penstock-key"
"""The header that carries a key where `authorization` holds another credential."""
_WORKSPACE, _BY = "x-penstock-workspace", "x-penstock-by"
_KEY = "penstock.key"
_AGAIN_S = 5.0
"""Seconds after which the key of an answer that does not end is checked again, before more is sent."""
Refusal = tuple[str, str]
"""The type and the message of an error."""


class KeyChecker:
    """Checks the keys of calls, and records the day of their last use."""

    def __init__(self, gateway: Callable[[], GatewayStore]) -> None:
        self._gateway = gateway
        self._noted: dict[str, str] = {}

    async def admit(self, scope: Scope, headers: Headers) -> Refusal | None:
        """Check a call without the owner's token. Returns why it is refused; None: it may go on."""
        secret = _secret(headers)
        if not secret:
            sent = "this token is neither the owner's nor a key" if "authorization" in headers else "a token is needed"
            return "unauthenticated", (
                f"{sent}: `Authorization: Bearer TOKEN`, the owner's (`penstock serve` prints which file it "
                "is in) or a key of a workspace"
            )
        try:
            key = await run_in_threadpool(self._checked, secret)
            _check(key, scope, headers)
        except BadKey as e:
            return "unauthenticated", str(e)
        except NotAllowed as e:
            return "forbidden", str(e)
        except StoreError as e:
            logger.warning("a key cannot be checked: %s", e)
            return "busy", "keys cannot be checked now: try again"
        kept = [(name, value) for name, value in scope["headers"] if name.decode("latin-1") not in (_WORKSPACE, _BY)]
        scope["headers"] = [*kept, (_WORKSPACE.encode(), key.workspace.encode()), (_BY.encode(), key.name.encode())]
        scope[_KEY] = key
        return None

    def watched(self, scope: Scope, headers: Headers, send: Send) -> Send:
        """`send`, which ends the answer once the key is not good any more: an answer may go on for days."""
        if _KEY not in scope:
            return send
        secret, checked_at, has_ended = _secret(headers), monotonic(), False

        async def sent(message: Message) -> None:
            nonlocal checked_at, has_ended
            if has_ended:
                return
            if monotonic() - checked_at >= _AGAIN_S:
                checked_at = monotonic()
                has_ended = not await self._is_still_good(secret)
            if not has_ended:
                await send(message)
            elif scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 4401, "reason": "unauthenticated"})
            else:
                await send({"type": "http.response.body", "body": b"", "more_body": False})

        return sent

    async def _is_still_good(self, secret: str) -> bool:
        try:
            await run_in_threadpool(lambda: check_key(self._gateway(), secret))
        except BadKey:
            return False
        except StoreError as e:
            logger.warning("a key cannot be checked again: %s", e)
        return True

    def _checked(self, secret: str) -> ApiKey:
        store = self._gateway()
        key = check_key(store, secret)
        today = day_of(store.clock.now())
        if key.last_used_day != today and self._noted.get(key.id) != today:
            self._noted[key.id] = today  # tried once a day, so that a full disk costs one call a moment, not all
            try:
                note_use(store, key.id, today)
            except StoreError as e:
                logger.warning("the last use of a key cannot be noted: %s", e)
        return key


def key_of(connection: HTTPConnection) -> ApiKey | None:
    """The key that a call was made with. None: the owner calls."""
    found: ApiKey | None = connection.scope.get(_KEY)
    return found


def check_project(key: ApiKey | None, project: str) -> str:
    """`project`, where a caller may name it. Raises `NotFound`: it is none of the key's workspace."""
    if key is None or project == key.workspace or project.startswith(project_in(key.workspace, "")):
        return project
    raise NotFound(
        f"there is no project {project[:100]!r} here: a key of this workspace names {key.workspace!r}, or one that "
        f"begins with {project_in(key.workspace, '')!r}"
    )


def bearer(headers: Headers) -> str:
    """The token of `Authorization`; empty without one."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _secret(headers: Headers) -> str:
    token = bearer(headers)
    return headers.get(KEY_HEADER, "").strip() or (token if token.startswith(PREFIX) else "")


def _check(key: ApiKey, scope: Scope, headers: Headers) -> None:
    """Raises `NotAllowed`."""
    if any(named != key.workspace for named in headers.getlist(_WORKSPACE)):
        raise NotAllowed(f"this key is of the workspace {key.workspace}: leave `{_WORKSPACE}` out")
    wanted = needed(scope.get("method", ""), scope["path"])
    if wanted is None:
        raise NotAllowed("a key may not call this path: it takes the owner's token")
    if wanted != ANY:
        check_scope(key, wanted)
