"""The provider of `faults.py`: a process of its own on loopback. It answers in three formats, fails as providers do,
and checks each request by the rules of the APIs, which the tests have written down apart from the product.

What it does with a request follows from the seed and the id of the attempt alone.
"""

from __future__ import annotations

import gzip
import hashlib
import http.server
import json
import random
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

from latency_rig import ROOT, Server

if str(ROOT) not in sys.path:
    sys.path.append(str(ROOT))

from tests import strict
from tests.binding import Binding

__all__ = ["ATTEMPT", "BINDS", "SENT", "TOOLS", "digest", "serve"]

ATTEMPT = "x-attempt"
"""The header that names an attempt. Requests without it are probes: they get a whole answer at once."""
SENT = "x-sent"
"""The header with the digest of the body as the client sent it."""
BINDS = "claude-opus-5-5"
"""The model that refuses thinking whose prefix has changed."""
FAULTS = {"429": 0.03, "529": 0.03, "500": 0.01, "cut": 0.03, "garbage": 0.03}
"""Each kind of failure with its probability."""
SLOW = 0.15
NOTE = b"[Memory m-"
TOOLS = ("Read", "Bash", "Grep")
_DIALECTS = {
    "/v1/messages": "anthropic",
    "/v1/messages/count_tokens": "anthropic",
    "/v1/chat/completions": "openai-chat",
    "/v1/responses": "openai-responses",
}
_SAYS = "the build passes after this change because a cache was stale and two tests had waited for it"
_WORDS = _SAYS.split()
Json = dict[str, Any]


def digest(body: bytes) -> str:
    """A short hash of a body, to compare bodies by."""
    return hashlib.sha256(body).hexdigest()[:16]


def serve(port: int, seed: int, folder: str) -> None:
    """The provider's process. Bodies of invalid requests are written to `folder`."""
    handler = type("Seeded", (Handler,), {"ledger": Ledger(Path(folder)), "seed": seed})
    Quiet(("127.0.0.1", port), handler).serve_forever()


