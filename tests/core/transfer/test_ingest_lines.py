"""Materials as lines of NDJSON."""

from __future__ import annotations

import io
import json

import pytest

from penstock.control.memory_ingest import MAX_CHARACTERS
from penstock.transfer.ingest_lines import BadIngest, read_ingest
from penstock.transfer.lines import LONGEST

GOOD = b'{"thread_id": "t", "materials": {"chat": "User: hello"}}\n'


def test_lines_come_one_after_the_other() -> None:
    """Blank ones are skipped, and the last needs no end; what comes before a fault is given first."""
    assert [one.thread_id for one in read_ingest(io.BytesIO(GOOD + b"\n \r\n" + GOOD.strip()))] == ["t", "t"]
    lines = read_ingest(io.BytesIO(GOOD + b"no"))
    assert next(lines).materials.chat == "User: hello"
    with pytest.raises(BadIngest, match=r"^line 2 is no JSON"):
        next(lines)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"[1]", r"line 2: an object such as"),
        (b'{"materials": {}}', r"line 2: thread_id: is missing"),
        (b'{"thread_id": "t", "materials": {}, "tag": []}', r"line 2: tag: .* Did you mean 'tags'\?"),
        (b'{"thread_id": "t", "materials": {"chats": ""}}', r"line 2: materials.chats: .* Did you mean 'chat'\?"),
        (b'{"thread_id": "", "materials": {}}', r"line 2: thread_id = '': .*at least 1"),
        (b'{"thread_id": "\\ud800", "materials": {}}', r"line 2: it .* holds half of a character"),
        (b'{"thread_id": "t", "materials": ' + b"[" * 100_000, r"line 2 is no JSON"),
        (b"\xff", r"line 2 is no JSON"),
        (b'"' + b"x" * LONGEST, r"line 2: it has more than"),
        (
            json.dumps({"thread_id": "t", "materials": {"logs": "x" * (MAX_CHARACTERS + 1)}}).encode(),
            r"line 2: the materials have 2,000,001 characters",
        ),
    ],
)
def test_a_bad_line_is_named_by_its_number(line: bytes, said: str) -> None:
    with pytest.raises(BadIngest, match=said) as e:
        list(read_ingest(io.BytesIO(GOOD + line + b"\n" + GOOD)))
    assert len(str(e.value)) < 500
