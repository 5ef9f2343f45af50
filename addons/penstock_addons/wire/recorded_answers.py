"""`RecordedAnswers`: keeps the answers of models, up to 64 MiB each, for the file of flows that `-w FILE` has mitmproxy
write. They stream by, so that mitmproxy itself keeps none of them, and a recording would lack what the provider
counted."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from mitmproxy import ctx, http

__all__ = ["RecordedAnswers"]

LIMIT = 64 << 20
"""The largest number of bytes of an answer that are kept. A larger one is left out of the recording."""
OPTION = "save_stream_file"
"""mitmproxy's name of `-w`."""
Stream = Callable[[bytes], Iterable[bytes] | bytes]


class RecordedAnswers:
    """Keeps an answer until it has ended, and only while flows are recorded. It comes after all addons that set what
    an answer streams through."""

    def responseheaders(self, flow: http.HTTPFlow) -> None:
        response = flow.response
        if response is None or not callable(response.stream):
            return
        if OPTION in ctx.options and getattr(ctx.options, OPTION):
            response.stream = _Recorder(response, response.stream)


class _Recorder:
    """Passes each chunk on as `stream` has it, and gives the response all of them once it has ended."""

    def __init__(self, response: http.Response, stream: Stream) -> None:
        self._response, self._stream = response, stream
        self._kept = bytearray()
        self._is_too_large = False

    def __call__(self, chunk: bytes) -> Iterable[bytes] | bytes:
        passed = self._stream(chunk)
        if not isinstance(passed, bytes):
            passed = list(passed)
        self._keep(passed if isinstance(passed, bytes) else b"".join(passed))
        if not chunk and not self._is_too_large:  # the end
            self._response.raw_content = bytes(self._kept)
            self._kept.clear()
        return passed

    def _keep(self, passed: bytes) -> None:
        self._is_too_large = self._is_too_large or len(self._kept) + len(passed) > LIMIT
        if self._is_too_large:
            self._kept.clear()
        else:
            self._kept += passed
