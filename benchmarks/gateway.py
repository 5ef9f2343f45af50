"""What keys and limits cost a request: the gateway's port beside a plain reverse port, in one run.

    python benchmarks/gateway.py [--sessions 10] [--size 20000] [--store postgresql://...] [--redis redis://...]

Two proxies in front of one provider on loopback: one with a reverse port, one with the gateway. Each request goes
through both in turn, at the gateway's with a key whose workspace has six limits (requests, tokens and dollars, by day
and by month) and one on each model. The difference of the medians is what the check of the key, the choice of the
provider and the hold cost before the request leaves; the settlement is made after the answer. The goal is at most
1.0 ms. The median of the differences of each pair says the same, and less of what else the machine does, since both
requests of a pair are sent within milliseconds; where the two figures are far apart, it does too much to tell. The CPU
time is that of the whole processes, with the settlement. Then many clients at once ask the gateway until a limit of
requests is full: no more may be let in than it says. With `--store` and `--redis` the gateway has its tables in that
database, empty before, and uses that Redis.
"""

from __future__ import annotations

import argparse
import http.client
import os
import statistics
import tempfile
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from latency_rig import Proxy, free_port, once, p95, wait_for
from latency_sessions import MODELS, session
from service_beside import provider, started

from penstock.gateway.database import GatewayStore
from penstock.gateway.keys import add_key
from penstock.gateway.providers import add_provider
from penstock.gateway.quotas import read_limit, set_limits, show_limits
from penstock.gateway.usage import usage_by
from penstock.store.store_file import store_file

GOAL_MS = 1.0
CLIENTS, ASKED, CAP = 64, 640, 200


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--sessions", type=int, default=10, help="of requests")
    options.add_argument("--size", type=int, default=20_000, help="bytes of a session's first request")
    options.add_argument("--store", default="", help="the URL of the gateway's database; a file without it")
    options.add_argument("--redis", default="", help="the URL of a Redis for the gateway; none without it")
    chosen = options.parse_args()
    os.environ["PENSTOCK_SERVE_REDIS"] = chosen.redis
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder, upstream = Path(name), stack.enter_context(provider())
        plain = stack.enter_context(proxy(folder / "plain", ["--reverse", f"http://127.0.0.1:{upstream}="]))
        os.environ["PENSTOCK_HOME"] = str(folder / "gateway")
        kept = chosen.store or str(folder / "gateway" / "state" / "penstock.db")
        place = ["--store", kept] if chosen.store else []
        gateway = stack.enter_context(proxy(folder / "gateway", [*place, "--gateway", ""]))
        store = stack.enter_context(closing(GatewayStore.beside(store_file(kept))))
        key = prepare(store, upstream)
        measure(plain, gateway, key, 2, chosen.size)  # warm
        print(f"{chosen.sessions} sessions of {chosen.size:,} bytes; load before: {os.getloadavg()[0]:.1f}")
        before = [one.settled_cpu() for one in (plain, gateway)]
        without, within = measure(plain, gateway, key, chosen.sessions, chosen.size)
        used = [one.settled_cpu() - cpu for one, cpu in zip((plain, gateway), before, strict=True)]
        added = statistics.median(within) - statistics.median(without)
        paired = statistics.median(two - one for one, two in zip(without, within, strict=True))
        print(f"without keys: p50 {statistics.median(without):.2f} ms, p95 {p95(without):.2f} ms")
        print(f"with a key:   p50 {statistics.median(within):.2f} ms, p95 {p95(within):.2f} ms")
        print(f"added p50: {added:.2f} ms (goal: {GOAL_MS}); median of the pairs' differences: {paired:.2f} ms")
        cpu_ms = [1000 * one / len(within) for one in used]
        print(f"CPU of a request: {cpu_ms[0]:.1f} ms without keys, {cpu_ms[1]:.1f} ms with a key")
        crowd(store, gateway.port)


def prepare(store: GatewayStore, upstream: int) -> str:
    """Add a provider, limits that are out of reach, and a key. Returns the key."""
    base_url = f"http://127.0.0.1:{upstream}"
    add_provider(
        store, "anthropic", "bench", workspace="default", base_url=base_url, credential="dummy", allow_private=True
    )
    units, periods = ("requests", "tokens", "dollars"), ("day", "month")
    wide = [read_limit(per, unit, 1e8) for per in periods for unit in units]
    set_limits(store, "workspace:default", wide, "bench")
    for model in MODELS:
        set_limits(store, f"model:default/anthropic/{model}", [read_limit("month", "tokens", 1e8)], "bench")
    return add_key(store, "default", "bench", "bench")[1]


def measure(plain: Proxy, gateway: Proxy, key: str, sessions: int, size: int) -> tuple[list[float], list[float]]:
    """Milliseconds to the first byte through both, which take turns in being first."""
    links = [http.client.HTTPConnection("127.0.0.1", one.port) for one in (plain, gateway)]
    out: tuple[list[float], list[float]] = ([], [])
    for number in range(sessions):
        for asked in session(number + 1000 * sessions, size):
            for which in (0, 1) if number % 2 else (1, 0):
                headers = {**asked.headers, **({"x-api-key": key} if which else {})}
                out[which].append(once(links[which], asked.body, headers)[0])
    for link in links:
        link.close()
    return out


def crowd(store: GatewayStore, gateway: int) -> None:
    """Send many requests at once against a limit for few, and print how many were let in."""
    made, key = add_key(store, "default", "crowd", "bench")
    scope = f"key:{made.id}"
    set_limits(store, scope, [read_limit("day", "requests", CAP), read_limit("day", "dollars", 1e6)], "bench")

    def ask(_number: int) -> int:
        link = http.client.HTTPConnection("127.0.0.1", gateway)
        body = b'{"model":"claude-opus-5-5","max_tokens":5,"messages":[{"role":"user","content":"hi"}]}'
        link.request("POST", "/v1/messages", body, {"x-api-key": key, "content-type": "application/json"})
        answer = link.getresponse()
        answer.read()
        link.close()
        return answer.status

    with ThreadPoolExecutor(CLIENTS) as pool:
        statuses = Counter(pool.map(ask, range(ASKED)))
    wait_settled(store, scope)
    state = {one.unit: one for one in show_limits(store, [scope])}
    (used,) = [row for row in usage_by(store, "default", "key", "2000-01-01", "2999-01-01") if row.name == made.id]
    print(f"{CLIENTS} clients, {ASKED} requests, a limit of {CAP}: {dict(statuses)}")
    print(f"counter: {state['requests'].spent} requests, {state['dollars'].spent} billionths of a dollar; ", end="")
    print(f"sum of the usage: {used.requests} and {used.dollars}; held: {state['requests'].held}")


def wait_settled(store: GatewayStore, scope: str) -> None:
    """Wait until nothing is held of the limits of `scope`."""
    while any(one.held for one in show_limits(store, [scope])):
        pass


@contextmanager
def proxy(home: Path, words: list[str]) -> Iterator[Proxy]:
    """Run `penstock up` with these arguments, the last of which gets a free port, on which it listens."""
    port = free_port()
    *first, last = words
    with started(home, ["up", "--quiet", "--port", "0", *first, f"{last}{port}"]) as pid:
        wait_for(port, 120)
        yield Proxy(home.name, port, pid)


if __name__ == "__main__":
    main()
