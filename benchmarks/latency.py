"""What Penstock costs in CPU time, latency and throughput, against a bare mitmdump that streams and one that parses and
dumps the JSON, in one run.

    python benchmarks/latency.py [--sessions 12] [--growing]

A provider on loopback answers at once, with thinking, words and a tool call. Requests are those of coding agents: a
session of 2, 200 or 800 KB that no proxy has seen, five requests by which it grows, and then the next session. They
carry thinking, tools, and breakpoints that move. Each request goes through all proxies in turn, and what one adds is
the difference to the bare one's time for the same request. CPU is that of the whole process and its children, with what
is done after the answer. Absolute figures depend on the machine: what counts is the ratio to the bare proxy.
"""

from __future__ import annotations

import argparse
import http.client
import multiprocessing
import os
import statistics
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from latency_growing import growing, warm_up
from latency_rig import Proxy, free_port, once, p95, proxies, serve, wait_for
from latency_sessions import REQUESTS, Request, session

SIZES = (2_000, 200_000, 800_000)
NAMES = ("bare", "json", "suite")
CLIENTS, EACH = 16, 6
"""The number of clients at once, and of sessions that each plays."""
_numbers = count()
"""Numbers of sessions: none is sent twice."""


@dataclass
class Figures:
    """The measurements of one proxy at one size of session."""

    cpu_ms: float = 0.0
    """Milliseconds of CPU for each request."""
    first: list[float] = field(default_factory=list)
    """Milliseconds to the first byte of the answer, by request."""
    whole: list[float] = field(default_factory=list)
    """Milliseconds to the end of the answer, by request."""


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--sessions", type=int, default=12, help=f"for each size, of {REQUESTS} requests each")
    options.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="bytes of a session's first request")
    options.add_argument("--growing", action="store_true", help="the table of a warm session that grows, and memory")
    options.add_argument("--requests", type=int, default=150, help="pairs for each size of that table")
    options.add_argument("--memory-requests", type=int, default=2000)
    options.add_argument("--script", type=Path, action="append", default=[], help="one more addon beside the suite's")
    chosen = options.parse_args()
    port = free_port()
    provider = multiprocessing.get_context("spawn").Process(target=serve, args=(port,), daemon=True)
    provider.start()
    wait_for(port)
    names = ("bare", "suite") if chosen.growing else NAMES
    try:
        with tempfile.TemporaryDirectory() as folder, proxies(Path(folder), port, names, chosen.script) as running:
            warm_up(running[0], running[-1])
            if chosen.growing:
                growing(running[0], running[-1], chosen.requests, chosen.memory_requests)
            else:
                sessions(running, chosen.sizes, chosen.sessions)
    finally:
        provider.terminate()
        provider.join()


def sessions(running: Sequence[Proxy], sizes: Sequence[int], count: int) -> None:
    """Print the main table: CPU and latency by size of session."""
    load = " ".join(f"{one:.1f}" for one in os.getloadavg())
    print(f"{count} sessions of {REQUESTS} requests for each size; load before: {load}; in brackets: times bare")
    for size in sizes:
        for line in rows(running, size, count):
            print(line, flush=True)
    for size in sizes[:2]:
        print(throughput(running, size), flush=True)


def rows(running: Sequence[Proxy], size: int, count: int) -> list[str]:
    """The lines of the table for this size, one for each proxy."""
    found = measure(running, size, count)
    bare = found[0]
    base_ms = statistics.median(bare.whole)
    lines = [f"{size:,} bytes: CPU ms a request | ms p50 | added p50 | added p95 | first byte added p50"]
    for proxy, one in zip(running, found, strict=True):
        added = [a - b for a, b in zip(one.whole, bare.whole, strict=True)]
        first = statistics.median(a - b for a, b in zip(one.first, bare.first, strict=True))
        p50, high = statistics.median(added), p95(added)
        lines.append(
            f"  {proxy.name:<6}{one.cpu_ms:>8.2f} ({one.cpu_ms / bare.cpu_ms:>5.2f}) |"
            f"{statistics.median(one.whole):>8.2f} |{p50:>8.2f} ({p50 / base_ms:>5.2f}) |"
            f"{high:>8.2f} ({high / base_ms:>5.2f}) |{first:>8.2f}"
        )
    return lines


def measure(running: Sequence[Proxy], size: int, count: int) -> list[Figures]:
    """Each request of `count` sessions through every proxy in turn."""
    links = [http.client.HTTPConnection("127.0.0.1", proxy.port) for proxy in running]
    out = [Figures() for _ in running]
    before = [proxy.settled_cpu() for proxy in running]
    sent = 0
    for _ in range(count):
        for request in list(session(next(_numbers), size)):
            sent += 1
            for link, figures in zip(links, out, strict=True):
                first, whole = once(link, request.body, request.headers)
                figures.first.append(first)
                figures.whole.append(whole)
    for proxy, figures, cpu in zip(running, out, before, strict=True):
        figures.cpu_ms = 1000 * (proxy.settled_cpu() - cpu) / sent
    for link in links:
        link.close()
    return out


def throughput(running: Sequence[Proxy], size: int) -> str:
    """Requests a second with so many clients, each with one session after the other, the next as soon as the last is
    answered."""
    said = []
    bare = 0.0
    for proxy in running:
        work = [[one for _ in range(EACH) for one in session(next(_numbers), size)] for _ in range(CLIENTS)]
        started = time.perf_counter()
        with ThreadPoolExecutor(CLIENTS) as pool:
            list(pool.map(_ask, [proxy] * CLIENTS, work))
        rate = CLIENTS * EACH * REQUESTS / (time.perf_counter() - started)
        bare = bare or rate
        said.append(f"{proxy.name} {rate:.0f}/s ({rate / bare:.2f})")
        proxy.settled_cpu()
    return f"{CLIENTS} clients at {size:,} bytes: {', '.join(said)}"


def _ask(proxy: Proxy, work: Sequence[Request]) -> None:
    """One client that asks as fast as it is answered."""
    link = http.client.HTTPConnection("127.0.0.1", proxy.port)
    for request in work:
        once(link, request.body, request.headers)
    link.close()


if __name__ == "__main__":
    main()
