"""What `scale.py` runs: a PostgreSQL server of its own (`Database`), a provider on loopback with a prompt cache
(`provider`), and proxies that share the database (`sharing`)."""

from __future__ import annotations

import json
import multiprocessing
import os
import pwd
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from latency_rig import ROOT, Provider, Proxy, Server, answer_of, free_port, wait_for

sys.path.insert(0, str(ROOT))  # before the tests' own parts are imported, wherever this is started
from tests.provider import Provider as PromptCache

__all__ = ["DIRECT", "Database", "Sharing", "Statement", "precise_cpu", "provider", "sharing"]

DIRECT = "x-bench-direct"
"""A header of requests that pass no proxy: they leave the provider's cache as it is."""
_PROCESS_CLOCK = 2
"""Linux: the CPU time of a whole process, whose number is in the other bits of the clock's."""
_DIGEST = re.compile(rb"cch=[0-9a-f]{5};")
"""The client's digest of a request, in its first block: a provider's cache does not depend on it."""
_CONF = """
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 100
shared_preload_libraries = 'pg_stat_statements'
pg_stat_statements.track_utility = on
"""


@dataclass(frozen=True)
class Statement:
    """A statement, as the server counts it."""

    text: str
    calls: int
    exec_ms: float
    """Of all calls."""
    wal_bytes: int


class Database:
    """A PostgreSQL server with its defaults, in a folder, on a free port of this machine, and counts of what it did."""

    def __init__(self, folder: Path) -> None:
        found = shutil.which("initdb")
        bins = [Path(found).resolve().parent] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin"))
        if not bins:
            raise SystemExit("PostgreSQL is not installed: apt-get install postgresql")
        self._bin, self._data, self.port = bins[-1], folder / "data", free_port()
        self._user = None if os.getuid() else next(n for n in ("postgres", "nobody") if _has_user(n))
        folder.mkdir()
        folder.parent.chmod(0o755)
        if self._user:
            shutil.chown(folder, self._user)
        self._run("initdb", "-D", str(self._data), "-A", "trust", "-U", "penstock", "-E", "UTF8")
        with (self._data / "postgresql.conf").open("a") as conf:
            conf.write(f"{_CONF}port = {self.port}\n")
        self._run("pg_ctl", "-D", str(self._data), "-w", "-l", str(self._data / "log"), "start")
        self.pid = int((self._data / "postmaster.pid").read_text().split()[0])

    def create(self, name: str) -> str:
        """Make a database. Returns its URL."""
        self.ask(f"CREATE DATABASE {name}")
        self.ask("CREATE EXTENSION pg_stat_statements", name)
        return f"postgresql://penstock@127.0.0.1:{self.port}/{name}"

    def ask(self, statement: str, name: str = "postgres") -> list[tuple[Any, ...]]:
        """The rows of a statement in the named database."""
        import psycopg

        with psycopg.connect(host="127.0.0.1", port=self.port, user="penstock", dbname=name, autocommit=True) as db:
            found = db.execute(statement.encode())
            return found.fetchall() if found.description else []

    def begin(self, name: str) -> None:
        """Count from here on."""
        self.ask("CHECKPOINT")  # the first change of a page after one is written whole
        self.ask("SELECT pg_stat_statements_reset()", name)

    def wal(self) -> int:
        """Bytes of the write-ahead log so far."""
        return int(self.ask("SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn")[0][0])

    def statements(self, name: str) -> list[Statement]:
        """What the database was asked, the most frequent first."""
        rows = self.ask(
            "SELECT query, calls, total_exec_time, wal_bytes FROM pg_stat_statements s JOIN pg_database d "
            f"ON d.oid = s.dbid WHERE d.datname = '{name}' AND query NOT LIKE '%pg_stat_statements%' "
            "ORDER BY calls DESC",
            name,
        )
        return [Statement(" ".join(q.split()), int(calls), float(ms), int(wal)) for q, calls, ms, wal in rows]

    def stop(self) -> None:
        """Returns when it has ended."""
        self._run("pg_ctl", "-D", str(self._data), "-m", "fast", "-w", "stop")

    def _run(self, program: str, *arguments: str) -> None:
        call = [str(self._bin / program), *arguments]
        subprocess.run(call, user=self._user, cwd="/", check=True, stdout=subprocess.DEVNULL, timeout=120)


