"""Headers of a request whose body is translated for a provider of another format. `speak` sets those that the provider
expects, and sets aside the query and the headers that only the client's format knows; `set_aside_session` sets aside
the headers that name the client's session; `put_back` puts all of them back, for a fallback. `translate.py` does the
body."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from mitmproxy import http

from penstock.gateway.provider_kinds import Endpoint
from penstock_addons.wire.per_flow import PerFlow

__all__ = ["put_back", "set_aside_session", "speak"]

_ANTHROPIC_VERSION = "2023-06-01"
_ANTHROPIC = re.compile(r"anthropic-.*|x-stainless-.*|x-app")
_OPENAI = re.compile(r"openai-.*|x-stainless-.*|x-openai-.*|originator")
_SESSION = re.compile(
    r"x-claude-code-.*|x-codex-.*|session[-_]id|thread-id|conversation[-_]id|x-session-.*|x-client-request-id"
)
"""Headers by which a client names its session. They tell one company what the client does at another."""


@dataclass
class _Aside:
    query: str = ""
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)


_asides: PerFlow[_Aside] = PerFlow()


def speak(flow: http.HTTPFlow, source: Endpoint, target: Endpoint) -> None:
    """Have a request that was translated from `source` be one in `target`."""
    request, aside = flow.request, _Aside()
    request.path, _, aside.query = request.path.partition("?")
    _asides.set(flow, aside)
    _set_aside(flow, aside, _ANTHROPIC if source == "messages" else _OPENAI)
    request.headers["content-type"] = "application/json"
    request.headers["accept-encoding"] = "identity"
    if target == "messages":
        request.headers.setdefault("anthropic-version", _ANTHROPIC_VERSION)


def set_aside_session(flow: http.HTTPFlow) -> None:
    """Remove the names of the client's session, if the request is a translated one. For after its conversation was
    identified by them."""
    aside = _asides.get(flow)
    if aside is not None:
        _set_aside(flow, aside, _SESSION)


def put_back(flow: http.HTTPFlow) -> None:
    """Have a request say again what was set aside."""
    aside = _asides.pop(flow)
    if aside is None:
        return
    if aside.query:
        flow.request.path = f"{flow.request.path.partition('?')[0]}?{aside.query}"
    flow.request.headers.fields += tuple(aside.headers)


def _set_aside(flow: http.HTTPFlow, aside: _Aside, names: re.Pattern[str]) -> None:
    fields = flow.request.headers.fields
    gone = [one for one in fields if names.fullmatch(one[0].decode("latin-1").lower())]
    aside.headers += gone
    flow.request.headers.fields = tuple(one for one in fields if one not in gone)
