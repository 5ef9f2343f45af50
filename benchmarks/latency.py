"""What the suite adds to a request: the whole suite against a bare mitmdump with streaming on, side by side in one run.

    python benchmarks/latency.py [--requests 150] [--memory-requests 2000]

A provider on loopback answers at once (whole, or 40 events over about 40 ms). Requests are those of coding sessions
that grow with every one, from the size a row is called by to twice that; then the next session begins. One result in
four is a log that says the same over and over, for the stages to shorten. Each request goes through both proxies, in
turn, and the difference of the pair is what counts.
Absolute times depend on the machine, so every figure stands beside the baseline of the same run.
"""

from __future__ import annotations

import argparse
import http.client
import http.server
import itertools
import json
import multiprocessing
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SIZES = (2_000, 20_000, 200_000, 800_000)
BARE = """
class Stream:
    def responseheaders(self, flow):
        flow.response.stream = True

addons = [Stream()]
"""
USAGE = {"input_tokens": 10, "output_tokens": 40, "cache_read_input_tokens": 900, "cache_creation_input_tokens": 90}


class Provider(http.server.BaseHTTPRequestHandler):
    """Answers every POST as Anthropic would."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        if b'"stream":true' in body[:200]:
            self._stream()
            return
        answer = {"type": "message", "model": "m", "content": [{"type": "text", "text": "ok"}], "usage": USAGE}
        data = json.dumps(answer | {"stop_reason": "end_turn"}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _stream(self) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        delta = {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "word "}}
        events = [{"type": "message_start", "message": {"model": "m", "usage": USAGE}}, *[delta] * 38]
        for event in [*events, {"type": "message_stop"}]:
            data = b"data: " + json.dumps(event).encode() + b"\n\n"
            self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
            self.wfile.flush()
            time.sleep(0.001)
        self.wfile.write(b"0\r\n\r\n")


class Server(http.server.ThreadingHTTPServer):
    """Takes many clients at once."""

    request_queue_size = 256
    daemon_threads = True


@dataclass
class Proxy:
    """A running proxy."""

    name: str
    port: int
    pid: int

    def memory(self) -> float:
        """Resident megabytes."""
        text = Path(f"/proc/{self.pid}/status").read_text()
        line = next(row for row in text.splitlines() if row.startswith("VmRSS"))
        return int(line.split()[1]) / 1024


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--requests", type=int, default=150, help="pairs of requests for each size")
    options.add_argument("--memory-requests", type=int, default=2000)
    chosen = options.parse_args()
    port = free_port()
    provider = multiprocessing.get_context("spawn").Process(target=serve, args=(port,), daemon=True)
    provider.start()
    wait_for(port)
    try:
        with tempfile.TemporaryDirectory() as folder, proxies(Path(folder), port) as (bare, suite):
            warm_up(bare, suite)
            print("     size  bare p50 suite p50 added p50 added p95   first byte, streamed: added p50 / p95")
            for size in SIZES:
                print(latency(bare, suite, size, chosen.requests), flush=True)
            for clients in (16, 64):
                print(throughput(bare, suite, clients), flush=True)
            print(memory(suite, chosen.memory_requests))
    finally:
        provider.terminate()
        provider.join()


def serve(port: int) -> None:
    """The provider's process."""
    Server(("127.0.0.1", port), Provider).serve_forever()


@contextmanager
def proxies(folder: Path, upstream: int) -> Iterator[tuple[Proxy, Proxy]]:
    """A bare mitmdump and one with the suite, both in front of the provider."""
    script = folder / "bare.py"
    script.write_text(BARE)
    running = []
    try:
        for name, addon in (("bare", script), ("suite", ROOT / "addons" / "context.py")):
            port = free_port()
            command = [
                *(str(Path(sys.executable).parent / "mitmdump"), "-q", "-s", str(addon)),
                *("--mode", f"reverse:http://127.0.0.1:{upstream}@{port}", "--listen-host", "127.0.0.1"),
                *("--set", f"confdir={folder / 'conf'}"),
            ]
            env = {**os.environ, "PENSTOCK_HOME": str(folder / "home"), "PENSTOCK_BLOCK_PLUGINS": "all"}
            process = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            running.append((process, Proxy(name, port, process.pid)))
        for _, proxy in running:
            wait_for(proxy.port)
        yield running[0][1], running[1][1]
    finally:
        for process, _ in running:
            process.terminate()
            process.wait()


def warm_up(bare: Proxy, suite: Proxy, seconds: float = 15.0) -> None:
    """Let both import what they need, and the suite open its memory: a proxy runs for days, and starts once."""
    stop = time.perf_counter() + seconds
    while time.perf_counter() < stop:
        compare(bare, suite, 1_000, 20, stream=False)


