"""What one, two and four proxies on one PostgreSQL database cost and carry.

    python benchmarks/scale.py [--proxies 1 2 4] [--sessions 6] [--size 100000] [--json build/scale.json]

For each number of proxies: a new database on a PostgreSQL server that this starts, real proxies in reverse mode, and a
provider on loopback with a prompt cache, in a process of its own. Sessions are like those of coding agents
(`latency_sessions.py`), with new ids. First one client alone sends each request to the provider and through a proxy:
the difference is what is added. Then several clients send sessions, the next request as soon as the last is answered:
requests a second, and the CPU time of the proxies and of PostgreSQL for each request. `spread` sends each request of a
session to the next proxy, otherwise a session stays with one.

Where the machine has fewer cores than proxies, or others use them, requests a second say little: CPU for each request
should stay the same, and so should the share of the tokens that the provider reads from its cache (within 0.5 %).
Times include what the machine's other load adds.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import statistics
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import asdict, dataclass, field
from itertools import count
from pathlib import Path

from latency_rig import ROOT, Proxy, once, p95
from latency_sessions import REQUESTS, Request, session
from scale_rig import DIRECT, Database, Sharing, precise_cpu, provider, sharing

CLIENTS = 8
EQUAL = 0.005
"""The most by which the share of cached tokens may differ."""
_numbers = count()
"""Numbers of sessions: none is sent twice."""


@dataclass
class Run:
    """The measurements with one number of proxies."""

    proxies: int
    is_spread: bool
    requests: int = 0
    """Of several clients, as are the seconds, the CPU, the statements and the write-ahead log."""
    seconds: float = 0.0
    clients: int = CLIENTS
    cores: int = os.cpu_count() or 1
    others_cores: float = 0.0
    """Cores that everything else on the machine used meanwhile."""
    cpu_ms: dict[str, float] = field(default_factory=dict)
    """For each request, of `proxy` (all together), `postgres`, `provider` and `client`, also what they did when all
    was answered."""
    cpu_until_answered_ms: dict[str, float] = field(default_factory=dict)
    """The same until the last answer: events, and what is remembered, are written later, some of it after the run."""
    loaded_ms: list[float] = field(default_factory=list)
    """To the end of the answer, by request, with several clients."""
    added_ms: list[float] = field(default_factory=list)
    """By a proxy, by request, with one client."""
    direct_ms: list[float] = field(default_factory=list)
    """Of the provider alone, by request."""
    samples_ms: dict[str, list[float]] = field(default_factory=dict)
    """CPU of `proxy` and of `postgres`, by request, with one client."""
    read_share: float = 0.0
    """Of the tokens of all requests: those that the provider read from its cache."""
    statements: float = 0.0
    """For each request."""
    wal_bytes: float = 0.0
    """For each request."""
    body_bytes: float = 0.0
    """For each request, as the client sends it."""
    edits: int = 0
    """Rows of the ledger, after all."""
    events: int = 0
    frequent: list[dict[str, object]] = field(default_factory=list)
    """Statements, by calls for each request."""

    @property
    def rate(self) -> float:
        """Requests a second."""
        return self.requests / self.seconds


def main() -> None:
    """Measure, print, and write the figures. Ends with 1 where the cache was read less with several proxies."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--proxies", type=int, nargs="+", default=[1, 2, 4])
    options.add_argument(
        "--sessions", type=int, default=6, help=f"of {REQUESTS} requests, of each of {CLIENTS} clients"
    )
    options.add_argument("--alone", type=int, default=12, help="sessions that one client sends alone")
    options.add_argument("--size", type=int, default=100_000, help="bytes of a session's first request")
    options.add_argument(
        "--json", type=Path, default=ROOT / "build" / "scale.json", help="where the figures are written"
    )
    options.add_argument("--statements", type=int, default=0, help="show so many of the most frequent statements")
    chosen = options.parse_args()
    load = " ".join(f"{one:.1f}" for one in os.getloadavg())
    print(f"{os.cpu_count()} cores, load before: {load}; sessions of {chosen.size:,} bytes; {CLIENTS} clients")
    kinds = [(n, False) for n in chosen.proxies] + [(n, True) for n in chosen.proxies[-1:] if n > 1]
    with tempfile.TemporaryDirectory() as name:
        database = Database(Path(name) / "postgres")
        try:
            runs = [measured(Path(name), database, n, spread, chosen) for n, spread in kinds]
        finally:
            database.stop()
    show(runs, chosen.statements)
    chosen.json.parent.mkdir(parents=True, exist_ok=True)
    chosen.json.write_text(json.dumps({"size": chosen.size, "runs": [asdict(run) for run in runs]}, indent=1))
    shares = [run.read_share for run in runs]
    off = max(shares) - min(shares)
    print(f"cache-read share: largest difference {off:.3%} (limit {EQUAL:.1%}); figures: {chosen.json}")
    raise SystemExit(off > EQUAL)


def measured(folder: Path, database: Database, n: int, spread: bool, chosen: argparse.Namespace) -> Run:
    """One run, on a database of its own."""
    name = f"run_{n}{'_spread' if spread else ''}"
    run = Run(n, spread)
    url = database.create(name)
    with provider() as upstream, sharing(folder / name, upstream.port, url, n) as shared:
        for one in shared.proxies:  # what is imported and built at the first requests is not measured
            send([one], [request for _ in range(2) for request in session(next(_numbers), chosen.size)])
        server = Proxy("postgres", database.port, database.pid)
        for one in (*shared.proxies, server):
            one.settled_cpu()
        alone(run, shared.proxies, upstream, server, chosen)
        database.begin(name)
        loaded(run, shared, upstream, database, chosen)
        share = json.loads(get(upstream))
        run.read_share = share["read"] / share["total"]
        for statement in database.statements(name):
            run.statements += statement.calls / run.requests
            run.frequent.append({**asdict(statement), "per_request": statement.calls / run.requests})
        run.edits, run.events = (
            int(database.ask(f"SELECT count(*) FROM {t}", name)[0][0]) for t in ("edits", "events")
        )
    return run


