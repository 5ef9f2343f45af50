"""How long the service's calls take: get, put and search beside a plain FastAPI application on a plain SQLite table,
in one run; and by themselves search by vectors, recall, working sets, and changes by WebSocket.

    python benchmarks/service.py [--contexts 10000] [--calls 2000]

Both run as processes of their own. One client, then 32, ask in a closed loop: each asks again at once, so that times
grow with the clients, whatever is asked. At 50 calls a second, evenly, a time is that from when a call was due.
Absolute figures depend on the machine: what counts is the ratio to the plain application.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from websockets.sync.client import connect

from penstock.contexts.contexts import Contexts
from penstock.contexts.records import NewContext

PLAIN = """
import json, socket, sqlite3, sys, threading
import uvicorn
from fastapi import FastAPI, Request

app, local = FastAPI(), threading.local()

def db():
    if not hasattr(local, "db"):
        local.db = sqlite3.connect(sys.argv[1], timeout=10)
        local.db.execute("PRAGMA journal_mode=WAL")
        local.db.execute("PRAGMA synchronous=NORMAL")
        local.db.execute("CREATE TABLE IF NOT EXISTS kept (key TEXT PRIMARY KEY, body TEXT)")
        local.db.execute("CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5(key UNINDEXED, text)")
    return local.db

@app.put("/v1/contexts/{key:path}")
def put(key: str, body: dict):
    text = json.dumps(body["data"])
    with db() as one:
        one.execute("INSERT OR REPLACE INTO kept VALUES (?, ?)", (key, text))
        one.execute("INSERT INTO words VALUES (?, ?)", (key, text))
    return {"key": key}

@app.get("/v1/contexts/{key:path}")
def get(key: str):
    return {"key": key, "data": json.loads(db().execute("SELECT body FROM kept WHERE key = ?", (key,)).fetchone()[0])}

@app.post("/v1/search")
def search(body: dict):
    found = "SELECT key FROM words WHERE text MATCH ? ORDER BY rank LIMIT 20"
    return {"hits": [row[0] for row in db().execute(found, (" OR ".join(body["query"].split()),))]}

