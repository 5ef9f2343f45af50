"""`read`: what the body of a request asks for, as far as the gateway must know (`RequestFields`): its model, further
models, and the longest answer. `with_model` writes another model's name into body and path. Both raise `Unreadable`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote

import msgspec

from penstock.base.errors import Unreadable
from penstock.conversation.json_spans import members
from penstock.gateway.provider_kinds import GEMINI, GEMINI_PATH, Endpoint

__all__ = ["MODEL_NAME", "RequestFields", "read", "with_model"]

MODEL_NAME = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]{0,198}[\x21-\x7e])?")
"""The pattern of model names: no spaces at the ends, which providers would ignore."""
_MOST_TOKENS = 10_000_000


class _Generation(msgspec.Struct, rename="camel"):
    max_output_tokens: float | None = None
    candidate_count: float | None = None
    snake_max_output_tokens: float | None = msgspec.field(default=None, name="max_output_tokens")
    snake_candidate_count: float | None = msgspec.field(default=None, name="candidate_count")


class _Options(msgspec.Struct):
    num_predict: float | None = None


class _Entry(msgspec.Struct):
    """An entry of `tools`, `plugins` or `fallbacks`, which may name another model."""

    model: Any = None
    allowed_models: Any = None


class _Body(msgspec.Struct):
    """The fields that are read, of all formats; others are ignored."""

    model: str = ""
    max_tokens: float | None = None
    max_completion_tokens: float | None = None
    max_output_tokens: float | None = None
    n: float | None = None
    background: bool | None = None
    generation: _Generation | None = msgspec.field(default=None, name="generationConfig")
    generation_config: _Generation | None = None
    options: _Options | None = None
    models: list[str] | None = None
    fallbacks: list[_Entry | str] | None = None
    tools: list[_Entry] | None = None
    plugins: list[_Entry] | None = None


_DECODER = msgspec.json.Decoder(_Body)


@dataclass(frozen=True, slots=True)
class RequestFields:
    """What a request asks for: model, size and longest answer."""

    model: str
    """The model, as the client names it."""
    size: int
    """Bytes of the body."""
    output_tokens: int | None
    """The most tokens that the answer may have. None: the request does not limit it."""
    others: tuple[str, ...] = ()
    """Further models, or patterns of them, that the body has the provider ask: as OpenRouter's `models`, or a tool
    that is a model."""


def read(body: bytes, endpoint: Endpoint, path: str) -> RequestFields:
    """Read the fields of `body`, without content-encoding, of a request to `path`. Raises `Unreadable`, which says what
    is wrong."""
    try:
        said = _DECODER.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as e:
        raise Unreadable(f"the body is no request for a model: {e}") from e
    if said.background:
        raise Unreadable("background: an answer that comes later cannot be counted: leave it out")
    model = said.model
    if endpoint in GEMINI:
        found = GEMINI_PATH.fullmatch(path)
        model = unquote(found[2]) if found else ""
    if not MODEL_NAME.fullmatch(model):
        raise Unreadable("model: a name of 1 to 200 ASCII characters was expected")
    of_gemini = [one for one in (said.generation, said.generation_config) if one is not None]
    each = (
        said.max_tokens,
        said.max_completion_tokens,
        said.max_output_tokens,
        *(count for one in of_gemini for count in (one.max_output_tokens, one.snake_max_output_tokens)),
        said.options.num_predict if said.options else None,
    )
    given = [one for one in each if one is not None and one > 0]
    counts = (said.n, *(count for one in of_gemini for count in (one.candidate_count, one.snake_candidate_count)))
    answers = min(max([1, *(count for count in counts if count)]), 1000)
    most = round(min(max(given) * answers, _MOST_TOKENS)) if given else None
    return RequestFields(model, len(body), most, tuple(_others(said)))


def _others(said: _Body) -> Iterator[str]:
    yield from said.models or ()
    for one in (*(said.fallbacks or ()), *(said.tools or ()), *(said.plugins or ())):
        if isinstance(one, str):
            yield one
            continue
        allowed = one.allowed_models if isinstance(one.allowed_models, list) else ()
        yield from (name for name in (one.model, *allowed) if isinstance(name, str))


def with_model(body: bytes, path: str, endpoint: Endpoint, name: str) -> tuple[bytes, str]:
    """Body and path with the model replaced by `name`; every other byte is unchanged. Raises `Unreadable`."""
    if endpoint in GEMINI:
        found = GEMINI_PATH.fullmatch(path)
        return body, f"{found[1]}{quote(name, safe='')}:{found[3]}" if found else path
    span = members(body)["model"]
    return body[: span.start] + msgspec.json.encode(name) + body[span.end :], path
