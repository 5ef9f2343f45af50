"""`received`: writes the body of a request to a file, in pieces of a MiB, so that it is never held in memory. For
imports and for materials of the memory. Raises `StoreError` if it cannot be written, `InvalidContext` if the body ends
too early."""

from __future__ import annotations

from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from penstock.base.errors import StoreError
from penstock.contexts.errors import InvalidContext
from penstock.transfer.uploads import Uploads

__all__ = ["CHUNK", "NDJSON", "received"]

NDJSON = "application/x-ndjson"
CHUNK = 1 << 20
"""Bytes that are read or written at once."""


async def received(request: Request, uploads: Uploads) -> str:
    """Write the body of `request` to a new upload, and return its name. Raises `StoreError`, and `InvalidContext` where
    the caller left."""
    try:
        name, file = await run_in_threadpool(uploads.create)
    except OSError as e:
        raise StoreError(f"an upload cannot be kept: {e}") from e
    try:
        with file:
            waiting = bytearray()
            async for chunk in request.stream():
                waiting += chunk
                if len(waiting) >= CHUNK:
                    await run_in_threadpool(file.write, bytes(waiting))
                    waiting.clear()
            await run_in_threadpool(file.write, bytes(waiting))
    except OSError as e:
        uploads.remove(name)
        raise StoreError(f"an upload cannot be kept: {e}") from e
    except ClientDisconnect as e:
        uploads.remove(name)
        raise InvalidContext("the body ended before all of it was there: send it again") from e
    except BaseException:  # too much was sent
        uploads.remove(name)
        raise
    return name
