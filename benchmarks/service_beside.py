"""How much a service in the proxy's process delays requests through the proxy, while programs use contexts, in one run.

    python benchmarks/service_beside.py [--sessions 10] [--rate 50]

Two proxies in front of a provider on loopback, one of them with `--serve`, and a `penstock serve` of its own. Each
request goes through both proxies in turn. A client of contexts, in a process of its own, makes so many calls a second
(of four, one puts, two get, one searches): none, to the service in its own process, which shows what the machine's
load alone costs, and to the one in the proxy. Absolute figures depend on the machine: what counts is the ratio to the
proxy without a service in the same round. The goal is at most 1.3.
"""

from __future__ import annotations

import argparse
import http.client
import json
import multiprocessing
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import count
from multiprocessing.sharedctypes import Synchronized
from multiprocessing.synchronize import Event
from pathlib import Path

from latency_rig import free_port, once, p95, serve, wait_for
from latency_sessions import session
from service import request, value

GOAL = 1.3
CONTEXTS = 2_000
_numbers = count()
"""Numbers of sessions: none is sent twice."""


@dataclass(frozen=True)
class Up:
    """A process that listens: a proxy, a service, or both."""

    wire: int
    """The reverse port to the provider; 0 for a service alone."""
    service: int
    """The port of its service; 0 without one."""
    token: str


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--sessions", type=int, default=10, help="of requests, for each round")
    options.add_argument("--size", type=int, default=200_000, help="bytes of a session's first request")
    options.add_argument("--rate", type=int, default=50, help="calls to the service in a second")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder, upstream = Path(name), stack.enter_context(provider())
        alone = stack.enter_context(proxy(folder / "alone", upstream, is_serving=False))
        beside = stack.enter_context(proxy(folder / "beside", upstream, is_serving=True))
        own = stack.enter_context(service(folder / "own"))
        for one in (own, beside):
            fill(one)
        rounds = (("no calls to it", None), (f"{chosen.rate}/s, own process", own), (f"{chosen.rate}/s", beside))
        measure(alone, beside, 2, chosen.size)  # warm
        print(f"{chosen.sessions} sessions of {chosen.size:,} bytes; load before: {os.getloadavg()[0]:.1f}")
        print("contexts            | without ms p50 /    p95 | --serve ms p50 /    p95 | ratio p50 /  p95 | calls/s")
        for title, used in rounds:
            with calling(used, chosen.rate) as called:
                times = measure(alone, beside, chosen.sessions, chosen.size)
            print(row(title, *times, called()), flush=True)


def row(title: str, without: list[float], within: list[float], rate: float) -> str:
    """One line of the table."""
    halves = [(statistics.median(one), p95(one)) for one in (without, within)]
    ratios = [b / a for a, b in zip(*halves, strict=True)]
    said = " | ".join(f"{low:>16.2f} / {high:>6.2f}" for low, high in halves)
    reached = "" if ratios[0] <= GOAL else f"  above the goal of {GOAL}"
    return f"{title:<19} | {said}   | {ratios[0]:>9.2f} / {ratios[1]:>4.2f} | {rate:>5.0f}{reached}"


def measure(alone: Up, beside: Up, sessions: int, size: int) -> tuple[list[float], list[float]]:
    """Milliseconds of each request through both, which take turns in being first."""
    links = [http.client.HTTPConnection("127.0.0.1", one.wire) for one in (alone, beside)]
    out: tuple[list[float], list[float]] = ([], [])
    for number in range(sessions):
        for asked in session(next(_numbers), size):
            for which in (0, 1) if number % 2 else (1, 0):
                out[which].append(once(links[which], asked.body, asked.headers)[1])
    for link in links:
        link.close()
    return out


@contextmanager
def calling(up: Up | None, rate: int) -> Iterator[Callable[[], float]]:
    """Calls to a service, in a process, while the block runs; gives how many there were in a second, after it."""
    if up is None:
        yield lambda: 0.0
        return
    rates: list[float] = []
    spawn = multiprocessing.get_context("spawn")
    ended, done = spawn.Event(), spawn.Value("i", 0)
    work = spawn.Process(target=call, args=(up, rate, ended, done), daemon=True)
    work.start()
    started = time.perf_counter()
    try:
        yield lambda: rates[0]
    finally:
        rates.append(done.value / (time.perf_counter() - started))
        ended.set()
        work.join()


def call(up: Up, rate: int, ended: Event, done: Synchronized[int]) -> None:
    """Make calls at `rate`, as the main function of a process."""
    link = http.client.HTTPConnection("127.0.0.1", up.service)
    begun = time.perf_counter()
    for n in count():
        if ended.is_set():
            return
        time.sleep(max(0.0, begun + n / rate - time.perf_counter()))
        one_call(link, up.token, n)
        done.value = n + 1


def one_call(link: http.client.HTTPConnection, token: str, n: int) -> None:
    """Make the nth call: of four, one is a put, two are gets, one is a search."""
    key = f"/v1/contexts/k/{n * 7919 % CONTEXTS}"
    if n % 4 == 0:
        request(link, token, "PUT", key, value(n + 1))
    elif n % 4 == 3:
        request(link, token, "POST", "/v1/search", {"query": f"subject{n % 997} rare{n % 61}"})
    else:
        request(link, token, "GET", key)


def fill(up: Up) -> None:
    """Put all contexts once."""
    link = http.client.HTTPConnection("127.0.0.1", up.service)
    for n in range(CONTEXTS):
        request(link, up.token, "PUT", f"/v1/contexts/k/{n}", value(n))
    link.close()


@contextmanager
def provider() -> Iterator[int]:
    """Run the provider, for the block. Gives its port."""
    port = free_port()
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(port,), daemon=True)
    process.start()
    try:
        wait_for(port)
        yield port
    finally:
        process.terminate()
        process.join()


@contextmanager
def proxy(home: Path, upstream: int, *, is_serving: bool) -> Iterator[Up]:
    """Run `penstock up`, with a service or without, for the block."""
    wire, port = free_port(), free_port() if is_serving else 0
    words = ["up", "--quiet", "--port", "0", "--reverse", f"http://127.0.0.1:{upstream}={wire}"]
    with started(home, [*words, *(["--serve", str(port)] if is_serving else [])]):
        wait_for(wire, 120)
        yield Up(wire, port, token_of(home, port) if is_serving else "")


@contextmanager
def service(home: Path) -> Iterator[Up]:
    """Run `penstock serve`, for the block."""
    port = free_port()
    with started(home, ["serve", "--port", str(port)]):
        yield Up(0, port, token_of(home, port))


@contextmanager
def started(home: Path, words: list[str]) -> Iterator[int]:
    """`penstock` with these words, with a home of its own. Gives the id of its process."""
    env = {**os.environ, "PENSTOCK_HOME": str(home), "HOME": str(home), "PENSTOCK_BLOCK_PLUGINS": "all"}
    command = [sys.executable, "-m", "penstock", *words]
    with subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL) as process:
        try:
            yield process.pid
        finally:
            process.terminate()


def token_of(home: Path, port: int) -> str:
    """The token of the service, once it answers."""
    wait_for(port, 120)
    link = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    link.request("GET", "/healthz")
    assert json.load(link.getresponse())["status"] == "ok"
    link.close()
    return (home / "state" / "service-token").read_text()


if __name__ == "__main__":
    main()
