"""What Penstock adds to the latency of a warm session that grows, how many requests a second it passes, and the memory
that many sessions take: `latency.py --growing`.

Requests are those of coding sessions that grow with every one, from the size a row is called by to twice that; then the
next session begins. One result in four is a log that says the same over and over, for the stages to shorten. Each
request goes through both proxies, in turn, and the difference of the pair is what counts.
"""

from __future__ import annotations

import http.client
import itertools
import json
import statistics
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from latency_rig import Proxy, once, p95

__all__ = ["bodies", "growing", "headers_of", "warm_up"]

SIZES = (2_000, 20_000, 200_000, 800_000)
_MODEL = "claude-opus-5-5"  # its window of a million tokens holds the largest; a full window is compacted every time


def growing(bare: Proxy, suite: Proxy, pairs: int, memory_requests: int) -> None:
    """Measure and print."""
    print("     size  bare p50 suite p50 added p50 added p95   first byte, streamed: added p50 / p95")
    for size in SIZES:
        print(latency(bare, suite, size, pairs), flush=True)
    for clients in (16, 64):
        print(throughput(bare, suite, clients), flush=True)
    print(memory(suite, memory_requests))


def warm_up(bare: Proxy, suite: Proxy, seconds: float = 15.0) -> None:
    """Let both import what they need, and the suite open its memory: a proxy runs for days, and starts once."""
    stop = time.perf_counter() + seconds
    while time.perf_counter() < stop:
        compare(bare, suite, 1_000, 20, stream=False)


def latency(bare: Proxy, suite: Proxy, size: int, pairs: int) -> str:
    """One row: what Penstock adds at this size, for whole answers and streamed ones."""
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
        pair = (once(links[0], body, headers_of(session)), once(links[1], body, headers_of(session)))
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
        request = {"model": _MODEL, "stream": stream, "max_tokens": 1000, "messages": messages}
        yield json.dumps(request, separators=(",", ":")).encode()
        count -= 1


def output(n: int, size: int) -> str:
    """What the nth tool call gave: source code, or every fourth time a log."""
    if n % 4 == 0:
        line = "a line of some tool's output, as long as they are\n"
        return f"{n}\n" + line * max(1, size // len(line))
    line = "    total_{} = measure(part_{}, unit={!r})  # of run {}\n"
    return "".join(line.format(i, i * 7 % 13, f"u{i * n % 97}", n) for i in range(max(1, size // 56)))


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
    """A client that sends its next request as soon as the last one is answered."""
    link = http.client.HTTPConnection("127.0.0.1", proxy.port)
    for body in bodies(20_000, 1000, stream=False):
        if time.perf_counter() > stop:
            break
        once(link, body, headers_of(session))
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
                once(link, body, headers_of(f"memory-{k}-{i}"))
                sent += 1
        marks.append(f"{suite.memory():.0f}")
    link.close()
    return f"memory over {sent} requests, a new session every 50: {' -> '.join(marks)} MB"


def headers_of(session: str) -> dict[str, str]:
    """The headers of a request of a session."""
    return {"x-claude-code-session-id": session}
