"""Mixed traffic through a real proxy while everything around it fails, at random and by a seed.

    python benchmarks/faults.py [--minutes 5] [--seed 1] [--clients 8] [--json] [--folder FOLDER]

Clients hold growing conversations in three formats (Anthropic with thinking and tools, OpenAI Chat, OpenAI Responses),
streamed and whole, with memory on and edits on (`bold`), and retry as SDKs do. The provider on loopback answers
429, 529 and 500, cuts answers, sends garbage, and checks each request by the rules of the APIs. The proxy is ended
with SIGKILL and SIGTERM and started on the same folder; its databases are locked; its disk is full; a stage of a user's
plugin raises, hangs and computes without end; the vectors are deleted.

What is counted: LOST, answers that the provider sent whole and the client did not get byte for byte; UNANSWERED,
attempts that failed though the provider had done nothing to them (neither counts while the harness itself had killed
the proxy); INVALID, requests that the provider would refuse; DAMAGED, databases that are in the end, or were set aside.
The exit code is 1 when there is any of them. FREEZES are probes, one every 0.5 s of each kind, that took more than a
second while the proxy was alive. With `--folder`, the proxy's log and the invalid bodies are kept there.
"""

from __future__ import annotations

import argparse
import http.client
import json
import multiprocessing
import random
import select
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import zlib
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from faults_provider import ATTEMPT, SENT, digest, serve
from faults_proxy import COLD_S, KINDS, Proxy, Troubles, probe, small_disk
from faults_talks import Claude, Talk, begin
from latency_rig import free_port, wait_for

FREEZE_S = 1.0
LONGEST = 400_000
"""Bytes of a request at which a session ends."""
_COUNTS = ("sessions", "requests", "attempts", "answered", "received", "edited", "with_notes")
_BAD = ("lost", "unanswered", "invalid", "damaged")
"""What must be none."""
PAUSES = 0.04
"""How often a client pauses until the provider's cache is cold."""
RETRY_S = 90.0
"""Seconds for which a client tries the same request again."""


@dataclass
class Attempt:
    """One request on the wire, as its client saw it."""

    id: str
    start: float
    status: int = 0
    """0: there was no whole answer."""
    digest: str = ""
    error: str = ""
    is_good: bool = False
    is_last: bool = False
    """Whether the client did not try again."""
    end: float = 0.0


@dataclass
class Client:
    """A client that plays one session after another."""

    number: int
    port: int
    seed: int
    stop: threading.Event
    attempts: list[Attempt] = field(default_factory=list)
    requests: int = 0
    answered: int = 0
    sessions: int = 0

    def run(self) -> None:
        """Play sessions until `stop` is set."""
        chance = random.Random(f"{self.seed} client {self.number}")
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        while not self.stop.is_set():
            self.sessions += 1
            talk = begin(self.number, chance)
            turns = chance.randrange(5, 25)
            while talk.turns <= turns and not self.stop.wait(chance.uniform(0.05, 0.6)):
                stream = chance.random() < 0.7
                body = talk.request(stream=stream)
                if len(body) > LONGEST:
                    break
                if chance.random() < PAUSES:
                    self.stop.wait(COLD_S)
                if isinstance(talk, Claude) and chance.random() < 0.1:
                    self._ask(link, talk, body, None)
                if not self._ask(link, talk, body, stream):
                    break

    def _ask(self, link: http.client.HTTPConnection, talk: Talk, body: bytes, stream: bool | None) -> bool:
        """Send until it is answered. `stream` is None: the tokens are counted. False: the session cannot go on."""
        self.requests += 1
        until, tries = time.monotonic() + RETRY_S, 0
        while True:
            tries += 1
            path = talk.path + ("/count_tokens" if stream is None else "")
            attempt, raw, retry_s = self._once(link, path, body)
            if attempt.status == 200:
                try:
                    json.loads(raw)["input_tokens"] if stream is None else talk.take(raw, stream=stream)
                    attempt.is_good = True
                except (ValueError, KeyError, TypeError, RecursionError) as e:
                    attempt.error = f"no answer: {e}"[:200]
            self.attempts.append(attempt)
            if attempt.is_good:
                self.answered += 1
                return True
            is_refused = 400 <= attempt.status < 500 and attempt.status != 429
            if is_refused or self.stop.is_set() or time.monotonic() > until:
                attempt.is_last = True
                return False
            self.stop.wait(retry_s or min(0.1 * 2**tries, 2.0))

    def _once(self, link: http.client.HTTPConnection, path: str, body: bytes) -> tuple[Attempt, bytes, float]:
        attempt = Attempt(f"{self.number}-{len(self.attempts)}", time.monotonic())
        headers = {"content-type": "application/json", "x-api-key": "none", ATTEMPT: attempt.id, SENT: digest(body)}
        raw, retry_s = b"", 0.0
        if link.sock is not None and select.select([link.sock], [], [], 0)[0]:
            link.close()  # the other end has: pools of connections look, too
        try:
            link.request("POST", path, body, headers)
            answer = link.getresponse()
            raw = answer.read()
            raw = zlib.decompress(raw, 31) if answer.getheader("content-encoding") == "gzip" else raw
            attempt.status, attempt.digest = answer.status, digest(raw)
            retry_s = float(answer.getheader("retry-after") or 0)
        except (OSError, http.client.HTTPException, zlib.error) as e:
            attempt.error = repr(e)[:200]
            link.close()
        attempt.end = time.monotonic()
        return attempt, raw, retry_s


