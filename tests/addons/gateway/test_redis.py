"""Two gateways on one PostgreSQL share limits of speed and hear of revoked keys by Redis. When Redis is killed, no
request fails, each goes on with its half, and a revoked key is refused all the same."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import httpx
import pytest
from redis import Redis

from penstock.gateway.database import FILE_NAME, GatewayStore
from penstock.gateway.key_cache import KEPT_S
from penstock.gateway.keys import list_keys, revoke_key
from penstock.profiles.gateway import GATEWAY_URL
from penstock.sealing.master_key import FILE_NAME as MASTER_KEY
from penstock.store.store_file import store_file
from tests.addons.gateway.conftest import TeamProxy
from tests.brokers import RedisBroker
from tests.road.provider import Provider
from tests.road.proxy import Proxy, Setup, stopping, wait_until

pytestmark = pytest.mark.slow
_LIMIT = 10
_MESSAGE = {"model": "claude-opus-5-5", "max_tokens": 10, "messages": [{"role": "user", "content": "hi"}]}


@pytest.fixture
def teams(
    provider: Provider, redis_broker: RedisBroker, postgres_url: str, tmp_path: Path
) -> Iterator[tuple[TeamProxy, TeamProxy]]:
    """Two gateways that let ten requests of a workspace through, and then none for long."""
    master = secrets.token_hex(32)
    rate = f"[rate.credential]\nrequests_per_minute = 0.01\nburst = {100 * _LIMIT}\n"
    profile = f'{Setup(tmp_path).profile}\n{rate}[service]\nredis = "{redis_broker.url}"\n'
    with ExitStack() as stack:

        def gateway(name: str) -> TeamProxy:
            setup = Setup(tmp_path / name, url=GATEWAY_URL, profile=profile, options=[f"penstock_store={postgres_url}"])
            state = tmp_path / name / "state" / store_file(postgres_url).parent.name
            state.mkdir(parents=True, mode=0o700)
            (state / MASTER_KEY).write_text(master)
            (state / MASTER_KEY).chmod(0o600)
            store = stack.enter_context(closing(GatewayStore(state / FILE_NAME, url=postgres_url)))
            store.redis = redis_broker.url
            proxy = stack.enter_context(stopping(Proxy(setup, keeps_events=False)))
            return TeamProxy(proxy, f"http://127.0.0.1:{proxy.port()}", store, provider)

        yield gateway("one"), gateway("other")


def _ask(team: TeamProxy, key: str, times: int) -> Counter[int]:
    with team.client(key) as client:
        return Counter(client.post("/v1/messages", json=_MESSAGE).status_code for _ in range(times))


def _know_of_each_other(redis_broker: RedisBroker) -> None:
    """Returns when both have asked how many they are."""
    asked: set[str] = set()
    with Redis.from_url(redis_broker.url) as client, client.monitor() as monitor:
        wait_until(lambda: client.pubsub_numsub("penstock:keys") == [(b"penstock:keys", 2)], "both listen")
        for command in monitor.listen():
            if command["command"] == "PUBSUB NUMSUB penstock:keys":
                asked.add(command["client_port"])
            if len(asked) == 3:  # and this test itself
                return


def _degraded(team: TeamProxy) -> object:
    answer = httpx.get(f"{team.url}/readyz", trust_env=False, timeout=30)
    assert answer.status_code == 200
    return answer.json()["degraded"]


def test_a_limit_of_speed_holds_for_both_and_without_redis_each_has_its_half(
    teams: tuple[TeamProxy, TeamProxy], redis_broker: RedisBroker
) -> None:
    one, other = teams
    key, _ = one.workspace("shared")
    _know_of_each_other(redis_broker)
    assert _ask(one, key, 6) == {200: 6}
    assert _ask(other, key, 6) == {200: 4, 429: 2}
    assert _degraded(one) == _degraded(other) == []
    redis_broker.kill()
    # Each has five, of which it knows the six and the four that it let through.
    assert _ask(one, key, 6) == {429: 6}
    assert _ask(other, key, 8) == {200: 1, 429: 7}
    for team in teams:
        wait_until(lambda team=team: _degraded(team) == ["redis"], "the probe says that Redis is away")
    redis_broker.start()
    for team in teams:
        wait_until(lambda team=team: _degraded(team) == [], "Redis is asked again")


@pytest.mark.parametrize("has_redis", [True, False])
def test_a_revoked_key_is_refused_by_both(
    teams: tuple[TeamProxy, TeamProxy], redis_broker: RedisBroker, has_redis: bool
) -> None:
    one, other = teams
    key, _ = one.workspace("revoked")
    assert _ask(one, key, 2) == _ask(other, key, 2) == {200: 2}
    if not has_redis:
        redis_broker.kill()
    (made,) = list_keys(one.store, "revoked")
    revoke_key(one.store, "revoked", made.id, "test")
    for team in teams:
        wait_until(lambda team=team: _ask(team, key, 1) == {401: 1}, f"it is refused within {KEPT_S} s")
