"""The two models of `simulation.py`: `closed_loop`, what `scale.py` does, and `shard`, the proxies and the database of
a part of all conversations."""

from __future__ import annotations

import math
import random
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import simpy
from latency_sessions import REQUESTS

__all__ = ["Costs", "Fleet", "Outcome", "closed_loop", "shard"]

SLICE_MS = 4.0
"""For how long a process computes before another may, as a kernel with few cores has it."""
BEFORE_ANSWER = 0.85
"""The part of a proxy's CPU time that is spent before the answer has ended: the rest writes events."""
# Fitted (lognormal: mean and deviation of the logarithm) to 23 sessions of Claude Code with 2,101 calls, published in
# the repository entireio/cli, branch entire/checkpoints/v1 (MIT).
CALLS = (4.17, 0.92)
"""Calls of a session: a median of 65, a tenth above 156."""
PERSON_S = (4.72, 1.66)
"""A person's pause: a median of 112 seconds, a tenth above 13 minutes."""
TOOL_S = (0.63, 2.19)
"""A tool's time."""
ANSWER_S = (1.46, 0.47)
"""The model's."""
TOKENS = (11.46, 0.37)
"""Of a request: a median of 95,000."""
PERSON = 166 / 2078
"""How many requests follow a person's words and not a tool's result."""
BYTES_A_TOKEN = 2.9
LONGEST_S = 3 * 3600
Process = Generator[simpy.Event, Any, Any]


@dataclass(frozen=True)
class Costs:
    """Milliseconds of CPU, measured: to be drawn from."""

    first: list[float]
    """Of a proxy, for a history that it has not seen."""
    later: list[float]
    """Of a proxy, for a history that it knows."""
    store: list[float]
    """Of PostgreSQL."""
    body_bytes: float
    """The size of the requests that were measured."""


def closed_loop(run: dict[str, Any], seed: int) -> float:
    """Requests a second of `scale.py`'s clients. How CPU times are distributed was measured with one client, their mean
    with several, until the last answer: what is written later does not slow these clients. Other programs are so many
    that they get the cores which they were seen to use."""
    least, most = 0.0, 16.0
    for _ in range(12):
        others = (least + most) / 2
        rate, used = _ClosedLoop(run, seed, others).run()
        if used > run["others_cores"]:
            most = others
        else:
            least = others
    return rate


class _ClosedLoop:
    def __init__(self, run: dict[str, Any], seed: int, others: float) -> None:
        self._run, self._others, self._chance = run, others, random.Random(seed)
        self._env = simpy.Environment()
        self._cores = simpy.Resource(self._env, run["cores"])
        names = ("client", "provider", *map(str, range(run["proxies"])))
        self._interpreters = {name: simpy.Resource(self._env) for name in names}
        self._samples = list(zip(_scaled(run, "proxy"), _scaled(run, "postgres"), strict=True))
        self._used_by_others = 0.0
        self._each = run["requests"] // run["clients"]

    def run(self) -> tuple[float, float]:
        """Requests a second, and the cores that others used."""
        clients = [self._env.process(self._client(n)) for n in range(self._run["clients"])]
        for n in range(math.ceil(self._others)):
            self._env.process(self._other(min(1.0, self._others - n)))
        self._env.run(simpy.AllOf(self._env, clients))
        rate = 1000 * self._each * len(clients) / self._env.now
        return rate, self._used_by_others / self._env.now

    def _client(self, number: int) -> Process:
        cpu_ms, count = self._run["cpu_until_answered_ms"], self._run["proxies"]
        for n in range(self._each):
            proxy = str((number + n if self._run["is_spread"] else number) % count)
            # A session's first request costs more: drawn from those at the same place of a session.
            own, store = self._chance.choice(self._samples[n % REQUESTS :: REQUESTS])
            yield from self._compute(cpu_ms["client"], "client")
            yield from self._compute(own * BEFORE_ANSWER, proxy)
            yield from self._compute(store)
            yield from self._compute(cpu_ms["provider"], "provider")
            self._env.process(self._compute(own * (1 - BEFORE_ANSWER), proxy))

    def _compute(self, ms: float, name: str = "") -> Process:
        """Use a core for so long, in slices; a named process computes one thing at a time."""
        while ms > 0:
            part = min(SLICE_MS, ms)
            ms -= part
            if name:
                with self._interpreters[name].request() as mine:
                    yield mine
                    yield from self._slice(part)
            else:
                yield from self._slice(part)

    def _slice(self, ms: float) -> Process:
        with self._cores.request() as core:
            yield core
            yield self._env.timeout(ms)

    def _other(self, part: float) -> Process:
        """A program that computes for a part of the time, if it gets a core."""
        while True:
            yield from self._slice(SLICE_MS)
            self._used_by_others += SLICE_MS
            yield self._env.timeout(SLICE_MS * (1 / max(part, 0.01) - 1))


def _scaled(run: dict[str, Any], name: str) -> list[float]:
    """The samples, with the mean that was measured with several clients until the last answer."""
    samples = [max(0.0, one) for one in run["samples_ms"][name]]
    factor = run["cpu_until_answered_ms"][name] * len(samples) / sum(samples)
    return [one * factor for one in samples]


@dataclass(frozen=True)
class Fleet:
    """What all conversations share, and how often it fails."""

    conversations: int = 1_000_000
    """Begun in a day."""
    peak: float = 2.0
    """The busiest hour, against the day's mean."""
    proxies: int = 256
    shards: int = 16
    store_cores: int = 4
    """Of each shard's database."""
    ttl_s: float = 5.0
    """Of a lease."""
    deaths: float = 0.1
    """Of each proxy, in an hour."""
    moved: float = 0.01
    """The part of the requests that the balancer sends to another proxy than the last one."""
    relay: float = 5_000
    """Events a second that a shard's relay publishes."""
    events: float = 11.7
    """Events of a request."""
    wire_bytes: float = 1.25e9
    """Bytes a second that the network of one machine with 16 proxies carries, each way."""
    minutes: float = 10.0
    """Of the busiest hour that are simulated."""