def main() -> None:
    """Run the traffic and the faults, and print the counts."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--minutes", type=float, default=5)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--clients", type=int, default=8)
    options.add_argument("--json", action="store_true", help="the figures as JSON, in place of the table")
    options.add_argument("--folder", type=Path, help="keep the proxy's log and invalid bodies here")
    chosen = options.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(2))  # what is mounted and started must go, too
    with tempfile.TemporaryDirectory() as made:
        folder = chosen.folder or Path(made)
        folder.mkdir(parents=True, exist_ok=True)
        home = Path(made) / "home"
        disk = home if small_disk(home) else None
        try:
            figures = _run(chosen.minutes, chosen.seed, chosen.clients, folder, home, disk)
        finally:
            if disk is not None:
                subprocess.run(["umount", "--lazy", str(disk)], check=True)
    print(json.dumps(figures, indent=1) if chosen.json else "\n".join(_table(figures)))
    sys.exit(any(figures[name] for name in _BAD))


def _run(minutes: float, seed: int, count: int, folder: Path, home: Path, disk: Path | None) -> dict[str, Any]:
    upstream, mode, probes = free_port(), folder / "mode", folder / "probes.jsonl"
    context = multiprocessing.get_context("spawn")
    helpers = [context.Process(target=serve, args=(upstream, seed, str(folder)), daemon=True)]
    helpers[0].start()
    wait_for(upstream)
    mode.unlink(missing_ok=True)
    proxy = Proxy(home, upstream, folder / "proxy.log", mode)
    stop, calm = threading.Event(), threading.Event()
    try:
        proxy.wait_until_ready()
        arguments = str(probes), proxy.port, upstream, str(proxy.store)
        helpers.append(context.Process(target=probe, args=arguments, daemon=True))
        helpers[1].start()
        clients = [Client(n, proxy.port, seed, stop) for n in range(count)]
        troubles = Troubles(proxy, mode, disk, seed, calm)
        threads = [threading.Thread(target=one.run, daemon=True) for one in clients]
        trouble = threading.Thread(target=troubles.run, daemon=True)
        for thread in (*threads, trouble):
            thread.start()
        _watch(proxy, minutes, trouble)
        calm.set()
        trouble.join()
        stop.set()
        for thread in threads:
            thread.join()
        helpers[1].terminate()
        helpers[1].join()
        left_s = proxy.stop()
        damaged = [str(file.name) for file in sorted((home / "state").rglob("*.db*")) if not _is_sound(file)]
        report = json.loads(_report(upstream))
    finally:
        calm.set()
        stop.set()
        if proxy.process.poll() is None:
            proxy.stop()
        for helper in helpers:
            helper.terminate()
            helper.join()
    lines = [json.loads(line) for line in probes.read_text().splitlines() if line.endswith("]")]
    figures = _counted(clients, report, proxy, troubles, lines)
    log = (folder / "proxy.log").read_text(errors="replace")
    figures["examples"]["damaged"] = damaged
    figures["damaged"] = len(damaged)
    return figures | {"stopped_in_s": round(left_s, 2), "tracebacks": log.count("Traceback (most recent")}


def _watch(proxy: Proxy, minutes: float, trouble: threading.Thread) -> None:
    start, n = time.monotonic(), 0
    while time.monotonic() < start + 60 * minutes:
        if not trouble.is_alive():
            raise RuntimeError("the harness broke: see above")
        if time.monotonic() >= start + 60 * n:
            n += 1
            proxy.sample()
        time.sleep(0.2)
    proxy.sample()


def _is_sound(file: Path) -> bool:
    """A database that was never damaged: neither is it now, nor has one been set aside."""
    if file.suffix != ".db":
        return ".damaged" not in file.name
    with closing(sqlite3.connect(file)) as db:
        return bool(db.execute("PRAGMA integrity_check").fetchone() == ("ok",))


def _report(upstream: int) -> bytes:
    link = http.client.HTTPConnection("127.0.0.1", upstream, timeout=60)
    link.request("GET", "/report")
    return link.getresponse().read()


def _counted(
    clients: Sequence[Client], report: dict[str, Any], proxy: Proxy, troubles: Troubles, probes: Sequence[list[Any]]
) -> dict[str, Any]:
    downs = [(life.killed, after.ready) for life, after in zip(proxy.lives, proxy.lives[1:], strict=False)]
    lost, unanswered, retried, by_kill = [], [], Counter[str](), 0
    for attempt in (one for client in clients for one in client.attempts):
        found = report["attempts"].get(attempt.id, {"kind": "", "whole": False})
        is_same = (attempt.status, attempt.digest) == (found.get("status"), found.get("digest"))
        was_down = _overlaps(attempt.start, attempt.end, downs)
        during = _during(attempt.start, attempt.end, troubles)
        told = {"id": attempt.id, "status": attempt.status, "s": round(attempt.end - attempt.start, 2)}
        told |= {"error": attempt.error, "during": during, "provider": found["kind"]}
        made_up = found["kind"] == "cut" and attempt.status == 200
        if (found["whole"] and not is_same) or made_up:
            by_kill += was_down
            lost += [] if was_down else [told]
        elif not attempt.is_good and found["kind"] in ("", "ok") and not was_down:
            unanswered.append(told)
        if not attempt.is_good and not attempt.is_last:
            retried[found["kind"] if found["kind"] not in ("", "ok") else "kill" if was_down else "other"] += 1
    for one in report["invalid"]:
        one["during"] = _during(one["at"] - 1, one["at"], troubles)
    return {
        "requests": sum(client.requests for client in clients),
        "sessions": sum(client.sessions for client in clients),
        "attempts": sum(len(client.attempts) for client in clients),
        "answered": sum(client.answered for client in clients),
        **report["counts"],
        "retried": dict(retried.most_common()),
        "lost": len(lost),
        "lost_to_kills": by_kill,
        "unanswered": len(unanswered),
        "invalid": len(report["invalid"]),
        "examples": {"lost": lost[:10], "unanswered": unanswered[:10], "invalid": report["invalid"][:10]},
        "troubles": dict(Counter(name for name, _, _ in troubles.done)),
        "probes": {kind: _stalls([p for p in probes if p[0] == kind], downs, troubles) for kind in KINDS},
        "slowest_start_s": round(max((life.ready - life.started for life in proxy.lives), default=0.0), 2),
        "lives": [_life(life) for life in proxy.lives],
    }


def _stalls(probes: Sequence[list[Any]], downs: Sequence[tuple[float, float]], troubles: Troubles) -> dict[str, Any]:
    alive = [p for p in probes if p[0] == "machine" or not _overlaps(p[1], p[1] + p[2], downs)]
    took = sorted(p[2] for p in alive) or [0.0]
    frozen = [p for p in alive if p[2] > FREEZE_S]
    return {
        "probes": len(alive),
        "failed": sum(p[3] != 200 for p in alive),
        "freezes": len(frozen),
        "median_s": round(statistics.median(took), 4),
        "p99_s": round(took[int(len(took) * 0.99)], 3),
        "longest_s": round(took[-1], 3),
        "during": dict(Counter(_during(p[1], p[1] + p[2], troubles) for p in frozen)),
    }


def _life(life: Any) -> dict[str, Any]:
    resident = [round(one) for one in life.resident]
    return {"pid": life.pid, "start_s": round(life.ready - life.started, 2), "resident_mb": resident}


def _overlaps(start: float, end: float, spans: Sequence[tuple[float, float]]) -> bool:
    return any(start <= upto and begun <= end for begun, upto in spans)


def _during(start: float, end: float, troubles: Troubles) -> str:
    """What was being done to the proxy then."""
    names = [name for name, begun, upto in troubles.done if begun <= end and start <= (upto or end)]
    return " + ".join(names) or "nothing"


def _table(figures: dict[str, Any]) -> list[str]:
    rows = [f"{name.replace('_', ' '):<24}{figures[name]:>10,}" for name in _COUNTS]
    rows += [f"{'retried after ' + kind:<24}{count:>10,}" for kind, count in figures["retried"].items()]
    names = (*_BAD, "lost_to_kills", "tracebacks", "slowest_start_s", "stopped_in_s")
    rows += [f"{name.replace('_', ' '):<24}{figures[name]:>10,}" for name in names]
    rows.append("done to the proxy: " + ", ".join(f"{name} {n}" for name, n in figures["troubles"].items()))
    rows.append("probe      probes  failed  freezes  median s   p99 s  longest s  frozen during")
    for kind, one in figures["probes"].items():
        row = f"{kind:<10}{one['probes']:>7}{one['failed']:>8}{one['freezes']:>9}{one['median_s']:>10}{one['p99_s']:>8}"
        rows.append(f"{row}{one['longest_s']:>11}  {', '.join(f'{k}: {n}' for k, n in one['during'].items())}")
    resident = "; ".join(str(one["resident_mb"]) for one in figures["lives"])
    rows.append(f"resident MB, by life, a value a minute and one at its end: {resident}")
    rows += [f"{kind}: {json.dumps(one)}" for kind, some in figures["examples"].items() for one in some]
    return rows


if __name__ == "__main__":
    main()
