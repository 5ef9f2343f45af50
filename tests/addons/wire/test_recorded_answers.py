"""What is kept of answers for a file of flows."""

from __future__ import annotations

from pathlib import Path

import pytest
from mitmproxy import http
from mitmproxy.addons.save import Save
from mitmproxy.test import taddons, tflow

from penstock_addons.wire import recorded_answers
from penstock_addons.wire.recorded_answers import RecordedAnswers


def streamed(flow: http.HTTPFlow, *chunks: bytes) -> bytes:
    """What passes of an answer that streams by."""
    assert flow.response is not None
    flow.response.raw_content = None
    flow.response.stream = lambda chunk: chunk
    RecordedAnswers().responseheaders(flow)
    assert callable(flow.response.stream)
    return b"".join(bytes(flow.response.stream(chunk)) for chunk in (*chunks, b""))


@pytest.mark.parametrize(("limit", "kept"), [(10, b"one two"), (7, b"one two"), (6, None)])
async def test_an_answer_is_kept_while_flows_are_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: int, kept: bytes | None
) -> None:
    """As it passed; one that is too large is left out, and passes all the same."""
    monkeypatch.setattr(recorded_answers, "LIMIT", limit)
    flow = tflow.tflow(resp=True)
    with taddons.context(Save()) as context:  # type: ignore[no-untyped-call]
        context.options.save_stream_file = str(tmp_path / "flows")
        assert streamed(flow, b"one ", b"two") == b"one two"
        context.options.save_stream_file = None  # which closes the file
    assert flow.response is not None
    assert flow.response.raw_content == kept


async def test_nothing_is_kept_where_no_flows_are_recorded() -> None:
    """Nor where mitmproxy has no such option."""
    for addons in ((), (Save(),)):
        flow = tflow.tflow(resp=True)
        with taddons.context(*addons):  # type: ignore[no-untyped-call]
            assert streamed(flow, b"one ", b"two") == b"one two"
        assert flow.response is not None
        assert flow.response.raw_content is None
