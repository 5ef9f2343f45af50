"""`Provider`: the demo's provider, a loopback server that speaks Anthropic's Messages API, streams the answer of the
script's step that the request names (`STEP_HEADER`), with the usage that a simulated `PromptCache` gives, and fails
once where the script says so."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from penstock_addons.demo.pace import Pace, Stopped
from penstock_addons.demo.promptcache import PromptCache, Usage, tokens
from penstock_addons.demo.script import Step

__all__ = ["STEP_HEADER", "Provider"]

STEP_HEADER = "x-demo-step"
"""The header that names the step of the script whose answer the client is to get."""
PIECE = 24
"""Characters of an answer that are sent at once."""
_ERRORS = {429: ("rate_limit_error", "Too many requests."), 529: ("overloaded_error", "Overloaded.")}


class Provider:
    """`with Provider(answers, faults, pace) as provider:` listens until it is closed.

    `answers` are the steps by their id; `faults` the status that comes once before the answer of an id.
    """

    def __init__(
        self, answers: Mapping[str, Step], faults: Mapping[str, int], pace: Pace, cache: PromptCache | None = None
    ) -> None:
        self._answers, self._faults, self._pace = answers, dict(faults), pace
        self._cache = cache or PromptCache()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, name="demo-provider", daemon=True)

    def __enter__(self) -> Provider:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        """The address it listens on."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def fault(self, step: str) -> int:
        """The status with which this step fails; 0: it does not."""
        return self._faults.pop(step, 0)

    def answer(self, step: str, body: Mapping[str, Any]) -> Iterator[bytes]:
        """The stream that answers `body`, in pieces as they are to be sent."""
        wanted, usage = self._answers[step], self._cache.use(body)
        for event in _events(wanted, step, str(body["model"]), usage):
            if event["type"] == "content_block_delta":
                self._pace.wait(0.02)
            yield f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        provider = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers["content-length"]))
                body, step = json.loads(raw), self.headers[STEP_HEADER]
                if self.path.endswith("/count_tokens"):
                    self._json(200, {"input_tokens": tokens(raw.decode())})
                elif status := provider.fault(step):
                    kind, said = _ERRORS[status]
                    self._json(status, {"type": "error", "error": {"type": kind, "message": said}})
                else:
                    self._stream(provider.answer(step, body))

            def _json(self, status: int, value: object) -> None:
                body = json.dumps(value).encode()
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(body)))
                if status == 429:
                    self.send_header("retry-after", "1")
                self.end_headers()
                self.wfile.write(body)

            def _stream(self, pieces: Iterator[bytes]) -> None:
                self.send_response(200)
                self.send_header("content-type", "text/event-stream")
                self.send_header("transfer-encoding", "chunked")
                self.end_headers()
                try:
                    for piece in pieces:
                        self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
                    self.wfile.write(b"0\r\n\r\n")
                except (Stopped, OSError):
                    self.close_connection = True

            def log_message(self, format: str, *args: object) -> None:
                """Nothing: the screen belongs to the demo."""

        return Handler


def _events(step: Step, id: str, model: str, usage: Usage) -> Iterator[dict[str, Any]]:
    written = tokens(step.text) + sum(tokens(json.dumps(call.input)) for call in step.calls)
    billed = {
        "input_tokens": usage.input,
        "cache_read_input_tokens": usage.read,
        "cache_creation_input_tokens": usage.written,
        "output_tokens": 1,
    }
    message = {
        "id": f"msg_{id}",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": [],
        "usage": billed,
    }
    yield {"type": "message_start", "message": message}
    blocks: list[tuple[dict[str, Any], dict[str, str], str]] = []
    if step.text:
        blocks.append(({"type": "text", "text": ""}, {"type": "text_delta"}, step.text))
    for n, call in enumerate(step.calls):
        begin = {"type": "tool_use", "id": f"toolu_{id}_{n}", "name": call.name, "input": {}}
        blocks.append((begin, {"type": "input_json_delta"}, json.dumps(call.input)))
    for index, (begin, delta, text) in enumerate(blocks):
        yield {"type": "content_block_start", "index": index, "content_block": begin}
        field = "text" if delta["type"] == "text_delta" else "partial_json"
        for at in range(0, len(text), PIECE):
            yield {"type": "content_block_delta", "index": index, "delta": {**delta, field: text[at : at + PIECE]}}
        yield {"type": "content_block_stop", "index": index}
    stop = "tool_use" if step.calls else "end_turn"
    yield {"type": "message_delta", "delta": {"stop_reason": stop}, "usage": {"output_tokens": written}}
    yield {"type": "message_stop"}
