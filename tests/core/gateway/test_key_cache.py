"""Keys are read less often while Redis says when one changes, and a revoked one is refused with Redis and without."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from threading import Condition

import pytest
from redis import Redis

from penstock.base.redis_server import RedisServer
from penstock.gateway import key_cache
from penstock.gateway.database import GatewayStore
from penstock.gateway.errors import BadKey
from penstock.gateway.key_cache import KeyCache
from penstock.gateway.keys import add_key, change_key, check_key, revoke_key, rotate_key
from penstock.gateway.records import ApiKey
from penstock.gateway.workspaces import add_workspace, delete_workspace
from tests.brokers import RedisBroker


class Watched(KeyCache):
    """Says when it heard something."""

    def __init__(self, redis: RedisServer) -> None:
        self.heard: list[bool] = []
        self.changed = Condition()
        super().__init__(redis)

    def _heard(self, is_listening: bool) -> None:
        super()._heard(is_listening)
        with self.changed:
            self.heard.append(is_listening)
            self.changed.notify_all()

    def wait(self, is_so: Callable[[list[bool]], bool]) -> None:
        with self.changed:
            assert self.changed.wait_for(lambda: is_so(self.heard), 60)


@dataclass
class Instance:
    """A proxy's view of the keys."""

    store: GatewayStore
    cache: Watched
    reads: int = field(default=0)

    def key(self, secret: str) -> ApiKey:
        def read() -> ApiKey:
            self.reads += 1
            return check_key(self.store, secret)

        return self.cache.key(secret, read)


@pytest.fixture
def owner(tmp_path: Path, redis_broker: RedisBroker) -> Iterator[GatewayStore]:
    """The store as a command has it."""
    with closing(GatewayStore(tmp_path / "gateway.db")) as store:
        store.redis = redis_broker.url
        yield store


@pytest.fixture
def instances(owner: GatewayStore, redis_broker: RedisBroker) -> Iterator[list[Instance]]:
    """Two that listen."""
    servers = [RedisServer(redis_broker.url) for _ in range(2)]
    found = [Instance(owner, Watched(one)) for one in servers]
    for one in found:
        one.cache.wait(bool)
    yield found
    for server in servers:
        server.close()


def test_a_key_is_read_once(owner: GatewayStore, instances: list[Instance]) -> None:
    secret = add_key(owner, "default", "laptop", "test")[1]
    assert [instances[0].key(secret).name for _ in range(5)] == ["laptop"] * 5
    assert instances[0].reads == 1


def test_a_revoked_key_is_refused_at_every_instance(owner: GatewayStore, instances: list[Instance]) -> None:
    made, secret = add_key(owner, "default", "laptop", "test")
    for one in instances:
        one.key(secret)
    revoke_key(owner, "default", made.id, "test")
    for one in instances:
        one.cache.wait(lambda heard: len(heard) > 1)
        with pytest.raises(BadKey, match="was revoked"):
            one.key(secret)


def test_a_key_of_a_deleted_workspace_is_refused(owner: GatewayStore, instances: list[Instance]) -> None:
    one, _ = instances
    add_workspace(owner, "web", "test")
    secret = add_key(owner, "web", "laptop", "test")[1]
    one.key(secret)
    delete_workspace(owner, "web", "test")
    one.cache.wait(lambda heard: len(heard) > 1)
    with pytest.raises(BadKey):
        one.key(secret)


def test_with_a_redis_that_hangs_each_request_reads_its_key(
    owner: GatewayStore, instances: list[Instance], redis_broker: RedisBroker
) -> None:
    """No notice comes then, and nothing closes the connection."""
    one, _ = instances
    secret = add_key(owner, "default", "laptop", "test")[1]
    one.key(secret)
    with Redis.from_url(redis_broker.url) as client:
        client.client_pause(3_600_000)
        one.cache.wait(lambda heard: not heard[-1])
        assert [one.key(secret).name for _ in range(2)] == ["laptop"] * 2
    assert one.reads == 3


def test_a_changed_or_rotated_key_is_read_again(owner: GatewayStore, instances: list[Instance]) -> None:
    one, _ = instances
    made, secret = add_key(owner, "default", "laptop", "test")
    one.key(secret)
    change_key(owner, "default", made.id, "test", scopes=["admin"])
    one.cache.wait(lambda heard: len(heard) > 1)
    assert one.key(secret).scopes == ("admin",)
    rotate_key(owner, "default", made.id, "test")
    one.cache.wait(lambda heard: len(heard) > 2)
    with pytest.raises(BadKey):
        one.key(secret)


def test_with_redis_gone_a_revoked_key_is_refused_at_once(
    owner: GatewayStore, instances: list[Instance], redis_broker: RedisBroker
) -> None:
    """Each request reads its key then. What revokes goes on without it, too."""
    one, _ = instances
    made, secret = add_key(owner, "default", "laptop", "test")
    one.key(secret)
    redis_broker.kill()
    one.cache.wait(lambda heard: not heard[-1])
    assert [one.key(secret).name for _ in range(2)] == ["laptop"] * 2
    assert one.reads == 3
    revoke_key(owner, "default", made.id, "test")
    with pytest.raises(BadKey, match="was revoked"):
        one.key(secret)
    redis_broker.start()
    one.cache.wait(lambda heard: heard[-1])
    with pytest.raises(BadKey, match="was revoked"):
        one.key(secret)


def test_a_notice_that_is_lost_costs_five_seconds(
    owner: GatewayStore, instances: list[Instance], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, _ = instances
    made, secret = add_key(owner, "default", "laptop", "test")
    one.key(secret)
    owner.redis = ""
    revoke_key(owner, "default", made.id, "test")
    one.key(secret)
    later = time.monotonic() + key_cache.KEPT_S
    monkeypatch.setattr(key_cache.time, "monotonic", lambda: later)
    with pytest.raises(BadKey, match="was revoked"):
        one.key(secret)


def test_a_key_that_changes_while_it_is_read_is_not_kept(owner: GatewayStore, instances: list[Instance]) -> None:
    one, _ = instances
    made, secret = add_key(owner, "default", "laptop", "test")

    def read() -> ApiKey:
        found = check_key(owner, secret)
        revoke_key(owner, "default", made.id, "test")
        one.cache.wait(lambda heard: len(heard) > 1)
        return found

    one.cache.key(secret, read)
    with pytest.raises(BadKey, match="was revoked"):
        one.key(secret)
