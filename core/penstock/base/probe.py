"""`probe`: what an HTTP server answers to a GET, within a time that holds for all of it, however slowly it sends. For
servers that may be anybody's: no redirect is followed, and no more than 64 KB are read. Raises `NoAnswer`."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import Any

import httpx

__all__ = ["Answer", "NoAnswer", "probe"]

_LONGEST = 64 << 10
"""Bytes of an answer that are read."""


class NoAnswer(Exception):
    """Nothing answers there in time, or something that is no JSON over HTTP."""


@dataclass(frozen=True)
class Answer:
    """An answer in JSON."""

    status: int
    content: Any


def probe(url: str, within_s: float) -> Answer:
    """The answer at `url`. Not for the thread of an event loop. Raises `NoAnswer`."""
    try:
        return asyncio.run(asyncio.wait_for(_get(url), within_s))
    except TimeoutError as e:
        raise NoAnswer(f"no whole answer within {within_s:g} s") from e
    except (httpx.HTTPError, ValueError, RecursionError) as e:
        raise NoAnswer(str(e) or type(e).__name__) from e


async def _get(url: str) -> Answer:
    # Not by httpx' own time limit: it is one of each read, also of a single byte of a header.
    content = b""
    async with httpx.AsyncClient(trust_env=False, timeout=None) as http, http.stream("GET", url) as response:
        async for chunk in response.aiter_raw():
            content += chunk
            if len(content) > _LONGEST:
                raise ValueError(f"an answer of more than {_LONGEST} bytes")
        return Answer(response.status_code, json.loads(content))
