"""Redis is optional, and what is wrong with its setting is said without its password."""

from __future__ import annotations

import sys

import pytest

from penstock.base.errors import PenstockError
from penstock.base.redis_server import RedisServer, why_away
from tests.brokers import RedisBroker
from tests.road.proxy import wait_until


def test_a_url_that_is_none_is_refused() -> None:
    with pytest.raises(PenstockError, match="no URL of Redis") as refused:
        RedisServer("http://user:secret@host")
    assert "secret" not in str(refused.value)


def test_without_the_client_library_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "redis", None)
    with pytest.raises(PenstockError, match=r"pip install 'penstock\[redis\]'"):
        RedisServer("redis://127.0.0.1")


def test_one_that_is_away_is_named(redis_broker: RedisBroker) -> None:
    assert why_away(redis_broker.url) == ""
    redis_broker.kill()
    found = why_away(redis_broker.url.replace("//", "//user:secret@"))
    assert "does not answer" in found
    assert "secret" not in found


def test_it_is_asked_again_when_it_is_back(redis_broker: RedisBroker) -> None:
    """While it is away, nobody waits for it."""
    server = RedisServer(redis_broker.url)
    assert server.ask(lambda redis: redis.ping()) is True
    redis_broker.kill()
    assert server.ask(lambda redis: redis.ping()) is None
    assert server.ask(lambda redis: pytest.fail("it is away")) is None
    redis_broker.start()
    wait_until(lambda: server.ask(lambda redis: redis.ping()) is True, "Redis is asked again")
    server.close()
