"""`Recorder`: a provider that keeps of each request what the chaos test compares: which notes were in it."""

from __future__ import annotations

import http.server
import json
import re
import threading
import time
from collections import defaultdict
from dataclasses import dataclass, field
from hashlib import blake2b

from tests.road.replies import ANTHROPIC_REPLY

__all__ = ["Recorder", "Seen"]

_NOTE = re.compile(rb"call (\d+\.\d+\.\d+)")


@dataclass
class Seen:
    """What the provider received of one session."""

    requests: list[tuple[float, int, frozenset[str]]] = field(default_factory=list)
    """Of each request: when it came (`time.monotonic`), how many messages it had, and the notes in it."""
    turns: dict[str, int] = field(default_factory=dict)
    """By note, the index of the message that it was in."""
    contents: dict[tuple[int, tuple[str, ...]], set[bytes]] = field(default_factory=lambda: defaultdict(set))
    """By index of a message and the notes in it, the digests of what it was."""


class Recorder:
    """An HTTP server on a free port of this machine."""

    def __init__(self) -> None:
        self.sessions: dict[str, Seen] = defaultdict(Seen)
        self._lock = threading.Lock()
        recorder = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def log_message(self, format: str, *args: object) -> None:
                """Print nothing."""

            def do_POST(self) -> None:
                recorder.record(self.rfile.read(int(self.headers["content-length"])))
                self.send_response(200)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(ANTHROPIC_REPLY)))
                self.end_headers()
                self.wfile.write(ANTHROPIC_REPLY)

        self._server = _Server(("127.0.0.1", 0), Handler)
        self.port: int = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, name="recorder", daemon=True).start()

    def record(self, body: bytes) -> None:
        """Note what is in a request."""
        request = json.loads(body)
        session = json.loads(request["metadata"]["user_id"])["session_id"]
        texts = [json.dumps(message, sort_keys=True).encode() for message in request["messages"]]
        notes = [tuple(note.decode() for note in _NOTE.findall(text)) for text in texts]
        with self._lock:
            seen = self.sessions[session]
            seen.requests.append((time.monotonic(), len(texts), frozenset(note for some in notes for note in some)))
            for i, (text, some) in enumerate(zip(texts, notes, strict=True)):
                seen.contents[i, some].add(blake2b(_bare(text), digest_size=8).digest())
                for note in some:
                    seen.turns[note] = i

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()


def _bare(text: bytes) -> bytes:
    """A message without the client's breakpoint, which is in another one each turn."""
    return text.replace(b'"cache_control": {"type": "ephemeral"}, ', b"")


class _Server(http.server.ThreadingHTTPServer):
    request_queue_size = 256
    daemon_threads = True
