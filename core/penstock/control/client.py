"""Ask a proxy on this machine to do something: the other end of the control channel."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import closing
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

from penstock.base.errors import PenstockError
from penstock.control.channel import COMMAND, HOST, MARK, token_of

__all__ = ["Refused", "ask"]

SAID = 64_000
"""Bytes of a refusal that are read."""


class Refused(PenstockError):
    """The proxy answered, and did not do it. `status` is HTTP's."""

    def __init__(self, status: int, said: str, faults: Mapping[str, str] | None = None) -> None:
        super().__init__(said)
        self.status = status
        self.faults = dict(faults or {})
        """What is wrong by the setting it is about, as far as it told."""


def ask(address: str, store: Path, path: str, fields: Mapping[str, object], timeout: float) -> Any:
    """What the proxy at `address` answers, which has the store `store`. Raises `PenstockError`."""
    headers = {"authorization": f"Bearer {token_of(store)}", "content-type": "application/json", MARK: COMMAND}
    # Not by urllib: where NO_PROXY covers the host, it would look for it elsewhere, and the token would go there.
    try:
        with closing(HTTPConnection(address, timeout=timeout)) as connection:
            connection.request("POST", f"http://{HOST}{path}", json.dumps(fields).encode(), headers)
            with connection.getresponse() as response:
                is_done = response.status < 400
                answer = response.read() if is_done else response.read(SAID)
        if is_done:
            return json.loads(answer)
    except (OSError, HTTPException, ValueError) as e:
        raise PenstockError(f"the proxy at {address} does not answer: {e}") from e
    said = answer.decode(errors="replace")
    error, faults = _error(said)
    raise Refused(response.status, error or f"the proxy at {address} answered {response.status}: {said[:400]}", faults)


def _error(said: str) -> tuple[str, dict[str, str]]:
    try:
        found = json.loads(said)
        error, faults = found["error"], found.get("faults", {})
    except (ValueError, KeyError, TypeError, AttributeError):
        return "", {}
    told = {str(key): str(why) for key, why in faults.items()} if isinstance(faults, dict) else {}
    return (error if isinstance(error, str) else ""), told
