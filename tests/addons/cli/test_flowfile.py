"""Model requests from a file that mitmproxy wrote."""

from __future__ import annotations

import gzip
from pathlib import Path

from mitmproxy import http
from mitmproxy.io import FlowWriter
from mitmproxy.test import tflow, tutils

from penstock.replay.recording import Recorded
from penstock_addons.cli.flowfile import read_flows

BODY = b'{"model": "m", "messages": []}'


def flow(
    path: str = "/v1/messages?beta=true", content: bytes = BODY, answer: http.Response | None = None
) -> http.HTTPFlow:
    request = tutils.treq(method=b"POST", path=path.encode(), content=content, host="api.test")
    request.headers["X-Session-Id"] = "s1"
    return tflow.tflow(req=request, resp=answer or tutils.tresp(content=b"{}"))


def write(file: Path, *flows: http.HTTPFlow) -> Path:
    with file.open("wb") as out:
        writer = FlowWriter(out)
        for one in flows:
            writer.add(one)
    return file


def read(file: Path) -> tuple[list[Recorded], list[int]]:
    faults: list[int] = []
    return [one for _, one in read_flows(file, lambda number, _: faults.append(number))], faults


def test_a_flow_is_a_request(tmp_path: Path) -> None:
    """Its path without the query, headers in lower case, the answer in clear; one without a body is passed over."""
    answer = tutils.tresp(content=gzip.compress(b"data: 1"))
    answer.headers["content-encoding"] = "gzip"
    answer.headers["content-type"] = "text/event-stream"
    file = write(tmp_path / "f", flow(answer=answer), flow("/other", content=b""))
    [one], faults = read(file)
    assert (one.host, one.port) == ("api.test", 22)
    assert (one.method, one.path, one.body, one.headers["x-session-id"]) == ("POST", "/v1/messages", BODY, "s1")
    assert (one.answer, one.answer_type, one.status) == (b"data: 1", "text/event-stream", 200)
    assert one.ended is not None
    assert one.ended >= one.at
    assert faults == []


def test_a_flow_without_an_answer_has_failed(tmp_path: Path) -> None:
    """The connection was lost."""
    lost = flow()
    lost.response = None
    [one], _ = read(write(tmp_path / "f", lost))
    assert (one.status, one.ended, one.answer) == (0, None, b"")


def test_an_answer_in_an_unknown_encoding_is_as_good_as_none(tmp_path: Path) -> None:
    """It costs its own words alone."""
    answer = tutils.tresp(content=b"???")
    answer.headers["content-encoding"] = "gzip"
    [one], faults = read(write(tmp_path / "f", flow(answer=answer)))
    assert (one.answer, one.status, faults) == (b"", 200, [])


def test_a_damaged_file_ends_at_the_damage(tmp_path: Path) -> None:
    """What came before is read, and the number of the damaged one is told."""
    file = write(tmp_path / "f", flow(), flow())
    file.write_bytes(file.read_bytes()[:-20])
    found, faults = read(file)
    assert (len(found), faults) == (1, [2])
