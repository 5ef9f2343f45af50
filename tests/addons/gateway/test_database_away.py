"""The gateway's tables are in PostgreSQL, and the server goes away and comes back: no key is refused as wrong, and
nothing that left with a provider's credential stays uncounted."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import httpx
import pytest

from penstock.base.errors import StoreError
from penstock.control.discovery import free_port
from penstock.gateway.database import FILE_NAME, GatewayStore
from penstock.gateway.keys import add_key
from penstock.gateway.quotas import read_limit, set_limits, show_limits
from penstock.gateway.usage import usage_page
from penstock.profiles.gateway import GATEWAY_URL
from penstock.sealing.master_key import FILE_NAME as MASTER_KEY
from penstock.store.store_file import store_file
from tests.addons.gateway.conftest import TeamProxy
from tests.postgres import Server
from tests.road.provider import Provider
from tests.road.proxy import Proxy, Setup, stopping, wait_until

pytestmark = pytest.mark.slow
_MESSAGE = {"model": "claude-opus-5-5", "max_tokens": 10, "messages": [{"role": "user", "content": "hi"}]}
_SCOPE = "workspace:away"


@pytest.fixture
def store(postgres_url: str, tmp_path: Path) -> Iterator[GatewayStore]:
    """The gateway's tables in the database, as its owner sees them."""
    state = tmp_path / "state" / store_file(postgres_url).parent.name
    state.mkdir(parents=True, mode=0o700)
    (state / MASTER_KEY).write_text(secrets.token_hex(32))
    (state / MASTER_KEY).chmod(0o600)
    with closing(GatewayStore(state / FILE_NAME, url=postgres_url)) as store:
        store.redis = ""
        yield store


@pytest.fixture
def start(
    store: GatewayStore, provider: Provider, postgres_url: str, tmp_path: Path
) -> Iterator[Callable[..., TeamProxy]]:
    """Starts a proxy with the gateway's port, and before that one of another mode."""
    with ExitStack() as stack:

        def started(first_mode: str = "") -> TeamProxy:
            options = [f"penstock_store={postgres_url}", "penstock_hosts=127.0.0.1"]
            setup = Setup(tmp_path, first_mode=first_mode, url=GATEWAY_URL, options=options)
            proxy = stack.enter_context(stopping(Proxy(setup, keeps_events=False)))
            return TeamProxy(proxy, f"http://127.0.0.1:{proxy.port()}", store, provider)

        yield started


@contextmanager
def _away(server: Server) -> Iterator[None]:
    server.stop()
    try:
        yield
    finally:
        server.start()


def _ask(client: httpx.Client) -> int:
    return client.post("/v1/messages", json=_MESSAGE).status_code


def _counted(store: GatewayStore) -> int:
    """Requests in the usage; -1 while the server cannot be asked."""
    try:
        return len(usage_page(store, "away")[0])
    except StoreError:
        return -1


def test_known_keys_go_on_for_a_little_and_are_counted_afterwards(
    start: Callable[..., TeamProxy], postgres_server: Server
) -> None:
    """Up to a hundredth of the limit; then, as for a key that was not seen lately, 503: never 401."""
    team = start()
    key, tag = team.workspace("away")
    unseen = add_key(team.store, "away", "unseen", "test")[1]
    set_limits(team.store, _SCOPE, [read_limit("day", "requests", 500), read_limit("day", "dollars", 50)], "test")
    with team.client(key) as known, team.client(unseen) as other, team.client("pst_" + "x" * 43) as stranger:
        assert [_ask(known), _ask(stranger)] == [200, 401]
        with _away(postgres_server):
            assert [_ask(known) for _ in range(8)] == [200] * 5 + [503] * 3
            for one in (other, stranger):
                answer = one.post("/v1/messages", json=_MESSAGE)
                assert (answer.status_code, int(answer.headers["retry-after"]) > 0) == (503, True)
            assert [one.get("/v1/models").status_code for one in (known, other, stranger)] == [503] * 3
        wait_until(lambda: _ask(other) == 200, "the server is asked again")
    wait_until(lambda: _counted(team.store) == 7, "all seven are counted")
    assert len(team.provider.received(tag, 7)) == 7
    lines = usage_page(team.store, "away")[0]
    assert {one.how for one in lines} == {"reported"}
    found = {one.unit: (one.spent, one.held) for one in show_limits(team.store, [_SCOPE])}
    assert found == {"requests": (7, 0), "dollars": (sum(one.dollars for one in lines), 0)}


def test_a_login_of_the_clients_own_goes_on(start: Callable[..., TeamProxy], postgres_server: Server) -> None:
    """To its own host, also when no more is lent to its key."""
    port = free_port("127.0.0.1")
    team = start(f"regular@127.0.0.1:{port}")
    team.proxy.port()
    key, tag = team.workspace("away")
    set_limits(team.store, _SCOPE, [read_limit("day", "requests", 100)], "test")
    headers = {"authorization": "Bearer sk-somebodys-own", "x-penstock-key": key}
    url = f"http://127.0.0.1:{team.provider.port}/{tag}/api/v1/messages"
    with httpx.Client(proxy=f"http://127.0.0.1:{port}", trust_env=False, timeout=60, headers=headers) as client:
        assert client.post(url, json=_MESSAGE).status_code == 200
        with _away(postgres_server):
            assert [client.post(url, json=_MESSAGE).status_code for _ in range(3)] == [200] * 3
    assert {one.head.get("authorization") for one in team.provider.received(tag, 4)} == {"Bearer sk-somebodys-own"}


def test_a_proxy_that_starts_while_the_server_is_away_says_503_until_it_is_there(
    start: Callable[..., TeamProxy], postgres_server: Server
) -> None:
    team = start()
    key, tag = team.workspace("away")
    team.proxy.stop()
    with _away(postgres_server):
        team = start()
        with team.client(key) as client:
            assert [_ask(client) for _ in range(3)] == [503] * 3
    with team.client(key) as client:
        wait_until(lambda: _ask(client) == 200, "the store is open")
    wait_until(lambda: _counted(team.store) == 1, "it is counted")
    assert len(team.provider.received(tag)) == 1
