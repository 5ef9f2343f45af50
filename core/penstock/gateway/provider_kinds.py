"""`KINDS`: the kinds of providers (`ProviderKind`): where each answers, how it wants its credential, and which of our
paths it serves. `endpoint_of`: the wire format that a path asks for (`Endpoint`); `TRANSLATED`: the formats between
which plugins may translate.

Sources: https://platform.claude.com/docs/en/api/openai-sdk, https://ai.google.dev/gemini-api/docs/openai,
https://openrouter.ai/docs/api/reference/overview, https://docs.ollama.com/api/openai-compatibility,
https://docs.ollama.com/api/anthropic-compatibility.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

__all__ = ["COUNTING", "GEMINI", "GEMINI_PATH", "KINDS", "TRANSLATED", "Endpoint", "ProviderKind", "endpoint_of"]

Endpoint = Literal[
    "messages", "count_tokens", "chat", "responses", "responses_count", "embeddings", "gemini", "gemini_count", "ollama"
]
"""The endpoints of the gateway, which name the wire format of request and answer."""
COUNTING: frozenset[Endpoint] = frozenset({"count_tokens", "responses_count", "gemini_count"})
"""The endpoints that count the tokens of a request, which costs nothing."""
GEMINI: frozenset[Endpoint] = frozenset({"gemini", "gemini_count"})
"""The endpoints of Gemini, whose paths name the model."""
TRANSLATED: Mapping[Endpoint, str] = {
    "messages": "/v1/messages",
    "chat": "/v1/chat/completions",
    "responses": "/v1/responses",
}
"""The endpoints that plugins may translate between, with their paths."""

GEMINI_PATH = re.compile(
    r"(/v1(?:beta|alpha)?/models/)(.+):"
    r"(generateContent|streamGenerateContent|countTokens|embedContent|batchEmbedContents)"
)
"""Gemini's paths, which name the model. Its other verbs start jobs and videos, whose answers do not report their
price."""
_PATHS: tuple[tuple[re.Pattern[str], Endpoint], ...] = (
    (re.compile(r"/v1/messages"), "messages"),
    (re.compile(r"/v1/messages/count_tokens"), "count_tokens"),
    (re.compile(r"/v1/chat/completions"), "chat"),
    (re.compile(r"/v1/responses"), "responses"),
    (re.compile(r"/v1/responses/input_tokens"), "responses_count"),
    (re.compile(r"/v1/embeddings"), "embeddings"),
    (re.compile(r"/v1(?:beta|alpha)?/models/.+:countTokens"), "gemini_count"),
    (GEMINI_PATH, "gemini"),
    (re.compile(r"/api/(?:chat|generate|embed|embeddings)"), "ollama"),
)


def endpoint_of(path: str) -> Endpoint | None:
    """The endpoint of a path (without its query). None: it is not forwarded to a provider."""
    return next((endpoint for pattern, endpoint in _PATHS if pattern.fullmatch(path)), None)


@dataclass(frozen=True, slots=True)
class ProviderKind:
    """How requests to providers of one kind are sent."""

    name: str
    base_url: str
    """Empty: each provider has its own."""
    serves: Mapping[Endpoint, str]
    """The endpoints it serves, each with the prefix of its paths in place of our `/v1/`; empty: the path is the
    same."""
    headers: Mapping[str, str]
    """The header for the credential by endpoint; `*`: all others. In `authorization` it is a bearer token."""
    models_path: str = "/v1/models"
    """The path of its list of models."""
    wants_credential: bool = True

    def path(self, endpoint: Endpoint, path: str) -> str:
        """The provider's path, after its base URL, for one of the gateway's paths."""
        prefix = self.serves[endpoint]
        return prefix + path.removeprefix("/v1/") if prefix else path

    def header(self, endpoint: str) -> str:
        """The header that carries the credential."""
        return self.headers.get(endpoint, self.headers["*"])


_BEARER = {"*": "authorization"}
_OPENAI: dict[Endpoint, str] = {"chat": "", "responses": "", "embeddings": ""}
_COUNTED: dict[Endpoint, str] = {**_OPENAI, "responses_count": ""}
_ANTHROPIC: dict[Endpoint, str] = {"messages": "", "count_tokens": ""}
_KINDS = (
    ProviderKind(
        "anthropic",
        "https://api.anthropic.com",
        {**_ANTHROPIC, "chat": ""},
        {"*": "x-api-key", "chat": "authorization"},
    ),
    ProviderKind("openai", "https://api.openai.com", _COUNTED, _BEARER),
    ProviderKind("openrouter", "https://openrouter.ai/api", {**_OPENAI, "messages": ""}, _BEARER),
    ProviderKind(
        "gemini",
        "https://generativelanguage.googleapis.com",
        {"gemini": "", "gemini_count": "", "chat": "/v1beta/openai/", "embeddings": "/v1beta/openai/"},
        {"*": "authorization", "gemini": "x-goog-api-key", "gemini_count": "x-goog-api-key"},
        models_path="/v1beta/openai/models",
    ),
    ProviderKind(
        "ollama",
        "http://127.0.0.1:11434",
        {**_OPENAI, "messages": "", "ollama": ""},
        _BEARER,
        wants_credential=False,
    ),
    ProviderKind("openai-compatible", "", _COUNTED, _BEARER, wants_credential=False),
    ProviderKind("anthropic-compatible", "", _ANTHROPIC, {"*": "x-api-key"}, wants_credential=False),
)
KINDS: Mapping[str, ProviderKind] = {kind.name: kind for kind in _KINDS}
"""All kinds by name."""
