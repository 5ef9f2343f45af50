"""`LiveRunner`: sends each prompt of a replay to a real address, with the user's own key, and reads from the log what a
proxy on this machine did with it. An answer is given up after five minutes of silence. Raises `PenstockError` for an
address that would get the key unencrypted, or if the key is not set; a failed request is an error in its result."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from penstock.base.browser_origin import is_loopback
from penstock.base.errors import PenstockError, StoreError
from penstock.conversation.exchange import State
from penstock.conversation.reply import Reply
from penstock.events.cursor import START
from penstock.events.event import Event, EventKind
from penstock.events.request_events import ClassifiedEvent
from penstock.events.response_events import LoggedUsage
from penstock.redaction.redaction import redact
from penstock.replay.runner import PromptResult, ReplayClient
from penstock.stats.exchange import ExchangeRecord
from penstock.store.base import Store
from penstock.store.opening import open_store
from penstock.testing.bodies import dialect_of
from penstock.testing.turns import Turn, assistant, user

__all__ = ["KEYS", "LiveRunner"]

KEYS = {"anthropic": "ANTHROPIC_API_KEY", "openai-chat": "OPENAI_API_KEY"}
TIMEOUT_S = 300.0
"""Seconds between two pieces of an answer, at most."""
LOOK_S, EVERY_S = 3.0, 0.05
"""How many seconds, and at which interval, the proxy's log is searched for what the proxy did with the request."""
_ENDS = (EventKind.PROCESSED, EventKind.FAILED, EventKind.REFUSED)


class LiveRunner:
    """Sends prompts to `address`, a base URL as clients get it. Reads from the log what a proxy on this machine did."""

    def __init__(self, address: str, log: Path, environ: Mapping[str, str] | None = None) -> None:
        """Raises `PenstockError` for an address to which a key must not be sent."""
        self._environ = os.environ if environ is None else environ
        self._address, self._is_here = _checked(address)
        self._log = _open(log)
        self._seen = self._log.end() if self._log is not None else START
        self._stopped, self.has_tool = threading.Event(), False
        self.notes: tuple[str, ...] = () if self._log is not None else (f"No log of a proxy is at {log}.",)
        # To this machine never by way of a proxy that the environment names.
        self._client = httpx.Client(timeout=httpx.Timeout(TIMEOUT_S, connect=10.0), trust_env=not self._is_here)

    def send(self, talk: ReplayClient, prompt: str) -> PromptResult:
        key, started = self._key(talk), time.perf_counter()
        reply, error, said = Reply(), "", [user(prompt)]
        try:
            reply, error = self._ask(talk, said, key)
        except (httpx.HTTPError, httpx.InvalidURL) as e:  # its text may quote a header, and that the key
            error = f"{self._address} does not answer: {type(e).__name__}"
        ms = (time.perf_counter() - started) * 1000
        requests = (self._measures(talk, reply, error, ms),)
        if error:
            return PromptResult(requests, (), reply.text, error)
        return PromptResult(requests, [*said, assistant(reply.text)], reply.text)

    def stop(self) -> None:
        self._stopped.set()

    def close(self) -> None:
        self._client.close()
        if self._log is not None:
            self._log.close()

    def _key(self, talk: ReplayClient) -> dict[str, str]:
        """The header with the person's API key."""
        name = KEYS[talk.dialect]
        key = self._environ.get(name, "")
        if not key and not self._is_here:
            raise PenstockError(f"{name} is not set: {self._address} is asked with your own key")
        if not key:
            return {}
        return {"x-api-key": key} if talk.dialect == "anthropic" else {"authorization": f"Bearer {key}"}

    def _ask(self, talk: ReplayClient, said: Sequence[Turn], key: Mapping[str, str]) -> tuple[Reply, str]:
        dialect, url, headers = dialect_of(talk.dialect), f"{self._address}{talk.path}", {**talk.headers(), **key}
        with self._client.stream("POST", url, content=talk.body(said), headers=headers) as response:
            reader = dialect.reply_reader(response.headers.get("content-type", ""))
            for piece in response.iter_bytes():
                reader.feed(piece)
                if self._stopped.is_set():
                    return reader.close(), "stopped"
            reply, status = reader.close(), response.status_code
        if status >= 400 or reply.error:
            return reply, f"status {status}: {_without(reply.error, key)}"
        return reply, "" if reply.complete and reply.text else "the answer broke off, or holds no text"

    def _measures(self, talk: ReplayClient, reply: Reply, error: str, ms: float) -> ExchangeRecord:
        """The measures of a request from the proxy's log, or, without a log, from the answer."""
        found = self._look(talk)
        if found is not None:
            return found
        told = reply.usage
        usage = LoggedUsage(told.input, told.output, told.cache_read, told.cache_write)
        state = State.FAILED if error else State.ANSWERED
        return ExchangeRecord("", model=talk.model, session=talk.session, state=state, usage=usage, ms=ms)

    def _look(self, talk: ReplayClient) -> ExchangeRecord | None:
        """Wait a little for the end of the newest exchange of this session."""
        if self._log is None:
            return None
        until, id = time.monotonic() + LOOK_S, ""
        while time.monotonic() < until:
            try:
                new = self._log.events_after(self._seen, sys.maxsize)
                id = next((e.exchange for e in reversed(new) if _session(e) == talk.session), id)
                events = self._log.events_of(id) if id else []
            except StoreError:
                return None
            if any(e.kind in _ENDS for e in events):
                self._seen = max(e.cursor for e in events)
                return ExchangeRecord.of(id, events)
            self._stopped.wait(EVERY_S)
        return None


def _session(event: Event) -> str:
    return event.data.session if isinstance(event.data, ClassifiedEvent) else ""


def _checked(address: str) -> tuple[str, bool]:
    """The address without its end, and whether it is this machine."""
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname or "", parts.port
    except ValueError as e:
        raise PenstockError(f"--to {address}: {e}") from e
    here = is_loopback(host)
    if parts.scheme not in ("http", "https") or not host or parts.query or parts.fragment:
        raise PenstockError(f"--to {address}: http://127.0.0.1:PORT or https://HOST was expected")
    if parts.username or parts.password:
        raise PenstockError("--to: no user name or password belongs into the address; the key is in the environment")
    if parts.scheme == "http" and not here:
        raise PenstockError(f"--to {address}: your key would go there in the clear; only this machine may be http://")
    return address.rstrip("/").removesuffix("/v1"), here


def _open(log: Path) -> Store | None:
    try:
        return open_store(log.expanduser().absolute(), readonly=True)
    except StoreError:
        return None


def _without(text: str, key: Mapping[str, str]) -> str:
    """A provider's error text without the key, which it may quote."""
    for value in key.values():
        text = text.replace(value.removeprefix("Bearer "), "[key]")
    return redact(text)[:300] or "no reason was given"
