"""Recorded requests, from JSON lines and from a HAR."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.base.errors import PenstockError
from penstock.conversation.reply import Usage
from penstock.replay.recording import OVERLAP, Recorded, in_order, read_har, read_lines

LINE = {"at": 1.5, "path": "/v1/messages", "headers": {"X-Session-Id": "s1"}, "body": {"model": "m", "messages": []}}


def lines(file: Path, *values: Any) -> Path:
    file.write_text("".join(f"{v if isinstance(v, str) else json.dumps(v)}\n" for v in values), encoding="utf-8")
    return file


def read(file: Path) -> tuple[list[Recorded], list[tuple[int, str]]]:
    faults: list[tuple[int, str]] = []
    return [one for _, one in read_lines(file, lambda n, why: faults.append((n, why)))], faults


def test_a_line_is_a_request(tmp_path: Path) -> None:
    """Names of headers in lower case; a body as an object or as its text."""
    file = lines(tmp_path / "a.jsonl", LINE, LINE | {"body": '{"model":  "m"}', "status": 529})
    [one, other], faults = read(file)
    assert (one.at, one.method, one.path, dict(one.headers)) == (1.5, "POST", "/v1/messages", {"x-session-id": "s1"})
    assert json.loads(one.body) == LINE["body"]
    assert (other.body, other.status, faults) == (b'{"model":  "m"}', 529, [])


@pytest.mark.parametrize(
    ("said", "usage"),
    [
        ({"input": 1, "output": 2, "cache_read": 3, "cache_write": 4}, Usage(1, 2, 3, 4)),
        (
            {"input_tokens": 1, "output_tokens": 2, "cache_read_input_tokens": 3, "cache_creation_input_tokens": 4},
            Usage(1, 2, 3, 4),
        ),
        (
            {"prompt_tokens": 10, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 8}},
            Usage(2, 2, 8, None),
        ),
        ({"input_tokens": 10, "output_tokens": 2}, Usage(10, 2, None, None)),
    ],
)
def test_usage_is_taken_in_the_providers_words(tmp_path: Path, said: dict[str, Any], usage: Usage) -> None:
    """Anthropic counts what was cached apart, OpenAI within."""
    [one], _ = read(lines(tmp_path / "a.jsonl", LINE | {"usage": said}))
    assert one.usage == usage


def test_a_bad_line_costs_itself_alone(tmp_path: Path) -> None:
    """It is told by its number; what it holds is not repeated, it may be a secret."""
    secret = "sk-ant-api03-abcdefghijklmnop"
    no_path = {k: v for k, v in LINE.items() if k != "path"}
    file = lines(tmp_path / "a.jsonl", "", f"{{{secret}", LINE, no_path, LINE | {"at": secret}, [1])
    found, faults = read(file)
    assert len(found) == 1
    assert [number for number, _ in faults] == [2, 4, 5, 6]
    assert "'path' is missing" in faults[1][1]
    assert secret not in str(faults)


def test_a_har_entry_is_a_request(tmp_path: Path) -> None:
    """With its answer; entries without a body are passed over, bad ones told by number."""
    answer = {"mimeType": "text/event-stream", "encoding": "base64", "text": base64.b64encode(b"data: 1").decode()}
    entry = {
        "startedDateTime": "2026-01-02T03:04:05.500Z",
        "time": 1500,
        "request": {
            "method": "POST",
            "url": "https://api.test/v1/messages?beta=true",
            "headers": [{"name": "User-Agent", "value": "x/1"}, {"name": "Content-Encoding", "value": "gzip"}],
            "postData": {"text": "{}"},
        },
        "response": {"status": 200, "content": answer},
    }
    bare = {"request": {"method": "GET", "url": "https://api.test/"}}
    file = lines(tmp_path / "a.har", {"log": {"entries": [entry, bare, {"request": 5}]}})
    faults: list[int] = []
    [(position, one)] = read_har(file, lambda n, _: faults.append(n))
    assert (position, faults) == (1, [3])
    assert (one.path, one.host, one.body, dict(one.headers)) == (
        "/v1/messages",
        "api.test",
        b"{}",
        {"user-agent": "x/1"},
    )
    assert one.ended == pytest.approx(one.at + 1.5)
    assert (one.answer, one.answer_type) == (b"data: 1", "text/event-stream")


def test_what_is_no_har_is_refused(tmp_path: Path) -> None:
    """With the file's name."""
    with pytest.raises(PenstockError, match=r"a\.har is no HAR"):
        list(read_har(lines(tmp_path / "a.har", {"entries": []}), lambda *_: None))


@given(st.lists(st.integers(0, OVERLAP // 2), max_size=200))
def test_requests_come_in_the_order_they_were_sent(jitter: list[int]) -> None:
    """Recorders write an exchange when it ends, which may be long after the next was begun."""
    begun = [Recorded(at=float(n), path="/", headers={}, body=b"") for n in range(len(jitter))]
    ended = sorted(begun, key=lambda one: one.at + jitter[int(one.at)])
    assert [one for _, one in in_order(enumerate(ended))] == begun
