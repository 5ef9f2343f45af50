"""The proxy of `faults.py` (`Proxy`), what is done to it (`Troubles`: kills, locks, full disks, failing stages), and
the processes that probe whether it answers (`probe`)."""

from __future__ import annotations

import http.client
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from latency_rig import ROOT, free_port

__all__ = ["COLD_S", "KINDS", "Life", "Proxy", "Troubles", "probe", "small_disk"]

DISK = 512 << 20
_NONE: Mapping[str, str] = {}
_PROFILE = """
extends = "default"
aggressiveness = "bold"
# Small, so that edits of every sort are made in minutes.
[cache]
ttl_s = 6
margin_s = 1
[window]
hard = 0.12
"""
COLD_S = 8.0
"""Seconds of a pause after which the provider's cache is cold."""
_PLUGIN = '''
"""Fails as its file says."""
import threading
import time
from pathlib import Path

from penstock import Draft, Profile, Stage, hookimpl

MODE = Path({mode!r})


class Faulty(Stage):
    name = "faulty"

    def on_request(self, draft: Draft) -> str | None:
        mode = MODE.read_text() if MODE.exists() else ""
        if mode == "raise":
            raise RuntimeError("as asked")
        if mode == "hang":
            threading.Event().wait(20)
        until = time.monotonic() + 3
        while mode == "spin" and time.monotonic() < until:
            pass
        return None


@hookimpl
def stages(profile: Profile) -> list[Stage]:
    return [Faulty()]
'''
_LOCKS = """
import sqlite3, sys, time
db = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=5)
db.execute("BEGIN EXCLUSIVE")
time.sleep(float(sys.argv[2]))
"""


def small_disk(folder: Path) -> bool:
    """Mount a small file system of its own there, where this user may."""
    folder.mkdir()
    if os.name != "posix" or os.geteuid() != 0:
        return False
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK}", "none", str(folder)]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


@dataclass
class Life:
    """One process of the proxy, in seconds of the monotonic clock."""

    pid: int
    started: float
    ready: float = 0.0
    killed: float = 0.0
    resident: list[float] = field(default_factory=list)
    """Megabytes of memory: a value each minute, and one when it is killed."""


class Proxy:
    """mitmdump with Penstock's addons; each restart uses the same port and folder."""

    def __init__(self, home: Path, upstream: int, log: Path, mode: Path) -> None:
        self.home, self.port, self.lives = home, free_port(), list[Life]()
        self._log = log.open("ab")
        for name, text in {
            "profiles/faults.toml": _PROFILE,
            "plugins/faulty.py": _PLUGIN.format(mode=str(mode)),
        }.items():
            file = home / "config" / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        options = [f"confdir={home / 'conf'}", "penstock_profile=faults", "flow_detail=0", "termlog_verbosity=warn"]
        self._command = [str(Path(sys.executable).with_name("mitmdump")), "-s", str(ROOT / "addons" / "context.py")]
        self._command += ["--mode", f"reverse:http://127.0.0.1:{upstream}", "--listen-host", "127.0.0.1"]
        self._command += ["-p", str(self.port), *(part for option in options for part in ("--set", option))]
        self.process = self._start()

    @property
    def store(self) -> Path:
        """The file of the event log and the ledger."""
        return self.home / "state" / "penstock.db"

    def _start(self) -> subprocess.Popen[bytes]:
        environment = {k: v for k, v in os.environ.items() if not k.startswith("PENSTOCK_")}
        environment |= {"PENSTOCK_HOME": str(self.home), "PYTHONUNBUFFERED": "1"}
        process = subprocess.Popen(self._command, env=environment, stdout=self._log, stderr=subprocess.STDOUT)
        self.lives.append(Life(process.pid, time.monotonic()))
        return process

    def wait_until_ready(self, within_s: float = 60) -> None:
        """Wait until it answers a request. Raises `RuntimeError` if it does not within `within_s` seconds."""
        until = time.monotonic() + within_s
        while time.monotonic() < until and self.process.poll() is None:
            if asked(self.port, "GET", "/ready") is not None:
                self.lives[-1].ready = time.monotonic()
                return
            time.sleep(0.05)
        raise RuntimeError(f"the proxy does not start; exit code {self.process.poll()}")

    def kill(self, how: int = signal.SIGKILL) -> None:
        """End it in the middle of its work, and start the next one."""
        self.sample()
        self.lives[-1].killed = time.monotonic()
        self.process.send_signal(how)
        self.process.wait()
        self.process = self._start()
        self.wait_until_ready()

    def stop(self) -> float:
        """Stop the proxy as a user would. Returns the seconds that took."""
        start = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._log.close()
        return time.monotonic() - start

    def sample(self) -> None:
        """Record the memory that the process uses."""
        try:
            status = Path(f"/proc/{self.process.pid}/status").read_text()
        except OSError:
            return
        self.lives[-1].resident.append(int(status.partition("VmRSS:")[2].split()[0]) / 1024)

    def command(self, path: str, **fields: object) -> None:
        """Send a command on the control channel."""
        asked(self.port, "POST", path, json.dumps(fields).encode(), _token(self.store))


