"""What a million conversations a day need, computed from what `scale.py` measured.

    python benchmarks/scale.py --json build/scale.json && python benchmarks/simulation.py build/scale.json

First the model plays `scale.py` itself, with the CPU times that were measured and the other load that was seen, and its
requests a second are compared with the measured ones. Ends with 1 where they differ by more than 15 %: the
rest would say nothing. Then the busiest hour of a day in which so many conversations begin: what is used how far, and
what is full first; and the same with other numbers of proxies and shards, other times of a lease and more failures.
One of the shards is simulated, since a conversation never crosses them. Sessions, pauses and sizes are drawn from
distributions fitted to recorded ones (`simulation_models.py`). The same seed gives the same figures.
"""

from __future__ import annotations

import argparse
import json
import statistics
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from latency_sessions import REQUESTS
from simulation_models import Costs, Fleet, Outcome, closed_loop, shard

ALLOWED = 0.15
ROUNDS = 3


def main() -> None:
    """Compare, then compute and print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("measured", type=Path, help="the JSON of scale.py")
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--conversations", type=int, default=1_000_000, help="in a day")
    options.add_argument("--minutes", type=float, default=10.0, help="of the busiest hour")
    options.add_argument("--check-only", action="store_true")
    chosen = options.parse_args()
    runs = json.loads(chosen.measured.read_text())["runs"]
    is_right = compare(runs, chosen.seed)
    if not chosen.check_only and is_right:
        fleet = Fleet(conversations=chosen.conversations, minutes=chosen.minutes)
        sweeps(fleet, costs_of(runs[0]), chosen.seed)
    raise SystemExit(not is_right)


def compare(runs: Sequence[dict[str, Any]], seed: int) -> bool:
    """Print the model's requests a second beside the measured ones. Returns whether all are near enough."""
    print(f"proxies | measured req/s | computed | off (limit {ALLOWED:.0%})")
    is_right = True
    for run in runs:
        rates = [closed_loop(run, seed + n) for n in range(ROUNDS)]
        measured, computed = run["requests"] / run["seconds"], statistics.mean(rates)
        off = computed / measured - 1
        is_right &= abs(off) <= ALLOWED
        name = f"{run['proxies']}{' spread' if run['is_spread'] else ''}"
        print(f"{name:<8}|{measured:>15.1f} |{computed:>9.1f} |{off:>+7.1%}", flush=True)
    return is_right


def costs_of(run: dict[str, Any]) -> Costs:
    """The measured CPU times of one proxy."""
    own, store = ([max(0.0, one) for one in run["samples_ms"][name]] for name in ("proxy", "postgres"))
    later = [ms for n, ms in enumerate(own) if n % REQUESTS]
    return Costs(own[::REQUESTS], later, store, run["body_bytes"])


def sweeps(fleet: Fleet, costs: Costs, seed: int) -> None:
    """Print what `fleet` does, and what it does with one thing changed at a time."""
    print(f"{fleet.conversations:,} conversations a day, {fleet.peak} times as many in the busiest hour; one shard")
    print(
        "what                  | req/s | added ms p50   p99 | used: CPU  store network outbox | first full | busy|lag s"
    )
    row("as planned", fleet, costs, seed)
    for proxies in (128, 192, 384):
        row(f"{proxies} proxies", replace(fleet, proxies=proxies), costs, seed)
    for shards in (4, 8, 32):
        row(f"{shards} shards", replace(fleet, shards=shards), costs, seed)
    for ttl_s in (1.0, 30.0):
        row(f"lease of {ttl_s:.0f} s", replace(fleet, ttl_s=ttl_s), costs, seed)
    for deaths in (1.0, 10.0):
        row(f"{deaths:.0f} deaths/proxy/h", replace(fleet, deaths=deaths), costs, seed)
    for moved in (0.1, 1.0):
        row(f"{moved:.0%} moved", replace(fleet, moved=moved), costs, seed)


def row(name: str, fleet: Fleet, costs: Costs, seed: int) -> None:
    """One line of the table."""
    out: Outcome = shard(fleet, costs, seed)
    added = sorted(out.added_ms)
    print(
        f"{name:<22}|{out.requests / fleet.minutes / 60 * fleet.shards:>6.0f} |"
        f"{added[len(added) // 2]:>13.0f} {added[int(len(added) * 0.99)]:>5.0f} |"
        f"{out.proxy_used:>10.0%} {out.store_used:>6.0%} {out.wire_used:>7.0%} {out.relay_used:>6.0%} |"
        f" {out.first_full:<10} |{out.replays / out.requests:>5.2%} |{out.lag_s:>5.2f}",
        flush=True,
    )


if __name__ == "__main__":
    main()
