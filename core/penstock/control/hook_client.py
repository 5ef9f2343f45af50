"""`penstock hook EVENT` (`hook`; `main` for a client): passes the input of a hook of Claude Code from stdin to the
running proxy and prints its answer. Fails open: without a proxy or an answer it prints nothing and ends with status 0,
so that the client goes on. It imports the standard library alone: the client waits for it at every tool call."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path
from threading import Thread

__all__ = ["ANNOUNCED_VARIABLE", "EVENTS", "hook", "main"]

ANNOUNCED_VARIABLE = "PENSTOCK_PROXY_FILE"
"""Names, for what runs inside a `penstock run`, the file in which the proxy announces itself."""
EVENTS = ("pre-tool-use", "post-tool-use", "subagent-start")
_WAIT_S = 2.0
"""Seconds until an answer must be whole."""
_WHOLE_BYTES = 4 << 20
"""The largest output that is passed on whole."""


def main(arguments: Sequence[str]) -> int:
    """Run the hook `arguments[0]`. Always 0: any other status would be an error in the client."""
    given, answers = sys.stdin.buffer.read(), list[object]()

    def ask() -> None:
        with suppress(Exception):  # whatever is wrong with us, the client goes on
            answers.append(_answer(arguments[0], given))

    # In a thread, for the limit of a connection is for each part of an answer, and there may be many.
    thread = Thread(target=ask, daemon=True)
    thread.start()
    thread.join(_WAIT_S)
    if answers and answers[0]:
        sys.stdout.write(json.dumps(answers[0]))
    return 0


def hook(event: str) -> None:
    """Answer a hook of Claude Code (pre-tool-use, post-tool-use, subagent-start), whose input is read from stdin. Set
    up by `penstock run --hooks`, whose PENSTOCK_PROXY_FILE names the proxy: without it, it says nothing."""
    if event not in EVENTS:
        raise SystemExit(f"penstock: there is no hook {event!r}: there are {', '.join(EVENTS)}")
    main([event])


def _answer(event: str, given: bytes) -> object:
    from http.client import HTTPConnection

    if event == "post-tool-use":
        given = _with_whole_output(given)
    proxy = json.loads(Path(os.environ[ANNOUNCED_VARIABLE]).read_bytes())
    host = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}.get(proxy["host"], proxy["host"])
    token = Path(proxy["store"]).with_name("control-key").read_bytes().hex()
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json", "x-penstock": "command"}
    with closing(HTTPConnection(host, proxy["port"], timeout=_WAIT_S)) as connection:
        connection.request("POST", f"http://penstock.internal/hooks/{event}", given, headers)
        response = connection.getresponse()
        return json.loads(response.read())["output"] if response.status == 200 else None


def _with_whole_output(given: bytes) -> bytes:
    """The input of the hook with the whole output: of a long one the client writes the whole into a file, and names it
    beside its beginning."""
    read = json.loads(given)
    response = read.get("tool_response")
    if not isinstance(response, dict) or not response.get("persistedOutputPath"):
        return given
    file = Path(response["persistedOutputPath"])
    if not file.is_file() or file.stat().st_size > _WHOLE_BYTES:  # /dev/zero has no size, and no end
        return given
    response["stdout"] = file.read_text(encoding="utf-8", errors="replace")
    return json.dumps(read).encode()
