"""The gateway's own answers, each in the form of the API that the client called: refusals (`refused`, by `status_of` an
error; clients may try again after 5 s while the store is down) and lists of models (`listing_of`, `Listing`).
`json_answer` makes any other."""

from __future__ import annotations

import logging
import math
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import unquote

import msgspec
from mitmproxy import http

from penstock.app import Suite
from penstock.base.errors import PenstockError, StoreError, Unreadable
from penstock.gateway.errors import AnalyserFailed, BadKey, NotAllowed, NotThere, QuotaFull
from penstock.gateway.model_lists import ListedModel
from penstock.gateway.routing import may_ask
from penstock.plugins.translator import NotTranslatable
from penstock.sealing.master_key import SealingError

__all__ = ["Listing", "json_answer", "listing_of", "refused", "status_of"]

logger = logging.getLogger(__name__)
_JSON = {"content-type": "application/json"}
_RETRY_S = 5
"""Seconds after which clients may try again while the store is down."""


def status_of(error: PenstockError) -> int:
    """The HTTP status with which `error` is answered."""
    statuses: tuple[tuple[type[PenstockError], int], ...] = (
        (BadKey, 401),
        (NotAllowed, 403),
        (NotThere, 404),
        (QuotaFull, 429),
        (Unreadable, 400),
        (NotTranslatable, 400),
        (StoreError, 503),
        (SealingError, 503),
        (AnalyserFailed, 503),
    )
    return next((status for kind, status in statuses if isinstance(error, kind)), 502)


def refused(
    suite: Suite | None, request: http.Request, error: PenstockError, *, status: int = 0, path: str = ""
) -> http.Response:
    """The answer to a request that is not passed on, as the clients of its path understand it; of `path`, where the
    request has another by now."""
    status = status or status_of(error)
    said = str(error)
    if isinstance(error, (StoreError, SealingError)):  # which name files, and SQL
        what = "store cannot be read or written" if isinstance(error, StoreError) else "master key cannot be read"
        logger.warning("a request is refused: %s", said)
        said = f"the gateway's {what} now: try again"
    message = f"Penstock: {said}"
    path = path or request.path.partition("?")[0]
    found = suite.engine.route(request.method, path) or suite.engine.route("POST", _PLAIN) if suite else None
    headers = {"x-penstock": "refused"}
    if status == 503:
        headers["retry-after"] = str(_RETRY_S)
    if isinstance(error, QuotaFull):
        wait_s = max(1, math.ceil(error.resets_at - time.time()))
        headers |= {"x-penstock-scope": error.scope}
        if found is not None:
            refusal = found[0].refusal(message, wait_s, is_final=not error.is_rate)
            return http.Response.make(refusal.status, refusal.body, {**refusal.headers, **headers})
    value = found[0].error_body(status, message) if found is not None else {"error": {"message": message}}
    return http.Response.make(status, msgspec.json.encode(value), {**_JSON, **headers})


def json_answer(value: Any) -> http.Response:
    """A response with status 200 and `value` as JSON."""
    return http.Response.make(200, msgspec.json.encode(value), _JSON)


@dataclass(frozen=True, slots=True)
class Listing:
    """A request for the list of models, or for one of them, in the form of one API."""

    form: Literal["openai", "anthropic", "gemini", "ollama"]
    name: str = ""
    """The model asked for. Empty: all."""

    def of(self, found: Sequence[ListedModel], aliases: Mapping[str, str], models: Sequence[str]) -> Any:
        """The answer to a key that may ask `models`; empty: all. None: there is no model of this name."""
        at = {alias: 0.0 for alias, target in aliases.items() if may_ask(models, alias, target)}
        at |= {one.id: one.at for one in found if may_ask(models, one.id)}
        if self.name:
            return self._row(self.name, at[self.name]) if self.name in at else None
        rows = [self._row(number, seconds) for number, seconds in at.items()]
        if self.form in ("gemini", "ollama"):
            return {"models": rows}
        if self.form == "openai":
            return {"object": "list", "data": rows}
        ends = {"first_id": rows[0]["id"], "last_id": rows[-1]["id"]} if rows else {"first_id": None, "last_id": None}
        return {"data": rows, "has_more": False, **ends}

    def _row(self, number: str, at: float) -> dict[str, Any]:
        made = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))
        match self.form:
            case "anthropic":
                return {"type": "model", "id": number, "display_name": number, "created_at": made}
            case "gemini":
                return {"name": f"models/{number}", "displayName": number}
            case "ollama":
                return {"name": number, "model": number, "modified_at": made, "size": 0, "digest": "", "details": {}}
            case _:
                return {"id": number, "object": "model", "created": int(at), "owned_by": number.partition("/")[0]}


def listing_of(path: str, headers: http.Headers) -> Listing | None:
    """The list of models, or the one model, that a `GET` of this path asks for. None: it asks for something else."""
    if path == "/api/tags":
        return Listing("ollama")
    found = _MODELS.fullmatch(path)
    if found is None:
        return None
    if found[1] != "/v1":
        return Listing("gemini", unquote(found[2] or ""))
    return Listing("anthropic" if "anthropic-version" in headers else "openai", unquote(found[2] or ""))


_PLAIN = "/v1/chat/completions"
_MODELS = re.compile(r"(/v1(?:beta|alpha)?)/models(?:/(.+))?")
