"""What the latency benchmarks run: a provider on loopback (`Provider`), the proxies in front of it (`proxies`) with
their CPU and memory, and requests with their times (`once`)."""

from __future__ import annotations

import http.client
import http.server
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = [
    "ROOT",
    "Provider",
    "Proxy",
    "Server",
    "answer_of",
    "free_port",
    "once",
    "p95",
    "proxies",
    "serve",
    "wait_for",
]

ROOT = Path(__file__).resolve().parent.parent
_STREAMS = """
class Stream:
    def responseheaders(self, flow):
        flow.response.stream = True
"""
_PARSES = """
import json

class Parse:
    def request(self, flow):
        if flow.request.method == "POST":
            flow.request.content = json.dumps(json.loads(flow.request.content)).encode()
"""
ADDONS = {
    "bare": f"{_STREAMS}\naddons = [Stream()]\n",
    "json": f"{_STREAMS}\n{_PARSES}\naddons = [Stream(), Parse()]\n",
}
"""What the other proxies run: nothing but streaming, and besides that the least that an addon which edits would do."""
USAGE = {"input_tokens": 10, "output_tokens": 40, "cache_read_input_tokens": 900, "cache_creation_input_tokens": 90}
_TICK_S = 1 / os.sysconf("SC_CLK_TCK")
_QUIET_S = 0.5