server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False))
server.run(sockets=[socket.socket(fileno=int(sys.argv[2]))])
"""
SUBJECTS = ("gateway", "budget", "compaction", "memory", "proxy", "session", "ledger", "prefix", "stage", "profile")
RATE = 50
"""Searches a second."""
Ask = Callable[[http.client.HTTPConnection, int], None]


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--contexts", type=int, default=10_000)
    options.add_argument("--calls", type=int, default=2_000)
    asked = options.parse_args()
    with tempfile.TemporaryDirectory() as name, plain(Path(name), asked.contexts) as bare:
        fill(Path(name) / "state" / "contexts.db", asked.contexts)
        measure(Path(name), bare, asked.contexts, asked.calls)


def measure(folder: Path, bare: int, count: int, asked: int) -> None:
    """Start the service, make the calls, and print the figures."""
    with ours(folder) as (port, token):
        print(f"{count:,} contexts of 600 bytes; p50 / p95 in ms, and the ratio of the p50s")
        for name, ask in calls(count).items():
            for clients in (1, 32):
                print(row(name, ask, bare, (port, token), clients, asked))
        print(row("search", calls(count)["search"], bare, (port, token), 32, asked // 2, RATE))
        for many in (1, 8):
            print(f"search both words and vectors, {many} at once: {spread(timed(port, vectors(token), many, 200))}")
        remember(port, token)
        for name, path in (("recall", "/v1/recall"), ("working set", "/v1/workingset")):
            for many in (1, 8):
                print(
                    f"{name} among 400 items, {many} at once: {spread(timed(port, recalled(token, path), many, 200))}"
                )
        print(f"a change, by WebSocket after the answer to its put: {spread(changes(port, token, 200))}")


def calls(count: int) -> dict[str, Callable[[str], Ask]]:
    """The calls that are compared, by name: each is a function of the token."""

    def put(token: str) -> Ask:
        return lambda link, n: request(link, token, "PUT", f"/v1/contexts/k/{n * 7919 % count}", value(n + 1))

    def get(token: str) -> Ask:
        return lambda link, n: request(link, token, "GET", f"/v1/contexts/k/{n * 7919 % count}")

    def search(token: str) -> Ask:
        return lambda link, n: request(link, token, "POST", "/v1/search", {"query": f"subject{n % 997} rare{n % 61}"})

    return {"get": get, "put": put, "search": search}


def vectors(token: str) -> Ask:
    """A call that searches contexts by words and vectors."""
    body = {"mode": "both", "limit": 10}
    return lambda link, n: request(link, token, "POST", "/v1/search", {**body, "query": f"goal subject{n % 997}"})


def recalled(token: str, path: str) -> Ask:
    """A call that recalls memories for a purpose."""
    return lambda link, n: request(
        link, token, "POST", path, {"purpose": f"what of {SUBJECTS[n % 10]} number {n % 200}"}
    )


def remember(port: int, token: str) -> None:
    """Add 400 messages to the memory."""
    lines = [f"User: What of {SUBJECTS[n % 10]} number {n}?\nAssistant: It is step {n * 7}." for n in range(200)]
    link = http.client.HTTPConnection("127.0.0.1", port)
    body = {"thread_id": "t", "materials": {"chat": "\n".join(lines)}, "wait": True}
    request(link, token, "POST", "/v1/ingest", body)
    link.close()


def value(n: int) -> dict[str, object]:
    """The body of the nth context."""
    text = " ".join(f"{SUBJECTS[(n + i) % 10]} {SUBJECTS[(n * i) % 10]} step{(n + i) % 50}" for i in range(24))
    return {"data": {"goal": f"subject{n % 997}", "note": f"rare{n % 61} {text}", "n": n}}


def row(
    name: str,
    made: Callable[[str], Ask],
    bare: int,
    service: tuple[int, str],
    clients: int,
    calls: int,
    rate: int = 0,
) -> str:
    """One line of the table."""
    plain, own = (timed(port, made(token), clients, calls, rate) for port, token in ((bare, ""), service))
    ratio = statistics.median(own) / statistics.median(plain)
    many = f"{rate}/s" if rate else f"{clients} client{'s' if clients > 1 else ''}"
    return f"{name:<7} {many:<10} plain {spread(plain)}   service {spread(own)}   {ratio:.2f}x"


def timed(port: int, ask: Ask, clients: int, calls: int, rate: int = 0) -> list[float]:
    """Milliseconds of each call, of so many clients that ask at once; of `rate` calls a second, if that is given."""
    out: list[float] = []
    begun = time.perf_counter()

    def client(k: int) -> None:
        link = http.client.HTTPConnection("127.0.0.1", port)
        for n in range(k, calls, clients):
            start = begun + n / rate if rate else time.perf_counter()
            time.sleep(max(0.0, start - time.perf_counter()))
            ask(link, n)
            out.append((time.perf_counter() - start) * 1000)
        link.close()

    threads = [threading.Thread(target=client, args=(k,)) for k in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return out


def changes(port: int, token: str, count: int) -> list[float]:
    """Milliseconds from the answer to a put until a subscriber has the change; 0 where it had it before."""
    headers = {"authorization": f"Bearer {token}"}
    seen: dict[str, float] = {}
    done = threading.Event()

    def read() -> None:
        while len(seen) < count:
            change = json.loads(subscriber.recv())
            seen[change["key"]] = time.perf_counter()
        done.set()

    link, out = http.client.HTTPConnection("127.0.0.1", port), dict[str, float]()
    with connect(f"ws://127.0.0.1:{port}/v1/changes", additional_headers=headers, proxy=None) as subscriber:
        subscriber.send('{"subscribe": {"prefix": "ws/"}}')
        subscriber.recv()
        reader = threading.Thread(target=read)
        reader.start()
        for n in range(count):
            request(link, token, "PUT", f"/v1/contexts/ws/{n}", value(n))
            out[f"ws/{n}"] = time.perf_counter()
        done.wait(60)
        reader.join(60)
    return [max(0.0, seen[key] - at) * 1000 for key, at in out.items()]


def request(link: http.client.HTTPConnection, token: str, method: str, path: str, body: object = None) -> None:
    """Ask, and read the answer. Raises `RuntimeError` for a call that fails."""
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
    link.request(method, path, None if body is None else json.dumps(body), headers)
    answer = link.getresponse()
    said = answer.read()
    if answer.status >= 400:
        raise RuntimeError(f"{method} {path}: {answer.status} {said[:200]!r}")


def fill(file: Path, count: int) -> None:
    """Put all contexts once, before the service starts: over HTTP this would take longer than all that is measured."""
    contexts = Contexts(file)
    for first in range(0, count, 1_000):
        with contexts.write("default", "bench") as writer:
            for n in range(first, min(first + 1_000, count)):
                writer.put(f"k/{n}", NewContext(value(n)["data"], ttl=0))
    contexts.close()


def spread(times: list[float]) -> str:
    """Format the p50 and p95 of some times."""
    return f"{statistics.median(times):6.2f} / {sorted(times)[int(len(times) * 0.95)]:6.2f}"


@contextmanager
def plain(folder: Path, count: int) -> Iterator[int]:
    """Run the plain application with all contexts, for the block. Gives its port."""
    with closing(sqlite3.connect(folder / "plain.db")) as db, db:
        db.execute("CREATE TABLE kept (key TEXT PRIMARY KEY, body TEXT)")
        db.execute("CREATE VIRTUAL TABLE words USING fts5(key UNINDEXED, text)")
        rows = [(f"k/{n}", json.dumps(value(n)["data"])) for n in range(count)]
        db.executemany("INSERT INTO kept VALUES (?, ?)", rows)
        db.executemany("INSERT INTO words VALUES (?, ?)", rows)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port, fd = listener.getsockname()[1], listener.fileno()
        command = [sys.executable, "-c", PLAIN, str(folder / "plain.db"), str(fd)]
        with subprocess.Popen(command, pass_fds=[fd]) as up:
            try:
                yield port
            finally:
                up.terminate()


@contextmanager
def ours(folder: Path) -> Iterator[tuple[int, str]]:
    """Run the service, for the block. Gives its port and token."""
    environment = {**os.environ, "PENSTOCK_HOME": str(folder)}
    command = [sys.executable, "-m", "penstock", "serve", "--port", "0"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as up:
        try:
            assert up.stdout is not None
            port = int(up.stdout.readline().split("127.0.0.1:")[1].split("/")[0])
            yield port, (folder / "state" / "service-token").read_text()
        finally:
            up.terminate()


if __name__ == "__main__":
    main()
