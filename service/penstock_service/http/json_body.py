"""Reads bodies (`read_body`) and checks what no JSON body may have (`checked`): half of a character (a lone surrogate),
which no file and no other program can keep, and for MCP what its package cannot read."""

from __future__ import annotations

import json
import re
from typing import Any

from starlette.types import Message, Receive

from penstock.contexts.errors import ContextError, InvalidContext
from penstock.contexts.values import check_depth

__all__ = ["checked", "read_body"]

_ESCAPE = re.compile(rb"\\(?:u[dD][89abAB]..\\u[dD][c-fC-F]..|u[dD]([89a-fA-F])|.)", re.DOTALL)
"""An escape, or two that are one character; its group is there for half of a character without its other half."""
_RAW_HALF = re.compile(rb"\xed[\xa0-\xbf]")
"""Half of a character as bytes, which Python's JSON takes."""
_HALF = re.compile("[\ud800-\udfff]")


async def read_body(receive: Receive) -> tuple[bytes, Receive]:
    """Read all of a body. Returns it, and a `receive` from which it can be read again."""
    chunks: list[bytes] = []
    message: Message = {"more_body": True}
    while message.get("more_body"):
        message = await receive()
        if message["type"] != "http.request":  # the caller is gone
            break
        chunks.append(message.get("body", b""))
    body, waiting = b"".join(chunks), [message]

    async def again() -> Message:
        if waiting:
            last = waiting.pop()
            return {**last, "body": body} if last["type"] == "http.request" else last
        return await receive()

    return body, again


def checked(body: bytes, is_mcp: bool) -> ContextError | None:
    """What is wrong with a body of JSON. None: nothing, or it is no JSON, which whoever parses it reports."""
    if not is_mcp and not _may_have_half(body):
        return None
    try:
        data = json.loads(body)
    except RecursionError:
        return InvalidContext("the body is nested too deeply") if is_mcp else None
    except ValueError:
        return None
    try:
        check_depth(data)
    except InvalidContext as e:
        return InvalidContext(str(e).replace("the data", "the body", 1)) if is_mcp else None
    place = _half(data)
    if place is None:
        return None
    where = f"{place}: a text" if place else "a name of a field"
    return InvalidContext(f"{where} holds half of a character (a lone surrogate): send whole ones", place)


def _may_have_half(body: bytes) -> bool:
    """Without parsing, for most bodies at the price of three searches for a few bytes."""
    is_escaped = b"\\ud" in body or b"\\uD" in body
    return (b"\xed" in body and bool(_RAW_HALF.search(body))) or (
        is_escaped and any(found[1] for found in _ESCAPE.finditer(body))
    )


def _half(data: Any, place: str = "") -> str | None:
    """Where the first text with half of a character is, as `do.0.data`; where it is a name, of what it is in."""
    if isinstance(data, str):
        return place if _HALF.search(data) else None
    if isinstance(data, dict):
        if any(_HALF.search(name) for name in data):
            return place
        parts = list(data.items())
    else:
        parts = list(enumerate(data)) if isinstance(data, list) else []
    under = f"{place}." if place else ""
    found = (_half(part, f"{under}{name}") for name, part in parts)
    return next((one for one in found if one is not None), None)