class Quiet(Server):
    """Says nothing when a proxy was killed in the middle of a request."""

    def handle_error(self, request: object, client_address: object) -> None:
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class Ledger:
    """What was received and answered, and what the provider signed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._binding = Binding()
        self._signed: dict[str, str] = {}
        """Thinking by its signature, reasoning by its id."""
        self._lock = threading.Lock()
        self.attempts: dict[str, Json] = {}
        self.invalid: list[Json] = []
        self.received = Counter[str]()

    def check(self, attempt: str, path: str, body: bytes, sent: str) -> list[str]:
        """Why the request is invalid. Empty: it is not."""
        with self._lock:
            self.received["received"] += 1
            self.received["edited"] += bool(sent) and digest(body) != sent
            self.received["with_notes"] += NOTE in body
            try:
                value = json.loads(body)
                out = [*strict.faults(_DIALECTS[path], body), *self._changed(value)]
                if value["model"] == BINDS:
                    out += self._binding.faults(body)
            except (ValueError, KeyError, TypeError) as e:
                out = [f"it cannot be read: {type(e).__name__}: {e}"]
            if out:
                self.invalid.append({"attempt": attempt, "at": time.monotonic(), "faults": out[:5]})
                (self._folder / f"invalid-{attempt or 'probe'}.json").write_bytes(body)
            return out

    def _changed(self, value: Json) -> list[str]:
        out = []
        for message in value.get("messages", ()):
            content = message.get("content")
            for block in content if isinstance(content, list) else ():
                signature = block.get("signature")
                if block["type"] == "thinking" and self._signed.get(signature) != block["thinking"]:
                    out.append(f"thinking {signature} is not as it was signed")
        items = value.get("input")
        for item in items if isinstance(items, list) else ():
            if item.get("type") == "reasoning" and self._signed.get(item["id"]) != item["encrypted_content"]:
                out.append(f"reasoning {item['id']} is not as it was encrypted")
        return out

    def sign(self, path: str, body: bytes, thought: str) -> str:
        """The signature of the thinking that answers `body`; for OpenAI the id of the reasoning."""
        with self._lock:
            is_bound = _DIALECTS[path] == "anthropic"
            made = self._binding.mint(body) if is_bound else f"rs_{len(self._signed):06}"
            self._signed[made] = thought
            return made

    def note(self, attempt: str, kind: str, status: int, body: bytes, *, whole: bool) -> None:
        """Record that an attempt was answered with these bytes."""
        with self._lock:
            self.attempts[attempt] = {"kind": kind, "status": status, "digest": digest(body), "whole": whole}

    def report(self) -> bytes:
        """All that was recorded, as JSON."""
        with self._lock:
            return json.dumps({"counts": self.received, "attempts": self.attempts, "invalid": self.invalid}).encode()


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers a request, or fails, as the seed says."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    ledger: Ledger
    seed: int

    def log_message(self, format: str, *args: object) -> None:
        """Print nothing."""

    def do_GET(self) -> None:
        self._whole(200, self.ledger.report() if self.path == "/report" else b'{"ready":true}', "application/json")

    def do_POST(self) -> None:
        length = int(self.headers["content-length"])
        body = self.rfile.read(length)
        if len(body) < length:  # the proxy was killed in the middle of it
            self.close_connection = True
            return
        attempt = self.headers.get(ATTEMPT, "")
        chance = random.Random(f"{self.seed} {attempt}")
        faults = self.ledger.check(attempt, self.path, body, self.headers.get(SENT, ""))
        kind = "invalid" if faults else _drawn(chance) if attempt else "ok"
        if attempt and chance.random() < SLOW:
            time.sleep(chance.uniform(0.2, 2.0))
        status, content, parts = self._answer(kind, body, chance, faults)
        data, sent = b"".join(parts), False
        try:
            if kind == "cut":
                self._cut(content, parts, chance)
            elif len(parts) > 1:
                self._stream(content, parts, chance)
            else:
                self._whole(status, data, content, packed=kind == "ok" and chance.random() < 0.2)
            sent = kind != "cut"
        except OSError:
            self.close_connection = True
        if attempt:
            self.ledger.note(attempt, kind, status, data, whole=sent)

    def _answer(self, kind: str, body: bytes, chance: random.Random, faults: list[str]) -> tuple[int, str, list[bytes]]:
        """Status, content type, and the body in parts: more than one is a stream."""
        if kind in ("ok", "cut"):
            return 200, *_reply(self.ledger, self.path, body, chance)
        if kind == "garbage":
            return 200, *_garbage(chance)
        if kind == "invalid":
            bound = any("stands behind" in fault or "stood before" in fault for fault in faults)
            why = "Invalid `signature` in `thinking` block. The block is bound to a different conversation."
            return 400, *_error("invalid_request_error", f"messages.1.content.0: {why}" if bound else faults[0])
        named = {"429": "rate_limit_error", "529": "overloaded_error", "500": "api_error"}
        return int(kind), *_error(named[kind], f"This is a {kind}.")

    def _head(self, status: int, content: str, *lines: tuple[str, str]) -> None:
        self.send_response(status)
        self.send_header("content-type", content)
        if status in (429, 529):
            self.send_header("retry-after", "1")
        for line in lines:
            self.send_header(*line)
        self.end_headers()

    def _whole(self, status: int, data: bytes, content: str, *, packed: bool = False) -> None:
        # The client unpacks: what is compared is the content.
        extra = [("content-encoding", "gzip")] if packed else []
        data = gzip.compress(data, 1) if packed else data
        self._head(status, content, ("content-length", str(len(data))), *extra)
        self.wfile.write(data)

    def _stream(self, content: str, parts: list[bytes], chance: random.Random) -> None:
        self._head(200, content, ("transfer-encoding", "chunked"))
        for part in parts:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
            time.sleep(chance.uniform(0, 0.02))
        self.wfile.write(b"0\r\n\r\n")

    def _cut(self, content: str, parts: list[bytes], chance: random.Random) -> None:
        """Nothing at all, half of the body, or some events."""
        self.close_connection = True
        if chance.random() < 0.3:
            return
        if len(parts) == 1:
            self._head(200, content, ("content-length", str(len(parts[0]))))
            self.wfile.write(parts[0][: len(parts[0]) // 2])
            return
        self._head(200, content, ("transfer-encoding", "chunked"))
        for part in parts[: chance.randrange(1, len(parts))]:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))


def _drawn(chance: random.Random) -> str:
    at = chance.random()
    for kind, share in FAULTS.items():
        at -= share
        if at < 0:
            return kind
    return "ok"


def _garbage(chance: random.Random) -> tuple[str, list[bytes]]:
    noise = chance.randbytes(chance.randrange(1, 2000))
    odd: list[tuple[str, list[bytes]]] = [
        ("text/html", [b"<html><h1>Welcome to the hotel's network</h1></html>"]),
        ("application/json", [b'{"type":"message","content":[{"type":"te']),
        ("application/json", [b"[[[[" * 5000]),
        ("application/json", [noise]),
        ("text/event-stream", [b"data: {\n\n", noise, b"\n\ndata: [1,2\n\n"]),
        ("text/event-stream", [b'event: message_start\ndata: {"type":"message_start","message":null}\n\n', b": \n\n"]),
    ]
    return chance.choice(odd)


def _error(kind: str, why: str) -> tuple[str, list[bytes]]:
    return "application/json", [json.dumps({"type": "error", "error": {"type": kind, "message": why}}).encode()]


def _reply(ledger: Ledger, path: str, body: bytes, chance: random.Random) -> tuple[str, list[bytes]]:
    value = json.loads(body)
    if path.endswith("/count_tokens"):
        return "application/json", [json.dumps({"input_tokens": len(body) // 4}).encode()]
    text = " ".join(chance.choices(_WORDS, k=chance.randrange(5, 60)))
    count = chance.choice((0, 1, 1, 2)) if value.get("tools") else 0
    calls = [(f"call_{chance.getrandbits(64):016x}", chance.choice(TOOLS), _given(chance)) for _ in range(count)]
    thought = "I think of " + " ".join(chance.choices(_WORDS, k=20)) if value.get("tools") else ""
    signature = ledger.sign(path, body, thought) if thought and path != "/v1/chat/completions" else ""
    made = {"/v1/messages": _anthropic, "/v1/chat/completions": _chat, "/v1/responses": _responses}[path]
    answer, events = made(value["model"], len(body) // 4, text, calls, (thought, signature))
    return ("text/event-stream", events) if value.get("stream") else ("application/json", [json.dumps(answer).encode()])


def _given(chance: random.Random) -> str:
    return json.dumps({"file_path": f"src/part_{chance.randrange(40)}.py"})


_EMPTY: dict[str, Json] = {
    "thinking": {"thinking": "", "signature": ""},
    "text": {"text": ""},
    "tool_use": {"input": {}},
}
Made = tuple[Json, list[bytes]]
Calls = list[tuple[str, str, str]]


def _anthropic(model: str, size: int, text: str, calls: Calls, thought: tuple[str, str]) -> Made:
    content: list[Json] = [{"type": "thinking", "thinking": thought[0], "signature": thought[1]}] if thought[1] else []
    content.append({"type": "text", "text": text})
    content += [{"type": "tool_use", "id": i, "name": name, "input": json.loads(given)} for i, name, given in calls]
    usage = {
        "input_tokens": size // 10,
        "cache_read_input_tokens": size - size // 10,
        "cache_creation_input_tokens": 0,
        "output_tokens": 90,
    }
    message = {"id": "msg_1", "type": "message", "role": "assistant", "model": model, "usage": usage}
    stop = {"stop_reason": "tool_use" if calls else "end_turn", "stop_sequence": None}
    events: list[Json] = [{"type": "message_start", "message": message | {"content": [], "stop_reason": None}}]
    for index, block in enumerate(content):
        kind = block["type"]
        events.append({"type": "content_block_start", "index": index, "content_block": block | _EMPTY[kind]})
        deltas: list[Json] = {
            "thinking": [
                {"type": "thinking_delta", "thinking": thought[0]},
                {"type": "signature_delta", "signature": thought[1]},
            ],
            "text": [{"type": "text_delta", "text": word} for word in text.partition(" ") if word],
            "tool_use": [{"type": "input_json_delta", "partial_json": json.dumps(block.get("input"))}],
        }[kind]
        events += [{"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas]
        events.append({"type": "content_block_stop", "index": index})
    events += [{"type": "message_delta", "delta": stop, "usage": {"output_tokens": 90}}, {"type": "message_stop"}]
    return message | {"content": content} | stop, _events(events, named=True)


def _chat(model: str, size: int, text: str, calls: Calls, _: tuple[str, str]) -> Made:
    usage = {"prompt_tokens": size, "completion_tokens": 90, "total_tokens": size + 90}
    told = [{"id": i, "type": "function", "function": {"name": n, "arguments": given}} for i, n, given in calls]
    message: Json = {"role": "assistant", "content": text} | ({"tool_calls": told} if told else {})
    end = "tool_calls" if told else "stop"
    head = {"id": "chatcmpl-1", "object": "chat.completion", "model": model}
    chunk = {**head, "object": "chat.completion.chunk"}
    events: list[Json] = [{**chunk, "choices": [{"index": 0, "delta": {"role": "assistant", "content": text}}]}]
    for n, call in enumerate(told):
        events.append({**chunk, "choices": [{"index": 0, "delta": {"tool_calls": [{"index": n, **call}]}}]})
    events.append({**chunk, "choices": [{"index": 0, "delta": {}, "finish_reason": end}]})
    events.append({**chunk, "choices": [], "usage": usage})
    whole = {**head, "choices": [{"index": 0, "message": message, "finish_reason": end}], "usage": usage}
    return whole, [*_events(events, named=False), b"data: [DONE]\n\n"]


def _responses(model: str, size: int, text: str, calls: Calls, thought: tuple[str, str]) -> Made:
    said = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": text}]}
    output: list[Json] = [said]
    if thought[1]:
        output.insert(0, {"type": "reasoning", "id": thought[1], "summary": [], "encrypted_content": thought[0]})
    output += [{"type": "function_call", "call_id": i, "name": n, "arguments": given} for i, n, given in calls]
    usage = {"input_tokens": size, "output_tokens": 90, "total_tokens": size + 90}
    head = {"id": "resp_1", "object": "response", "model": model}
    whole = {**head, "status": "completed", "output": output, "usage": usage}
    events: list[Json] = [{"type": "response.created", "response": {**head, "status": "in_progress", "output": []}}]
    events += [{"type": "response.output_item.done", "output_index": n, "item": one} for n, one in enumerate(output)]
    return whole, _events([*events, {"type": "response.completed", "response": whole}], named=True)


def _events(events: list[Json], *, named: bool) -> list[bytes]:
    lines = ((f"event: {event['type']}\n" if named else "", json.dumps(event)) for event in events)
    return [f"{name}data: {said}\n\n".encode() for name, said in lines]
