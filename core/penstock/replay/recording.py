"""`read_lines` and `read_har`: read recorded requests and their answers (`Recorded`) from JSON lines or from a HAR;
flow files of mitmproxy are read in `addons`. `in_order` sorts them by the time of sending, if at most 64 overlap. A
line that cannot be read is reported to the caller's `bad`; a file that is no HAR raises `PenstockError`."""

from __future__ import annotations

import base64
import binascii
import heapq
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from penstock.base.errors import PenstockError
from penstock.conversation.reply import Usage
from penstock.conversation.reported_counts import bounded, count, mapping
from penstock.dialects import anthropic_usage, openai_usage

__all__ = ["Recorded", "in_order", "read_har", "read_lines"]

OVERLAP = 64
"""The most exchanges that overlap: recorders write an exchange when it has ended, so the file is not in the order of
sending."""


@dataclass(frozen=True, slots=True, eq=False)
class Recorded:
    """One recorded request, and what is known of its answer."""

    at: float
    """When the request was sent, in seconds from any origin."""
    path: str
    headers: Mapping[str, str] = field(repr=False)
    """Names in lower case. May hold credentials: never shown or written."""
    body: bytes = field(repr=False)
    """The body, in its content-encoding."""
    method: str = "POST"
    host: str = ""
    port: int = 0
    """The port of `host`. 0: not known."""
    ended: float | None = None
    status: int = 200
    usage: Usage | None = None
    """What the provider counted, if the recording has it apart from the answer."""
    answer: bytes = field(default=b"", repr=False)
    """The answer's body, content-encoding undone."""
    answer_type: str = ""


Position = int
"""The position in the file, in bytes or entries."""
Bad = Callable[[int, str], None]
"""Called for each entry that cannot be read, with its number from 1 and the reason."""


def in_order(read: Iterable[tuple[Position, Recorded]]) -> Iterator[tuple[Position, Recorded]]:
    """Yields the exchanges by the time of sending, if at most 64 overlap."""
    held: list[tuple[float, int, Position, Recorded]] = []
    for n, (position, one) in enumerate(read):
        heapq.heappush(held, (one.at, n, position, one))
        if len(held) > OVERLAP:
            yield heapq.heappop(held)[2:]
    while held:
        yield heapq.heappop(held)[2:]


def read_lines(file: Path, bad: Bad) -> Iterator[tuple[Position, Recorded]]:
    """JSON lines: `at`, `path`, `headers`, `body`; `usage`, `status`, `method`, `host`, `port` where known."""
    position = 0
    with file.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            position += len(line)
            if line.strip():
                try:
                    yield position, _of_line(json.loads(line))
                except (ValueError, TypeError, KeyError, RecursionError) as e:
                    bad(number, _why(e))


def read_har(file: Path, bad: Bad) -> Iterator[tuple[Position, Recorded]]:
    """The entries of a HAR file that have a body. Raises `PenstockError` if it is no HAR."""
    try:
        entries = json.loads(file.read_bytes())["log"]["entries"]
    except (ValueError, TypeError, KeyError, RecursionError) as e:
        raise PenstockError(f"{file} is no HAR: {_why(e)}") from e
    for number, entry in enumerate(entries, 1):
        try:
            if entry["request"].get("postData"):
                yield number, _of_entry(entry)
        except (ValueError, TypeError, KeyError, AttributeError) as e:
            bad(number, _why(e))


def _of_line(line: Any) -> Recorded:
    body = line["body"]
    usage = line.get("usage")
    return Recorded(
        at=float(line["at"]),
        path=str(line["path"]),
        headers={str(name).lower(): str(value) for name, value in (line.get("headers") or {}).items()},
        body=body.encode() if isinstance(body, str) else json.dumps(body, ensure_ascii=False).encode(),
        method=str(line.get("method", "POST")),
        host=str(line.get("host", "")),
        port=int(line.get("port", 0)),
        status=int(line.get("status", 200)),
        usage=_usage(usage) if usage is not None else None,
    )


def _usage(said: object) -> Usage:
    """The usage, in Penstock's fields or in those of Anthropic or OpenAI."""
    fields = mapping(said)
    if "prompt_tokens" in fields:
        return bounded(openai_usage.usage(fields, "prompt", "completion"))
    if "input_tokens_details" in fields:
        return bounded(openai_usage.usage(fields, "input", "output"))
    own = Usage()
    own.input, own.output = count(fields.get("input")), count(fields.get("output"))
    own.cache_read, own.cache_write = count(fields.get("cache_read")), count(fields.get("cache_write"))
    own.cache_write_hour = count(fields.get("cache_write_hour"))
    return bounded(anthropic_usage.usage(fields, own))


def _of_entry(entry: Mapping[str, Any]) -> Recorded:
    request, response = entry["request"], entry.get("response") or {}
    at = datetime.fromisoformat(entry["startedDateTime"]).timestamp()
    url = urlsplit(request["url"])
    content = response.get("content") or {}
    headers = {h["name"].lower(): h["value"] for h in request.get("headers", ())}
    headers.pop("content-encoding", None)  # a HAR holds the body with that undone
    return Recorded(
        at=at,
        path=url.path,
        headers=headers,
        body=_text(request["postData"]),
        method=request.get("method", "POST"),
        host=url.hostname or "",
        port=url.port or {"http": 80, "https": 443}.get(url.scheme, 0),
        ended=at + max(0.0, float(entry.get("time") or 0)) / 1000,
        status=int(response.get("status") or 0),
        answer=_text(content),
        answer_type=str(content.get("mimeType", "")),
    )


def _text(content: Mapping[str, Any]) -> bytes:
    text = content.get("text") or ""
    if content.get("encoding") != "base64":
        return str(text).encode()
    try:
        return base64.b64decode(text)
    except binascii.Error as e:
        raise ValueError(f"a body is no base64: {e}") from e


def _why(error: Exception) -> str:
    """Why an entry cannot be read, without its text, which may contain anything."""
    if isinstance(error, json.JSONDecodeError):
        return f"no JSON: {error.msg} at character {error.pos}"
    if isinstance(error, KeyError):
        return f"{error} is missing"
    return f"{type(error).__name__} in a field"
