"""Resident memory over many requests: all of Penstock in a real mitmdump, in front of a provider on loopback.

    python benchmarks/soak.py [--requests 20000] [--every 1000] [--clients 4] [--script FILE]

Each client works through coding sessions as Claude Code does: every request carries the whole history; a turn is a
question, a few rounds of tools, and an answer; after some turns the session ends and another begins in one of a few
projects. Every text is new. One line per 1,000 requests: what the proxy and the process of its vector index have in
memory, and how much more that is than at the first line.
"""

from __future__ import annotations

import argparse
import http.client
import json
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from latency_rig import ROOT, free_port, serve, wait_for

TURNS = 12
"""Turns of a session; with their rounds of tools about 50 requests."""
ROUNDS = (2, 5)
LINES = (4, 120)
"""Lines of a tool's result."""
PROJECTS = 6
TOOLS = [
    {
        "name": name,
        "description": f"{name} does what its name says. " * 20,
        "input_schema": {"type": "object", "properties": {"file_path": {"type": "string"}}},
    }
    for name in ("Read", "Bash", "Grep", "Edit", "Write", "Glob", "Task", "WebFetch")
]
_PIECES = "ba co di fu ga he li mo nu pa ra se ti vo wa ze ster ning tion pro con per"


class Session:
    """One session of a coding agent: the bodies it sends, one after the other."""

    def __init__(self, number: int) -> None:
        self._random = random.Random(number)
        self.id = str(uuid.UUID(int=self._random.getrandbits(128), version=4))
        self._folder = f"/srv/project-{number % PROJECTS}"
        self._messages: list[dict[str, Any]] = []

    def bodies(self) -> Iterator[bytes]:
        """The bodies of all its requests, one after the other."""
        for _ in range(TURNS):
            self._messages.append({"role": "user", "content": [_text(self._words(30))]})
            yield self._body()
            for _ in range(self._random.randint(*ROUNDS)):
                self._call()
                yield self._body()
            self._messages.append({"role": "assistant", "content": [_text(self._words(80))]})

    def _call(self) -> None:
        number = f"toolu_{self._random.getrandbits(80):020x}"
        tool = self._random.choice(TOOLS)["name"]
        given = {"file_path": f"{self._folder}/{self._word()}/{self._word()}.py"}
        call = {"type": "tool_use", "id": number, "name": tool, "input": given}
        lines = [f"{n:>6}\t{self._words(9)}" for n in range(self._random.randint(*LINES))]
        result = {"type": "tool_result", "tool_use_id": number, "content": "\n".join(lines)}
        self._messages += [
            {"role": "assistant", "content": [_text(self._words(20)), call]},
            {"role": "user", "content": [result]},
        ]

    def _body(self) -> bytes:
        told = f"You are an agent.\n# Environment\n - Primary working directory: {self._folder}\n - Platform: linux"
        messages = list(self._messages)
        last = messages[-1]
        content = [*last["content"][:-1], last["content"][-1] | {"cache_control": {"type": "ephemeral"}}]
        messages[-1] = last | {"content": content}
        body = {
            "model": "claude-sonnet-5-5",
            "stream": True,
            "max_tokens": 32000,
            "system": [_text(told) | {"cache_control": {"type": "ephemeral"}}],
            "tools": TOOLS,
            "messages": messages,
            "metadata": {"user_id": json.dumps({"device_id": "d", "account_uuid": "", "session_id": self.id})},
        }
        return json.dumps(body, ensure_ascii=False).encode()

    def _words(self, count: int) -> str:
        return " ".join(self._word() for _ in range(count))

    def _word(self) -> str:
        return "".join(self._random.choices(_PIECES.split(), k=self._random.randint(1, 3)))


class Clients:
    """Several at a time, each with a session of its own."""

    def __init__(self, port: int, count: int, requests: int) -> None:
        self._port, self._left = port, requests
        self._lock = threading.Lock()
        self._sessions = 0
        self.done = 0
        self.failed = 0
        self.longest_s = 0.0
        self.threads = [threading.Thread(target=self._work, daemon=True) for _ in range(count)]

    def _work(self) -> None:
        link = http.client.HTTPConnection("127.0.0.1", self._port, timeout=120)
        while True:
            with self._lock:
                self._sessions += 1
                session = Session(self._sessions)
            for body in session.bodies():
                with self._lock:
                    if self._left <= 0:
                        return
                    self._left -= 1
                start = time.perf_counter()
                is_good = _asked(link, body, session.id)
                with self._lock:
                    self.done += 1
                    self.failed += not is_good
                    self.longest_s = max(self.longest_s, time.perf_counter() - start)


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--requests", type=int, default=20_000)
    options.add_argument("--every", type=int, default=1000, help="requests between two lines")
    options.add_argument("--clients", type=int, default=4)
    options.add_argument("--script", type=Path, help="one more addon in the proxy, to look into it")
    chosen = options.parse_args()
    upstream, port = free_port(), free_port()
    provider = multiprocessing.get_context("spawn").Process(target=serve, args=(upstream,), daemon=True)
    provider.start()
    wait_for(upstream)
    with tempfile.TemporaryDirectory() as folder:
        proxy = _start(Path(folder), upstream, port, chosen.script)
        try:
            _soak(proxy, Clients(port, chosen.clients, chosen.requests), chosen.every)
        finally:
            proxy.send_signal(signal.SIGTERM)
            proxy.wait()
            provider.terminate()
            provider.join()


def _start(folder: Path, upstream: int, port: int, script: Path | None) -> subprocess.Popen[bytes]:
    mitmdump = str(Path(sys.executable).with_name("mitmdump"))
    command = [mitmdump, "-q", "-s", str(ROOT / "addons" / "context.py"), "--set", f"confdir={folder / 'conf'}"]
    command += ["--mode", f"reverse:http://127.0.0.1:{upstream}", "--listen-host", "127.0.0.1", "-p", str(port)]
    command += ["-s", str(script)] if script is not None else []
    proxy = subprocess.Popen(command, env={**os.environ, "PENSTOCK_HOME": str(folder / "home")})
    try:
        wait_for(port)
    except RuntimeError:
        proxy.terminate()
        raise
    return proxy


def _soak(proxy: subprocess.Popen[bytes], clients: Clients, every: int) -> None:
    print("requests   proxy MB    change   vectors MB   failed   longest s", flush=True)
    for thread in clients.threads:
        thread.start()
    first, at = 0.0, every
    while at <= clients.done or any(thread.is_alive() for thread in clients.threads):
        if clients.done < at:
            time.sleep(0.1)
            continue
        own, vectors = _resident(proxy.pid), sum(map(_resident, _children(proxy.pid)))
        first = first or own
        row = f"{at:>8,} {own:>10.1f} {own - first:>+9.1f} {vectors:>12.1f} {clients.failed:>8}"
        print(f"{row} {clients.longest_s:>11.2f}", flush=True)
        clients.longest_s, at = 0.0, at + every


def _asked(link: http.client.HTTPConnection, body: bytes, session: str) -> bool:
    headers = {"content-type": "application/json", "x-api-key": "none", "x-claude-code-session-id": session}
    try:
        link.request("POST", "/v1/messages", body, headers)
        answer = link.getresponse()
        answer.read()
    except (OSError, http.client.HTTPException):
        link.close()
        return False
    return answer.status == 200


def _text(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text}


def _resident(pid: int) -> float:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def _children(pid: int) -> list[int]:
    """Started by any of its threads."""
    lists = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(one) for file in lists for one in file.read_text().split()]


if __name__ == "__main__":
    main()
