"""`read_flows`: reads all requests that have a body, and their answers, from a file of flows that mitmproxy wrote
(`mitmdump -w FILE`). `penstock whatif` then picks the model requests. A damaged file is read up to the damage."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from mitmproxy import http
from mitmproxy.exceptions import FlowReadException
from mitmproxy.io import FlowReader

from penstock.replay.recording import Bad, Position, Recorded
from penstock_addons.wire.hosts import host_of

__all__ = ["read_flows"]


def read_flows(file: Path, bad: Bad) -> Iterator[tuple[Position, Recorded]]:
    """The flows that have a request body, in the order in which they were written. Of a damaged file, those before the
    damage."""
    with file.open("rb") as data:
        flows = iter(FlowReader(data).stream())
        number = 0
        while True:
            number += 1
            try:
                flow = next(flows)
            except StopIteration:
                return
            except FlowReadException as e:
                bad(number, f"{e}; nothing can be read behind it")
                return
            if isinstance(flow, http.HTTPFlow) and flow.request.raw_content:
                yield data.tell(), _recorded(flow, flow.request.raw_content)


def _recorded(flow: http.HTTPFlow, body: bytes) -> Recorded:
    request, response = flow.request, flow.response
    return Recorded(
        at=request.timestamp_start,
        path=request.path.partition("?")[0],
        headers={name.lower(): request.headers[name] for name in request.headers},
        body=body,
        method=request.method,
        host=host_of(flow),
        port=request.port,
        ended=response.timestamp_end if response is not None else None,
        status=response.status_code if response is not None else 0,
        answer=_content(response) if response is not None else b"",
        answer_type=response.headers.get("content-type", "") if response is not None else "",
    )


def _content(response: http.Response) -> bytes:
    """The body of the answer, decompressed. Empty for an encoding that mitmproxy does not know."""
    try:
        return response.get_content(strict=True) or b""
    except ValueError:
        return b""