def asked(port: int, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] = _NONE) -> int | None:
    """Send a request. Returns the status of an answer that came whole; None: none did."""
    link = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        link.request(method, path, body or None, dict(headers))
        answer = link.getresponse()
        answer.read()
    except (OSError, http.client.HTTPException):
        return None
    finally:
        link.close()
    return answer.status


def _token(store: Path) -> dict[str, str]:
    file = store.parent / "control-key"
    token = file.read_bytes().hex() if file.exists() else ""
    return {"authorization": f"Bearer {token}", "x-penstock": "command", "content-type": "application/json"}


class Troubles:
    """Does one thing after another to the proxy, with some seconds between."""

    def __init__(self, proxy: Proxy, mode: Path, disk: Path | None, seed: int, stop: threading.Event) -> None:
        self._proxy, self._mode, self._disk, self._stop = proxy, mode, disk, stop
        self._chance = random.Random(f"{seed} troubles")
        self.done: list[tuple[str, float, float]] = []
        """Name, begin, end."""
        self._kinds: list[tuple[str, Callable[[], None]]] = [
            ("kill", proxy.kill),
            ("restart", lambda: proxy.kill(signal.SIGTERM)),
            ("store locked", lambda: self._lock(proxy.store)),
            ("memory locked", lambda: self._lock(proxy.home / "state" / "memory" / "memory.db")),
            ("disk full", self._fill),
            ("disk full, kill", lambda: self._fill(kill=True)),
            ("stage raises", lambda: self._fail("raise")),
            ("stage hangs", lambda: self._fail("hang")),
            ("stage spins", lambda: self._fail("spin")),
            ("vectors deleted", self._delete),
            ("compact now", lambda: proxy.command("/compact")),
        ]

    def run(self) -> None:
        """Until stopped, do all kinds of trouble, in a new random order each time."""
        while not self._stop.is_set():
            for name, work in self._chance.sample(self._kinds, len(self._kinds)):
                if self._stop.wait(self._chance.uniform(2, 6)):
                    return
                start = time.monotonic()
                self.done.append((name, start, 0.0))
                work()
                self.done[-1] = (name, start, time.monotonic())

    def _lock(self, file: Path) -> None:
        if file.exists():
            seconds = self._chance.uniform(2, 8)
            subprocess.run([sys.executable, "-c", _LOCKS, str(file), str(seconds)], check=False, capture_output=True)

    def _fill(self, *, kill: bool = False) -> None:
        filling = self._proxy.home / "filling"
        if self._disk is not None:
            with filling.open("wb") as file:
                free = shutil.disk_usage(self._disk).free
                try:
                    os.posix_fallocate(file.fileno(), 0, free)
                except OSError:  # something was written meanwhile: page by page
                    self._fill_rest(filling)
        else:
            self._limit(0)
        self._stop.wait(self._chance.uniform(4, 12))
        if kill:
            self._proxy.kill()
            self._stop.wait(self._chance.uniform(1, 4))
        filling.unlink(missing_ok=True)
        if self._disk is None:
            self._limit(-1)

    def _fill_rest(self, filling: Path) -> None:
        with filling.open("ab", buffering=0) as file:
            for size in (1 << 20, 4096):
                try:
                    while file.write(b"x" * size):
                        pass
                except OSError:
                    continue

    def _limit(self, size: int) -> None:
        import resource

        pid = self._proxy.process.pid
        _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY if size < 0 else size, hard))

    def _fail(self, how: str) -> None:
        self._mode.write_text(how)
        self._stop.wait(self._chance.uniform(3, 8))
        self._mode.unlink()

    def _delete(self) -> None:
        shutil.rmtree(self._proxy.home / "state" / "memory" / "vectors", ignore_errors=True)


KINDS = ("machine", "wire", "control", "engine")
"""What is probed: the provider itself, which tells how slow the machine is; a path of the proxy that needs no engine;
its control channel; a new request to a model."""
EVERY_S = 0.5


def probe(out: str, port: int, upstream: int, store: str) -> None:
    """The probes' process. It writes a line for each: kind, start, seconds, status."""
    lock = threading.Lock()
    with Path(out).open("w", buffering=1, encoding="utf-8") as file:

        def work(kind: str) -> None:
            count = 0
            while True:
                start = time.monotonic()
                status = _probed(kind, port, upstream, Path(store), count)
                took = time.monotonic() - start
                with lock:
                    file.write(json.dumps([kind, start, took, status or 0]) + "\n")
                count += 1
                time.sleep(max(0.0, EVERY_S - took))

        threads = [threading.Thread(target=work, args=(kind,), daemon=True) for kind in KINDS]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


def _probed(kind: str, port: int, upstream: int, store: Path, count: int) -> int | None:
    if kind == "machine":
        return asked(upstream, "GET", "/ready")
    if kind == "wire":
        return asked(port, "GET", "/ready")
    if kind == "control":
        return asked(port, "GET", "/health", b"", _token(store))
    question: dict[str, Any] = {"role": "user", "content": f"Is there anybody? This is question {count}."}
    session = json.dumps({"device_id": "d", "account_uuid": "", "session_id": f"probe-{count // 100}"})
    body = {"model": "claude-sonnet-5-5", "max_tokens": 100, "messages": [question], "metadata": {"user_id": session}}
    return asked(port, "POST", "/v1/messages", json.dumps(body).encode(), {"content-type": "application/json"})
