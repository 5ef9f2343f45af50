"""Several proxies share one rate limit by Redis, and each has its part of it while Redis is away."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
from redis import Redis

from penstock.base.redis_server import RedisServer, why_away
from penstock.budget.rate_limiter import RateLimiter
from penstock.budget.scopes import BudgetOwner
from penstock.budget.settings import Rate, Rates
from penstock.budget.shared_rates import Share, SharedRates, SharedTurn
from tests.brokers import RedisBroker
from tests.road.proxy import wait_until

WHO = BudgetOwner("c", credential="a", project="kiln", provider="anthropic")
RATES = Rates(credential=Rate(requests_per_minute=0.01, burst=1000))
"""Ten at once, and then none for long."""


@pytest.fixture
def servers(redis_broker: RedisBroker) -> Iterator[list[RedisServer]]:
    """The connections of two processes that know of each other."""
    made = [RedisServer(redis_broker.url) for _ in range(2)]
    for one in made:
        one.listen("notices", lambda _: None)
    wait_until(lambda: [one.listeners for one in made] == [2, 2], "they know of each other")
    yield made
    for one in made:
        one.close()


@pytest.fixture
def proxies(servers: list[RedisServer]) -> list[RateLimiter]:
    return [RateLimiter(SharedRates(one)) for one in servers]


def let_through(speed: RateLimiter, rates: Rates = RATES, asked: int = 20) -> int:
    return sum(speed.turn(WHO, rates, 1, 100.0).is_given for _ in range(asked))


def returning() -> list[threading.Thread]:
    return [one for one in threading.enumerate() if one.name == "penstock-rates"]


def returned() -> None:
    """Wait until all turns are given back."""
    for thread in returning():
        thread.join(60)


def test_two_proxies_share_one_limit(proxies: list[RateLimiter]) -> None:
    assert [let_through(one, asked=6) for one in proxies] == [6, 4]
    refused = proxies[0].turn(WHO, RATES, 1, 100.0)
    assert "requests a minute for this credential" in refused.message
    assert 0 < refused.wait_s <= 6000


def test_what_was_not_used_is_everyones_again(proxies: list[RateLimiter]) -> None:
    one, other = proxies
    assert (let_through(one, asked=10), let_through(other)) == (10, 0)
    one.give_back(WHO, RATES, 1, 100.0)
    returned()
    assert let_through(other) == 1


def test_a_turn_that_one_limit_refuses_takes_nothing_of_the_others(proxies: list[RateLimiter]) -> None:
    one, other = proxies
    both = RATES.model_copy(update={"project": Rate(requests_per_minute=0.01, burst=300)})
    assert let_through(one, both) == 3
    assert let_through(other, both) == 0
    assert let_through(other) == 7


def test_requests_queue_behind_those_of_other_proxies(proxies: list[RateLimiter]) -> None:
    one, other = proxies
    rates = Rates(queue_s=100.0, credential=Rate(requests_per_minute=2, burst=0.5))
    assert one.turn(WHO, rates, 1, 100.0).wait_s == 0
    assert other.turn(WHO, rates, 1, 100.0).wait_s == pytest.approx(30, abs=2)


def test_while_redis_is_away_each_proxy_has_its_part_of_the_limit(
    redis_broker: RedisBroker, servers: list[RedisServer], proxies: list[RateLimiter]
) -> None:
    """Half of it for each of two. What it has let through before counts."""
    one, other = proxies
    assert (let_through(one, asked=4), let_through(other, asked=3)) == (4, 3)
    redis_broker.kill()
    assert (let_through(one), let_through(other)) == (1, 2)
    assert all("does not answer" in server.why for server in servers)


def test_a_redis_that_hangs_holds_up_nobody_for_long(
    redis_broker: RedisBroker, servers: list[RedisServer], proxies: list[RateLimiter]
) -> None:
    one, other = proxies
    assert (let_through(one, asked=4), let_through(other, asked=3)) == (4, 3)
    with Redis.from_url(redis_broker.url) as client:
        client.client_pause(3_600_000)
        assert (let_through(one), let_through(other)) == (1, 2)
    assert all("does not answer" in server.why for server in servers)


def test_a_part_fills_at_its_part_of_the_rate_until_redis_is_back(
    redis_broker: RedisBroker, servers: list[RedisServer], proxies: list[RateLimiter]
) -> None:
    one, rates = proxies[0], Rates(credential=Rate(requests_per_minute=60))
    redis_broker.kill()
    assert sum(one.turn(WHO, rates, 1, 0.0).is_given for _ in range(60)) == 30
    assert sum(one.turn(WHO, rates, 1, 10.0).is_given for _ in range(60)) == 5
    redis_broker.start()
    wait_until(lambda: not servers[0].why, "Redis is asked again")
    assert sum(one.turn(WHO, rates, 1, 10.0).is_given for _ in range(60)) == 30


def test_a_redis_that_takes_no_writes_is_away(redis_broker: RedisBroker) -> None:
    """It is not asked again with each second's probe: a replica answers a ping."""
    with Redis.from_url(redis_broker.url) as client:
        client.replicaof("127.0.0.1", "1")
    assert "does not answer" in why_away(redis_broker.url)


def test_an_emptied_redis_gives_no_proxy_more_than_the_limit(
    redis_broker: RedisBroker, proxies: list[RateLimiter]
) -> None:
    one, other = proxies
    assert let_through(one) == 10
    with Redis.from_url(redis_broker.url) as client:
        client.flushall()
    assert (let_through(one), let_through(other)) == (0, 10)


def test_buckets_that_are_full_again_leave_redis(redis_broker: RedisBroker, proxies: list[RateLimiter]) -> None:
    """And no name of a credential or project is in it."""
    proxies[0].turn(WHO, Rates(project=Rate(requests_per_minute=60)), 1, 100.0)
    with Redis.from_url(redis_broker.url) as client:
        (name,) = client.keys("penstock:rate:*")
        assert b"kiln" not in name
        assert 0 < client.ttl(name) <= 2


def test_an_answer_waits_for_no_turn_that_is_asked_for() -> None:
    """P11: the event loop notes what a provider reports, while a thread waits for Redis."""

    class Waits(SharedRates):
        def turn(self, shares: Sequence[Share], queue_s: float) -> SharedTurn | None:
            noted.append(pool.submit(speed.show, 100.0).result(10)["providers"])
            return None

    noted: list[object] = []
    with ThreadPoolExecutor() as pool:
        speed = RateLimiter(Waits(RedisServer("redis://127.0.0.1:1")))
        assert speed.turn(WHO, RATES, 1, 100.0).is_given
        speed.give_back(WHO, RATES, 1, 100.0)
        returned()
    assert noted == [[], []]


def test_what_is_given_back_holds_up_nobody() -> None:
    """P11: the event loop gives back the turn of a client that has left, whether Redis answers or not."""

    class Hangs(SharedRates):
        def turn(self, shares: Sequence[Share], queue_s: float) -> SharedTurn | None:
            answers.wait(60)
            return None

    answers = threading.Event()
    speed = RateLimiter(Hangs(RedisServer("redis://127.0.0.1:1")))
    for _ in range(20):
        speed.give_back(WHO, RATES, 1, 100.0)
    assert len(returning()) <= 8
    answers.set()
    returned()
