"""`Sessions`: the logins to the admin pages (`Session`; `Notice`: the message on the next page). `login` lets in the
owner's token or a key with the scope `admin`, for eight hours at most; it raises `BadKey` or `NotAllowed`, and
`TooManyLogins` after ten failures a minute from an address. `find` checks the key again at each request; raises
`LoginNeeded`. Also makes the tokens of forms.

Kept in this process's memory only: a browser holds a random name, and nothing of the key.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from penstock.base.clock import Clock
from penstock.base.errors import NotFound
from penstock.gateway.admit import check_scope
from penstock.gateway.database import DEFAULT_WORKSPACE, GatewayStore
from penstock.gateway.errors import BadKey, NotAllowed
from penstock.gateway.keys import check_key, find_key
from penstock.gateway.records import ApiKey

__all__ = ["LASTS_S", "LoginNeeded", "Notice", "Session", "Sessions", "TooManyLogins"]

LASTS_S = 8 * 3600.0
"""Seconds after which a session ends."""
_MOST = 1000
"""The largest number of sessions, and of addresses with failed logins: the oldest are dropped."""
_FAILURES, _FAILURES_S = 10, 60.0
"""The number of failed logins that an address may have within so many seconds."""


class LoginNeeded(Exception):
    """The browser is not logged in, or not any more. The text says why, where that is known."""


class TooManyLogins(Exception):
    """An address has tried too many keys."""


@dataclass(frozen=True, slots=True)
class Notice:
    """The message about the last form that the next page shows. `said`: the fields of a refused form, to be filled in
    again."""

    text: str
    is_error: bool = False
    said: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass(slots=True)
class Session:
    """A logged-in browser. `key` is None for the owner."""

    key: ApiKey | None
    workspace: str
    """The workspace that the pages show. The owner may switch it."""
    ends_at: float
    notice: Notice | None = None
    new_key: tuple[ApiKey, str] | None = field(default=None, repr=False)
    """The secret of a key that was just made, until its page has been shown."""


class Sessions:
    """The logged-in browsers of this process. Any thread may call."""

    def __init__(self, token: str, clock: Clock, gateway: Callable[[], GatewayStore]) -> None:
        """`token`: the owner's."""
        self._token, self._clock, self._gateway = token, clock, gateway
        self._secret = secrets.token_bytes(32)
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, Session] = OrderedDict()
        self._failures: OrderedDict[str, list[float]] = OrderedDict()

    def login(self, secret: str, address: str) -> str:
        """The name of a new session for the holder of the owner's token or of a key with the scope `admin`. Raises
        `BadKey`, `NotAllowed`, `StoreError` and `TooManyLogins`."""
        now = self._clock.now()
        with self._lock:
            recent = [at for at in self._failures.pop(address, ()) if at > now - _FAILURES_S]
            self._failures[address] = [*recent, now]  # counts until it has succeeded: tries at once count, too
            _shorten(self._failures)
        if len(recent) >= _FAILURES:
            raise TooManyLogins
        key, store = None, self._gateway()
        if not hmac.compare_digest(secret.encode(), self._token.encode()):
            key = check_key(store, secret)
            check_scope(key, "admin")
        name = secrets.token_urlsafe(32)
        session = Session(key, DEFAULT_WORKSPACE if key is None else key.workspace, now + LASTS_S)
        with store.writing() as db:
            store.note(db, session.workspace, "owner" if key is None else key.name, "logged in", "the admin pages")
        with self._lock:
            self._failures.pop(address, None)
            self._kept[_digest(name)] = session
            _shorten(self._kept)
        return name

    def find(self, name: str) -> Session:
        """The session of this name. Its key is looked at each time. Raises `LoginNeeded` and `StoreError`."""
        with self._lock:
            session = self._kept.get(_digest(name))
        if session is None:
            raise LoginNeeded("")
        if session.ends_at <= self._clock.now():
            self.end(name)
            raise LoginNeeded("Your session has ended: log in again.")
        if session.key is not None:
            try:
                session.key = self._still_good(session.key)
            except (BadKey, NotAllowed, NotFound) as e:
                self.end(name)
                raise LoginNeeded("The key that you logged in with is not good any more.") from e
        return session

    def end(self, name: str) -> None:
        """Log out the session of this name."""
        with self._lock:
            self._kept.pop(_digest(name), None)

    def form_token(self, name: str, workspace: str) -> str:
        """The token that each form of this session carries while its pages are about this workspace."""
        return hmac.new(self._secret, f"{name}\n{workspace}".encode(), hashlib.sha256).hexdigest()

    def _still_good(self, known: ApiKey) -> ApiKey:
        found = find_key(self._gateway(), known.workspace, known.id)
        if found.prefix != known.prefix or found.state(self._clock.now()) != "active":
            raise BadKey("it was rotated or revoked, or has expired")
        check_scope(found, "admin")
        return found


def _digest(name: str) -> str:
    return hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()


def _shorten(kept: OrderedDict[str, Session] | OrderedDict[str, list[float]]) -> None:
    while len(kept) > _MOST:
        kept.popitem(last=False)