def alone(run: Run, proxies: Sequence[Proxy], upstream: Proxy, server: Proxy, chosen: argparse.Namespace) -> None:
    """One client, one request after the other, each also without a proxy."""
    direct = http.client.HTTPConnection("127.0.0.1", upstream.port)
    links = [http.client.HTTPConnection("127.0.0.1", one.port) for one in proxies]
    pids = {"proxy": [one.pid for one in proxies], "postgres": [server.pid]}
    run.samples_ms = {name: [] for name in pids}
    turn = count()
    for number in range(chosen.alone):
        for request in session(next(_numbers), chosen.size):
            _, without = once(direct, request.body, {**request.headers, DIRECT: "1"})
            which = next(turn) if run.is_spread else number
            before = {name: sum(map(precise_cpu, some)) for name, some in pids.items()}
            _, within = once(links[which % len(links)], request.body, request.headers)
            time.sleep(0.25)  # what is written after the answer belongs to this request
            for name, some in pids.items():
                run.samples_ms[name].append(1000 * (sum(map(precise_cpu, some)) - before[name]))
            run.direct_ms.append(without)
            run.added_ms.append(within - without)
    for link in (direct, *links):
        link.close()


def loaded(run: Run, shared: Sharing, upstream: Proxy, database: Database, chosen: argparse.Namespace) -> None:
    """Several clients at once. The requests are made before the clock runs."""
    work = [[r for _ in range(chosen.sessions) for r in session(next(_numbers), chosen.size)] for _ in range(CLIENTS)]
    chains = [shared.proxies[n % run.proxies :] + shared.proxies[: n % run.proxies] for n in range(CLIENTS)]
    watched = {"proxy": shared.proxies, "postgres": [Proxy("", 0, database.pid)], "provider": [upstream]}
    before = {name: sum(one.cpu() for one in some) for name, some in watched.items()}
    wal, own, busy, started = database.wal(), time.process_time(), _busy(), time.perf_counter()
    with ThreadPoolExecutor(CLIENTS) as pool:
        times = pool.map(
            lambda pair: send(pair[0] if run.is_spread else pair[0][:1], pair[1]), zip(chains, work, strict=True)
        )
        run.loaded_ms = [one for some in times for one in some]
    run.seconds = time.perf_counter() - started
    run.requests = len(run.loaded_ms)
    run.body_bytes = sum(len(r.body) for some in work for r in some) / run.requests
    during = {name: sum(one.cpu() for one in some) - before[name] for name, some in watched.items()}
    mine = time.process_time() - own
    run.others_cores = max(0.0, (_busy() - busy - sum(during.values()) - mine) / run.seconds)
    run.cpu_until_answered_ms = {name: 1000 * s / run.requests for name, s in {**during, "client": mine}.items()}
    run.cpu_ms["client"] = 1000 * mine / run.requests
    for name, some in watched.items():  # with what is done after the last answer
        run.cpu_ms[name] = 1000 * (sum(one.settled_cpu() for one in some) - before[name]) / run.requests
    run.wal_bytes = (database.wal() - wal) / run.requests


def send(proxies: Sequence[Proxy], requests: Sequence[Request]) -> list[float]:
    """Milliseconds of each request to the end of its answer. They go to the proxies in turn."""
    links = [http.client.HTTPConnection("127.0.0.1", one.port) for one in proxies]
    out = [once(links[n % len(links)], r.body, r.headers)[1] for n, r in enumerate(requests)]
    for link in links:
        link.close()
    return out


def get(upstream: Proxy) -> bytes:
    """What the provider says about its cache."""
    with closing(http.client.HTTPConnection("127.0.0.1", upstream.port)) as link:
        link.request("GET", "/")
        return link.getresponse().read()


def show(runs: Sequence[Run], most: int) -> None:
    """Print the table."""
    base = runs[0].rate
    head = (
        "proxies | req/s  ratio others | CPU ms a request: proxies  PostgreSQL  store's share | added ms p50    p95 |"
    )
    print(f"{head} loaded p50   p95 | cache read | statements  WAL bytes | edits")
    for run in runs:
        proxy, postgres = run.cpu_ms["proxy"], run.cpu_ms["postgres"]
        name = f"{run.proxies}{' spread' if run.is_spread else ''}"
        print(
            f"{name:<8}|{run.rate:>6.1f} {run.rate / base:>6.2f} {run.others_cores:>6.2f} |"
            f"{proxy:>26.2f} {postgres:>11.2f} {postgres / (proxy + postgres):>14.1%} |"
            f"{statistics.median(run.added_ms):>13.1f} {p95(run.added_ms):>6.1f} |"
            f"{statistics.median(run.loaded_ms):>11.0f} {p95(run.loaded_ms):>5.0f} |"
            f"{run.read_share:>11.2%} |{run.statements:>11.1f} {run.wal_bytes:>10,.0f} |{run.edits:>6}"
        )
    for row in runs[0].frequent[:most]:
        said = f"{row['per_request']:>6.2f} a request, {row['wal_bytes']:>9} B, {row['exec_ms']:>8.1f} ms"
        print(f"{said}: {str(row['text'])[:150]}")


def _busy() -> float:
    """Seconds that all cores have computed since the machine's start."""
    fields = [int(one) for one in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]]
    return (sum(fields[:3]) + sum(fields[5:8])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