@dataclass
class Outcome:
    """What a simulation has found."""

    requests: int = 0
    added_ms: list[float] = field(default_factory=list)
    replays: int = 0
    """Requests without new edits, since another proxy held the conversation's lease."""
    proxy_used: float = 0.0
    store_used: float = 0.0
    wire_used: float = 0.0
    relay_used: float = 0.0
    lag_s: float = 0.0
    """The longest time that an event waited to be published."""

    @property
    def first_full(self) -> str:
        """What is used most."""
        used = {"CPU": self.proxy_used, "store": self.store_used, "network": self.wire_used, "outbox": self.relay_used}
        return max(used, key=lambda name: used[name])


def shard(fleet: Fleet, costs: Costs, seed: int) -> Outcome:
    """One of the shards in the busiest hour, with its part of the proxies and conversations. A conversation never
    crosses shards, so the others are alike."""
    return _Shard(fleet, costs, seed).run()


class _Shard:
    def __init__(self, fleet: Fleet, costs: Costs, seed: int) -> None:
        self.fleet, self.costs = fleet, costs
        self.chance, self.numbers = random.Random(seed), np.random.default_rng(seed)
        self.env = simpy.Environment()
        self.count = max(1, fleet.proxies // fleet.shards)
        self.proxies = [simpy.Resource(self.env) for _ in range(self.count)]
        self.store = simpy.Resource(self.env, fleet.store_cores)
        self.died = [-1e9] * self.count
        self.out = Outcome()
        self.busy_s = {"proxy": 0.0, "store": 0.0}
        self.carried = 0.0
        self.until = fleet.minutes * 60
        self.queued, self.drained_at = 0.0, 0.0

    def run(self) -> Outcome:
        for at, gaps in self._conversations():
            self.env.process(self._conversation(at, gaps))
        for n in range(self.count):
            self.env.process(self._deaths(n))
        self.env.run(self.until)
        out, fleet = self.out, self.fleet
        out.proxy_used = self.busy_s["proxy"] / self.until / self.count
        out.store_used = self.busy_s["store"] / self.until / fleet.store_cores
        # In from clients and out to the provider: each way has as much.
        out.wire_used = self.carried / self.until / (fleet.wire_bytes * self.count / 16)
        out.relay_used = out.requests * fleet.events / self.until / fleet.relay
        return out

    def _conversations(self) -> Iterator[tuple[float, Any]]:
        """When each goes on within the simulated time, and its pauses from there. Those that began before are in the
        middle."""
        rate = self.fleet.conversations / self.fleet.shards / 86400 * self.fleet.peak
        began = self.numbers.uniform(-LONGEST_S, self.until, int(rate * (LONGEST_S + self.until)))
        for start in began:
            calls = max(1, int(self.numbers.lognormal(*CALLS)))
            person = self.numbers.random(calls) < PERSON
            pauses = np.where(
                person, self.numbers.lognormal(*PERSON_S, calls), self.numbers.lognormal(*TOOL_S, calls)
            ).clip(max=3600.0)
            steps = np.cumsum(pauses + self.numbers.lognormal(*ANSWER_S, calls)) + start
            first = int(np.searchsorted(steps, 0.0))
            if first < calls and steps[first] < self.until:
                yield float(max(0.0, steps[first])), pauses[first:]

    def _conversation(self, at: float, pauses: Any) -> Process:
        yield self.env.timeout(at)
        home, known, leased = self.chance.randrange(self.count), False, -1e9
        size = float(self.numbers.lognormal(*TOKENS)) * BYTES_A_TOKEN
        for pause in pauses:
            here = home
            if self.chance.random() < self.fleet.moved:
                here = self.chance.randrange(self.count)
            started, died = self.env.now, self.died[home]
            # A proxy that ended in the middle of a request keeps the lease until its time is up.
            is_busy = started - died < self.fleet.ttl_s and leased >= died - 0.05
            if died > leased:
                known = False
            drawn = self.chance.choice(self.costs.later if known and here == home else self.costs.first)
            own_ms = drawn * size / self.costs.body_bytes
            yield from self._held(self.proxies[here], own_ms * BEFORE_ANSWER / 1000, "proxy")
            yield from self._held(self.store, self.chance.choice(self.costs.store) / 1000, "store")
            self.out.added_ms.append((self.env.now - started) * 1000)
            self.out.requests += 1
            self.out.replays += is_busy
            self.carried += size
            self._publish()
            known, leased = True, self.env.now
            yield self.env.timeout(float(self.numbers.lognormal(*ANSWER_S)))
            self.env.process(self._held(self.proxies[here], own_ms * (1 - BEFORE_ANSWER) / 1000, "proxy"))
            yield self.env.timeout(float(pause))

    def _held(self, resource: simpy.Resource, seconds: float, name: str) -> Process:
        with resource.request() as mine:
            yield mine
            yield self.env.timeout(seconds)
        self.busy_s[name] += seconds

    def _publish(self) -> None:
        """The events of a request join what waits for the relay."""
        now = self.env.now
        self.queued = max(0.0, self.queued - (now - self.drained_at) * self.fleet.relay) + self.fleet.events
        self.drained_at = now
        self.out.lag_s = max(self.out.lag_s, self.queued / self.fleet.relay)

    def _deaths(self, number: int) -> Process:
        while self.fleet.deaths:
            yield self.env.timeout(self.chance.expovariate(self.fleet.deaths / 3600))
            self.died[number] = self.env.now