def _has_user(name: str) -> bool:
    return name in {one.pw_name for one in pwd.getpwall()}


class _Caching(Provider):
    """Answers as the benchmark's provider does, with the usage that its prompt cache finds. `GET` gives the sums."""

    cache, lock = PromptCache(), threading.Lock()
    read = total = 0.0

    def do_GET(self) -> None:  # noqa: N802 - the name that the base class calls
        data = json.dumps({"read": _Caching.read, "total": _Caching.total}).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_POST(self) -> None:  # noqa: N802
        body = self.rfile.read(int(self.headers["content-length"]))
        asked = json.loads(self.headers["x-bench-answer"])
        events = answer_of(asked, len(body))
        if DIRECT not in self.headers:
            with self.lock:
                bill = self.cache.bill(_DIGEST.sub(b"", body), time.monotonic())
                _Caching.read += bill.read
                _Caching.total += bill.plain + bill.read + bill.write + bill.write_hour
            usage = {
                "input_tokens": round(bill.plain),
                "output_tokens": 40,
                "cache_read_input_tokens": round(bill.read),
                "cache_creation_input_tokens": round(bill.write + bill.write_hour),
            }
            events[0]["message"]["usage"] = usage
        self.stream(events, pause_s=0.0)


def _serve(port: int) -> None:
    Server(("127.0.0.1", port), _Caching).serve_forever()


@contextmanager
def provider() -> Iterator[Proxy]:
    """The provider, in a process of its own."""
    port = free_port()
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(port,), daemon=True)
    process.start()
    try:
        wait_for(port)
        yield Proxy("provider", port, process.pid or 0)
    finally:
        process.terminate()
        process.join()


@dataclass(frozen=True)
class Sharing:
    """Proxies that share a database."""

    proxies: list[Proxy]
    logs: list[Path]
    """What each has written to its terminal."""


@contextmanager
def sharing(folder: Path, upstream: int, url: str, count: int) -> Iterator[Sharing]:
    """So many proxies in front of the provider, each with a home of its own, all on the database at `url`."""
    with ExitStack() as stack:
        out, logs = list[Proxy](), list[Path]()
        for n in range(count):
            home, port = folder / f"proxy-{n}", free_port()
            home.mkdir(parents=True)
            logs.append(home / "log")
            command = [
                *(str(Path(sys.executable).parent / "mitmdump"), "-s", str(ROOT / "addons" / "context.py")),
                *("--mode", f"reverse:http://127.0.0.1:{upstream}@{port}", "--listen-host", "127.0.0.1"),
                *("--set", f"confdir={home / 'conf'}", "--set", f"penstock_store={url}", "--set", "flow_detail=0"),
            ]
            env = {**os.environ, "PENSTOCK_HOME": str(home), "PENSTOCK_BLOCK_PLUGINS": "all"}
            said = stack.enter_context(logs[-1].open("w"))
            process = subprocess.Popen(command, env=env, stdout=said, stderr=subprocess.STDOUT)
            stack.callback(process.wait)
            stack.callback(process.terminate)
            out.append(Proxy(f"proxy {n}", port, process.pid))
        for one in out:
            wait_for(one.port, 120)
        yield Sharing(out, logs)


def precise_cpu(pid: int) -> float:
    """Seconds that a process and those that it started have computed so far, to the nanosecond. Of those that have
    ended nothing is counted."""
    try:
        own = time.clock_gettime((~pid << 3) | _PROCESS_CLOCK)
        lists = [file.read_text() for file in Path(f"/proc/{pid}/task").glob("*/children")]
    except OSError:  # it has just ended
        return 0.0
    return own + sum(precise_cpu(int(one)) for some in lists for one in some.split())
