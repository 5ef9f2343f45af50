"""Several proxies share one rate limit by Redis, and each keeps to it alone while Redis is away."""

from __future__ import annotations

import pytest
from redis import Redis

from penstock.base.redis_server import RedisServer
from penstock.budget.rate_limiter import RateLimiter
from penstock.budget.scopes import BudgetOwner
from penstock.budget.settings import Rate, Rates
from penstock.budget.shared_rates import SharedRates
from tests.brokers import RedisBroker

WHO = BudgetOwner("c", credential="a", project="kiln", provider="anthropic")
RATES = Rates(credential=Rate(requests_per_minute=0.01, burst=1000))
"""Ten at once, and then none for long."""


@pytest.fixture
def redis(redis_broker: RedisBroker) -> RedisServer:
    return RedisServer(redis_broker.url)


@pytest.fixture
def proxies(redis: RedisServer) -> list[RateLimiter]:
    return [RateLimiter(SharedRates(redis)) for _ in range(2)]


def let_through(speed: RateLimiter, rates: Rates = RATES, asked: int = 20) -> int:
    return sum(speed.turn(WHO, rates, 1, 100.0).is_given for _ in range(asked))


def test_two_proxies_share_one_limit(proxies: list[RateLimiter]) -> None:
    assert [let_through(one, asked=6) for one in proxies] == [6, 4]
    refused = proxies[0].turn(WHO, RATES, 1, 100.0)
    assert "requests a minute for this credential" in refused.message
    assert 0 < refused.wait_s <= 6000


def test_what_was_not_used_is_everyones_again(proxies: list[RateLimiter]) -> None:
    one, other = proxies
    assert (let_through(one, asked=10), let_through(other)) == (10, 0)
    one.give_back(WHO, RATES, 1, 100.0)
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


def test_while_redis_is_away_each_proxy_keeps_to_the_limit_alone(
    redis_broker: RedisBroker, redis: RedisServer, proxies: list[RateLimiter]
) -> None:
    """What it has let through before counts."""
    one, other = proxies
    assert (let_through(one, asked=4), let_through(other, asked=3)) == (4, 3)
    redis_broker.kill()
    assert (let_through(one), let_through(other)) == (6, 7)
    assert "does not answer" in redis.why
    redis.close()


def test_a_redis_that_hangs_holds_up_nobody_for_long(
    redis_broker: RedisBroker, redis: RedisServer, proxies: list[RateLimiter]
) -> None:
    one, other = proxies
    assert (let_through(one, asked=4), let_through(other, asked=3)) == (4, 3)
    with Redis.from_url(redis_broker.url) as client:
        client.client_pause(3_600_000)
        assert (let_through(one), let_through(other)) == (6, 7)
    assert "does not answer" in redis.why
    redis.close()


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
        (name,) = client.keys()
        assert b"kiln" not in name
        assert 0 < client.ttl(name) <= 2
