"""What `penstock up --workers` costs and carries, beside one process and a bare mitmdump.

    python benchmarks/workers.py [--workers 1 2] [--sessions 4] [--size 200000]

Each line is a proxy on a store of its own, in front of a provider on loopback with a prompt cache. The same sessions of
coding agents (`latency_sessions.py`) are sent through each by several clients, the next request as soon as the last is
answered: on one connection for each session, or, in the lines marked so, on a new one for each request, which the
system gives to any worker. The share of tokens that the provider reads from its cache, and the number of edits, should
be the same in all lines but that of mitmdump.

Requests a second and cores say what a machine with free cores carries. Where others use them, CPU for each request says
more; it includes what is done after the answer.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from latency_rig import Proxy, free_port, once, wait_for
from latency_sessions import Request, session
from scale import get
from scale_rig import Database, provider

from penstock.control.discovery import read

CLIENTS = 8
PROFILE = """
extends = "default"
[limits]
# What is late here is so because of other load: left out, it would be an edit less in one line than in another.
read_ms = 20000
stage_ms = 20000
store_ms = 20000
"""
BIN = Path(sys.executable).parent


@dataclass(frozen=True)
class Kind:
    """What is measured."""

    name: str
    workers: int
    """0: a bare mitmdump, which streams."""
    is_shared: bool = False
    """On PostgreSQL."""
    is_spread: bool = False
    """A new connection for each request."""


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    options.add_argument("--sessions", type=int, default=4, help=f"of each of {CLIENTS} clients")
    options.add_argument("--size", type=int, default=200_000, help="bytes of a session's first request")
    chosen = options.parse_args()
    kinds = [Kind("mitmdump", 0), Kind("SQLite", 1), *(Kind("PostgreSQL", n, True) for n in chosen.workers)]
    kinds += [Kind("PostgreSQL, spread", n, True, True) for n in chosen.workers if n > 1]
    load = " ".join(f"{one:.1f}" for one in os.getloadavg())
    print(f"{os.cpu_count()} cores, load before: {load}; sessions of {chosen.size:,} bytes; {CLIENTS} clients")
    print("store               workers | req/s | CPU ms a request: proxy  PostgreSQL | cores | cache read | edits")
    work = [
        [list(session(n * CLIENTS + client, chosen.size)) for n in range(chosen.sessions)] for client in range(CLIENTS)
    ]
    with tempfile.TemporaryDirectory() as name:
        database = Database(Path(name) / "postgres")
        try:
            for number, kind in enumerate(kinds):
                print(measured(Path(name) / str(number), f"run_{number}", kind, database, work), flush=True)
        finally:
            database.stop()


def measured(
    folder: Path, name: str, kind: Kind, database: Database, work: Sequence[Sequence[Sequence[Request]]]
) -> str:
    """One line of the table."""
    url = database.create(name) if kind.is_shared else ""
    store = Proxy("PostgreSQL", 0, database.pid)
    with provider() as upstream, running(folder, kind, upstream.port, url) as proxy:
        for n in range(4 * max(1, kind.workers)):  # what is imported and built at the first requests is not measured
            send(proxy, list(session(10_000 + n, 20_000)), is_spread=True)
        proxy.settled_cpu()
        edited, told = edits(folder, url, database, name), json.loads(get(upstream))
        used, stored, started = proxy.cpu(), store.cpu(), time.perf_counter()
        with ThreadPoolExecutor(CLIENTS) as pool:
            done = sum(pool.map(lambda mine: sum(send(proxy, one, kind.is_spread) for one in mine), work))
        seconds, cores = time.perf_counter() - started, proxy.cpu() - used
        used, stored = proxy.settled_cpu() - used, store.cpu() - stored
        now = json.loads(get(upstream))
        share = (now["read"] - told["read"]) / (now["total"] - told["total"])
        edited = edits(folder, url, database, name) - edited
    return (
        f"{kind.name:<20}{kind.workers or '':>7} |{done / seconds:>6.1f} |{1000 * used / done:>25.1f}"
        f"{1000 * stored / done if url else 0:>12.1f} |{cores / seconds:>6.2f} |{share:>11.2%} |{edited:>6}"
    )


@contextmanager
def running(folder: Path, kind: Kind, upstream: int, url: str) -> Iterator[Proxy]:
    """A proxy in front of the provider, once it listens in all its processes."""
    folder.mkdir()
    (profile := folder / "patient.toml").write_text(PROFILE)
    port, at = free_port(), f"http://127.0.0.1:{upstream}"
    bare = ["--mode", f"reverse:{at}@{port}", "--listen-host", "127.0.0.1", "--set", "stream_large_bodies=1"]
    up = ["--port", str(free_port()), "--reverse", f"{at}={port}", "--workers", str(max(1, kind.workers))]
    if kind.workers:
        command = [str(BIN / "penstock"), "up", "--quiet", *up, *(("--store", url) if url else ())]
        command += ["--confdir", str(folder / "conf"), "--profile", str(profile)]
    else:
        command = [str(BIN / "mitmdump"), "-q", *bare, "--set", f"confdir={folder / 'conf'}"]
    env = {**os.environ, "PENSTOCK_HOME": str(folder), "PENSTOCK_BLOCK_PLUGINS": "all"}
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, env=env, stdout=log, stderr=log)
    try:
        wait_for(port, 120)
        while kind.workers and read(folder / "state" / "proxy.json") is None:
            time.sleep(0.1)
        yield Proxy(kind.name, port, process.pid)
    finally:
        process.terminate()
        process.wait()


def send(proxy: Proxy, requests: Sequence[Request], is_spread: bool) -> int:
    """Send the requests of a session. Returns how many."""
    link = http.client.HTTPConnection("127.0.0.1", proxy.port)
    for request in requests:
        once(link, request.body, request.headers)
        if is_spread:
            link.close()
    link.close()
    return len(requests)


def edits(folder: Path, url: str, database: Database, name: str) -> int:
    """Rows of the ledger."""
    if url:
        return int(database.ask("SELECT count(*) FROM edits", name)[0][0])
    file = folder / "state" / "penstock.db"
    if not file.exists():
        return 0
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as db:
        return int(db.execute("SELECT count(*) FROM edits").fetchone()[0])


if __name__ == "__main__":
    main()