def latency(bare: Proxy, suite: Proxy, size: int, pairs: int) -> str:
    """One row: what the suite adds at this size, whole answers and streamed ones."""
    whole = compare(bare, suite, size, pairs, stream=False)
    streamed = compare(bare, suite, size, max(pairs // 3, 20), stream=True)
    added = [s[1] - b[1] for b, s in whole]
    first = [s[0] - b[0] for b, s in streamed]
    p50 = [statistics.median(b[1] for b, _ in whole), statistics.median(s[1] for _, s in whole)]
    row = [*p50, statistics.median(added), p95(added)]
    columns = " ".join(f"{ms:>9.2f}" for ms in row)
    return f"{size:>9,} {columns}   {statistics.median(first):.2f} / {p95(first):.2f}   (ms)"


def compare(
    bare: Proxy, suite: Proxy, size: int, pairs: int, *, stream: bool
) -> list[tuple[tuple[float, float], tuple[float, float]]]:
    """(first byte, whole) in ms through the bare proxy and through the suite, for each request of sessions that grow
    from `size` bytes to twice that."""
    links = [http.client.HTTPConnection("127.0.0.1", p.port) for p in (bare, suite)]
    out = []
    sessions = (
        (f"bench-{size}-{stream}-{k}", body)
        for k in itertools.count()
        for body in bodies(size, 10_000, stream, size * 2)
    )
    for i, (session, body) in enumerate(itertools.islice(sessions, pairs + 5)):
        pair = (once(links[0], body, session), once(links[1], body, session))
        if i >= 5:  # the first ones connect and import
            out.append(pair)
    for link in links:
        link.close()
    return out


def bodies(size: int, count: int, stream: bool, upto: int = 1 << 62) -> Iterator[bytes]:
    """Requests of a session whose history has `size` bytes at the first and one turn more in each, while that
    has at most `upto` bytes."""
    turn = max(100, min(4000, size // 20))
    messages: list[dict[str, object]] = [{"role": "user", "content": "Find out why the build fails, and mend it."}]
    n = length = 0
    while count:
        n += 1
        call = {"type": "tool_use", "id": f"toolu_{n}", "name": "Read", "input": {"file_path": f"/src/file{n}.py"}}
        result = {"type": "tool_result", "tool_use_id": f"toolu_{n}", "content": output(n, turn)}
        pair: list[dict[str, object]] = [
            {"role": "assistant", "content": [call]},
            {"role": "user", "content": [result]},
        ]
        messages += pair
        length += len(json.dumps(pair))
        if length < size:
            continue
        if length > upto:
            return
        request = {"model": "claude-sonnet-4-5", "stream": stream, "max_tokens": 1000, "messages": messages}
        yield json.dumps(request, separators=(",", ":")).encode()
        count -= 1


def output(n: int, size: int) -> str:
    """What the nth tool call gave: source code, or every fourth time a log."""
    if n % 4 == 0:
        line = "a line of some tool's output, as long as they are\n"
        return f"{n}\n" + line * max(1, size // len(line))
    line = "    total_{} = measure(part_{}, unit={!r})  # of run {}\n"
    return "".join(line.format(i, i * 7 % 13, f"u{i * n % 97}", n) for i in range(max(1, size // 56)))


def once(link: http.client.HTTPConnection, body: bytes, session: str) -> tuple[float, float]:
    """Milliseconds to the first byte of the answer's body, and to its end."""
    headers = {"content-type": "application/json", "x-api-key": "none", "x-claude-code-session-id": session}
    if link.sock is None:
        link.connect()  # http.client sets TCP_NODELAY
    started = time.perf_counter()
    link.request("POST", "/v1/messages", body, headers)
    response = link.getresponse()
    response.read(1)
    first = time.perf_counter()
    response.read()
    if response.status != 200:
        raise RuntimeError(f"the proxy answered {response.status}")
    return (first - started) * 1000, (time.perf_counter() - started) * 1000


def throughput(bare: Proxy, suite: Proxy, clients: int, seconds: float = 4.0) -> str:
    """Requests per second with so many clients, each with its own session of 20 KB."""
    rates = {}
    for proxy in (bare, suite):
        done: list[int] = []
        stop = time.perf_counter() + seconds
        with ThreadPoolExecutor(clients) as pool:
            for k in range(clients):
                pool.submit(hammer, proxy, f"rps-{k}", stop, done)
        rates[proxy.name] = len(done) / seconds
    ratio = rates["suite"] / rates["bare"]
    return f"{clients} clients: bare {rates['bare']:.0f}/s, suite {rates['suite']:.0f}/s ({ratio:.2f} of bare)"


def hammer(proxy: Proxy, session: str, stop: float, done: list[int]) -> None:
    """One client that asks as fast as it is answered."""
    link = http.client.HTTPConnection("127.0.0.1", proxy.port)
    for body in bodies(20_000, 1000, stream=False):
        if time.perf_counter() > stop:
            break
        once(link, body, session)
        done.append(1)
    link.close()


def memory(suite: Proxy, requests: int) -> str:
    """Resident memory of the suite while one session after the other passes."""
    link = http.client.HTTPConnection("127.0.0.1", suite.port)
    marks = [f"{suite.memory():.0f}"]
    sent = 0
    for k in range(4):
        for i in range(requests // 4 // 50):
            for body in bodies(60_000, 50, stream=False):
                once(link, body, f"memory-{k}-{i}")
                sent += 1
        marks.append(f"{suite.memory():.0f}")
    link.close()
    return f"memory over {sent} requests, a new session every 50: {' -> '.join(marks)} MB"


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port: int = s.getsockname()[1]
        return port


def wait_for(port: int, seconds: float = 30.0) -> None:
    """Until something listens on `port`."""
    stop = time.monotonic() + seconds
    while time.monotonic() < stop:
        with socket.socket() as s:
            if s.connect_ex(("127.0.0.1", port)) == 0:
                return
        threading.Event().wait(0.05)
    raise RuntimeError(f"nothing listens on {port}")


def p95(values: list[float]) -> float:
    """The value that one in twenty is above."""
    return sorted(values)[int(len(values) * 0.95)]


if __name__ == "__main__":
    main()