class Provider(http.server.BaseHTTPRequestHandler):
    """Answers every POST as Anthropic would. A request that says in `x-bench-answer` what the answer is to hold gets it
    at once; any other gets two words, whole or in 40 events over about 40 ms."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, format: str, *args: object) -> None:
        """Print nothing."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        asked = self.headers.get("x-bench-answer")
        if asked is not None:
            self.stream(answer_of(json.loads(asked), len(body)), pause_s=0.0)
        elif b'"stream":true' in body[:200]:
            delta = {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "word "}}
            start = {"type": "message_start", "message": {"model": "m", "usage": USAGE}}
            self.stream([start, *[delta] * 38, {"type": "message_stop"}], pause_s=0.001)
        else:
            self._whole()

    def _whole(self) -> None:
        answer = {"type": "message", "model": "m", "content": [{"type": "text", "text": "ok"}], "usage": USAGE}
        data = json.dumps(answer | {"stop_reason": "end_turn"}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def stream(self, events: Sequence[object], pause_s: float) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        for event in events:
            data = b"data: " + json.dumps(event).encode() + b"\n\n"
            self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
            self.wfile.flush()
            if pause_s:
                time.sleep(pause_s)
        self.wfile.write(b"0\r\n\r\n")


def answer_of(asked: dict[str, object], size: int) -> list[dict[str, Any]]:
    """Thinking, words and, where `asked` names one, a tool call; with a usage that fits a request of `size` bytes."""
    tokens = size // 3
    read = min(tokens, int(str(asked["read"])) // 3)
    usage = USAGE | {"cache_read_input_tokens": read, "cache_creation_input_tokens": tokens - read}
    blocks: list[tuple[dict[str, object], list[dict[str, str]]]] = [
        ({"type": "thinking", "thinking": ""}, [{"type": "thinking_delta", "thinking": "It may be the cache. "}] * 4),
        ({"type": "text", "text": ""}, [{"type": "text_delta", "text": "This is what I will do next. "}] * 6),
    ]
    if asked["tool"]:
        parts = [{"type": "input_json_delta", "partial_json": part} for part in ('{"file_path":', '"/srv/a.py"', "}")]
        blocks.append(({"type": "tool_use", "id": asked["tool"], "name": "Read", "input": {}}, parts))
    out: list[dict[str, Any]] = [{"type": "message_start", "message": {"model": asked["model"], "usage": usage}}]
    for index, (block, deltas) in enumerate(blocks):
        out.append({"type": "content_block_start", "index": index, "content_block": block})
        out += [{"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas]
        out.append({"type": "content_block_stop", "index": index})
    stop = "tool_use" if asked["tool"] else "end_turn"
    out.append({"type": "message_delta", "delta": {"stop_reason": stop}, "usage": {"output_tokens": 40}})
    return [*out, {"type": "message_stop"}]


class Server(http.server.ThreadingHTTPServer):
    """An HTTP server that takes many clients at once."""

    request_queue_size = 256
    daemon_threads = True


@dataclass
class Proxy:
    """A running proxy, with its memory and CPU time."""

    name: str
    port: int
    pid: int

    def memory(self) -> float:
        """The resident memory, in megabytes."""
        text = Path(f"/proc/{self.pid}/status").read_text()
        line = next(row for row in text.splitlines() if row.startswith("VmRSS"))
        return int(line.split()[1]) / 1024

    def cpu(self) -> float:
        """Seconds that the process and all that it started have computed."""
        return sum(map(_seconds, _family(self.pid)))

    def settled_cpu(self, longest_s: float = 60.0) -> float:
        """`cpu` once the proxy has nothing to do any more, so that work which was put off is counted as well. Waits
        `longest_s` at most."""
        before, stop = self.cpu(), time.monotonic() + longest_s
        while time.monotonic() < stop:
            time.sleep(_QUIET_S)
            now = self.cpu()
            if now - before <= 2 * _TICK_S:
                return now
            before = now
        return before


def _family(pid: int) -> list[int]:
    """A process and those that any of its threads has started."""
    lists = Path(f"/proc/{pid}/task").glob("*/children")
    return [pid, *(found for file in lists for one in file.read_text().split() for found in _family(int(one)))]


def _seconds(pid: int) -> float:
    """Of one process, those of its children that have ended included. 0: it has ended since it was listed, and counts
    as a child of the one that started it."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return sum(map(int, fields[11:15])) * _TICK_S


def serve(port: int) -> None:
    """Run the provider at `port`, as the main function of a process."""
    Server(("127.0.0.1", port), Provider).serve_forever()


@contextmanager
def proxies(
    folder: Path, upstream: int, names: Sequence[str] = ("bare", "suite"), more: Sequence[Path] = ()
) -> Iterator[list[Proxy]]:
    """The named ones in front of the provider: `suite`, and those of `ADDONS`. `more`: addons beside the suite's."""
    running: list[tuple[subprocess.Popen[bytes], Proxy]] = []
    try:
        for name in names:
            scripts = [ROOT / "addons" / "context.py", *more]
            if name in ADDONS:
                scripts = [folder / f"{name}.py"]
                scripts[0].write_text(ADDONS[name])
            port = free_port()
            command = [
                *(str(Path(sys.executable).parent / "mitmdump"), "-q"),
                *(part for script in scripts for part in ("-s", str(script))),
                *("--mode", f"reverse:http://127.0.0.1:{upstream}@{port}", "--listen-host", "127.0.0.1"),
                *("--set", f"confdir={folder / 'conf'}"),
            ]
            env = {**os.environ, "PENSTOCK_HOME": str(folder / "home"), "PENSTOCK_BLOCK_PLUGINS": "all"}
            process = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            running.append((process, Proxy(name, port, process.pid)))
        for _, proxy in running:
            wait_for(proxy.port, 120)
        yield [proxy for _, proxy in running]
    finally:
        for process, _ in running:
            process.terminate()
            process.wait()


def once(link: http.client.HTTPConnection, body: bytes, headers: dict[str, str]) -> tuple[float, float]:
    """Milliseconds to the first byte of the answer's body, and to its end."""
    if link.sock is None:
        link.connect()  # http.client sets TCP_NODELAY
    started = time.perf_counter()
    link.request("POST", "/v1/messages", body, {"content-type": "application/json", "x-api-key": "none", **headers})
    response = link.getresponse()
    response.read(1)
    first = time.perf_counter()
    response.read()
    if response.status != 200:
        raise RuntimeError(f"the proxy answered {response.status}")
    return (first - started) * 1000, (time.perf_counter() - started) * 1000


def free_port() -> int:
    """A port on which nothing listens."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port: int = s.getsockname()[1]
        return port


def wait_for(port: int, seconds: float = 30.0) -> None:
    """Wait until something listens on `port`."""
    stop = time.monotonic() + seconds
    while time.monotonic() < stop:
        with socket.socket() as s:
            if s.connect_ex(("127.0.0.1", port)) == 0:
                return
        threading.Event().wait(0.05)
    raise RuntimeError(f"nothing listens on {port}")


def p95(values: Sequence[float]) -> float:
    """The 95th percentile."""
    return sorted(values)[int(len(values) * 0.95)]
