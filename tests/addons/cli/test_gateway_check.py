"""`penstock doctor` looks at the gateway: what would keep its clients out is named, and nothing is changed."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from penstock.base.errors import StoreError
from penstock.base.postgres import PostgresServer
from penstock.gateway.database import FILE_NAME, GatewayStore
from penstock.gateway.keys import add_key
from penstock.gateway.providers import add_provider, delete_provider, find_provider
from penstock.store.store_file import store_file
from penstock_addons.cli.check_result import Installation, Level
from penstock_addons.cli.checks import check_all
from penstock_addons.cli.gateway_check import GatewayFault, gateway
from tests.postgres import free_port


def set_up(folder: Path, *, keys: int = 1) -> Path:
    """A gateway with one provider; the path of the proxy's store beside it."""
    store = GatewayStore(folder / FILE_NAME)
    add_provider(store, "anthropic", "me", workspace=None, credential="sk-dummy")
    for n in range(keys):
        add_key(store, "default", f"key-{n}", "me")
    store.close()
    return folder / "penstock.db"


def test_none_is_no_fault(tmp_path: Path) -> None:
    assert gateway(tmp_path / "penstock.db").said == "none is set up"
    assert not list(tmp_path.iterdir())


def test_counts_providers_and_keys(tmp_path: Path) -> None:
    found = gateway(set_up(tmp_path))
    assert found.said == f"{tmp_path / FILE_NAME}, 1 provider, 1 active key"
    assert not found.fix


def test_says_what_is_still_to_do(tmp_path: Path) -> None:
    assert "keys add" in gateway(set_up(tmp_path, keys=0)).fix
    GatewayStore(tmp_path / "new" / FILE_NAME).close()
    assert "providers add" in gateway(tmp_path / "new" / "penstock.db").fix


def test_a_missing_master_key_is_named(tmp_path: Path) -> None:
    """Without it no provider's credential can be sent. It is in no backup: what is left is to add them again."""
    store = set_up(tmp_path)
    (tmp_path / "master-key").unlink()
    with pytest.raises(GatewayFault, match=r"master key .* is needed") as fault:
        gateway(store)
    assert "The master key is in no backup" in fault.value.fix
    assert "penstock restore" not in fault.value.fix
    with closing(GatewayStore(tmp_path / FILE_NAME)) as again:
        delete_provider(again, find_provider(again, None, "anthropic").id, "me")
        add_provider(again, "anthropic", "me", workspace=None, credential="sk-dummy")
    assert not gateway(store).fix


def test_a_damaged_file_is_named_and_stays(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_bytes(b"no database at all" * 100)
    with pytest.raises(GatewayFault, match="cannot be used") as fault:
        gateway(tmp_path / "penstock.db")
    assert "`penstock restore` brings back" in fault.value.fix
    assert (tmp_path / FILE_NAME).read_bytes().startswith(b"no database")


def test_a_database_that_is_away_is_one_result_of_doctor(tmp_path: Path) -> None:
    """The other checks are still shown."""
    store = store_file(f"postgresql://me@127.0.0.1:{free_port()}/penstock")
    with pytest.raises(StoreError, match="cannot be read"):
        gateway(store)
    found = {one.name: one for one in check_all(Installation("default", free_port(), store, tmp_path))}
    assert found["gateway"].level is Level.FAIL
    assert "store" in found["gateway"].fix
    assert "models" in found


@pytest.mark.slow
def test_no_tables_are_made_in_a_database_without_a_gateway(postgres_url: str) -> None:
    def tables() -> list[str]:
        with closing(PostgresServer(postgres_url, 1)) as server, server.engine.connect() as db:
            return sa.inspect(db).get_table_names()

    before = tables()
    assert gateway(store_file(postgres_url)).said == "none is set up"
    assert tables() == before


@pytest.mark.slow
def test_a_gateway_in_a_database_is_counted(postgres_url: str) -> None:
    store = store_file(postgres_url)
    with closing(GatewayStore.beside(store)) as opened:
        add_provider(opened, "anthropic", "me", workspace=None, credential="sk-dummy")
        add_key(opened, "default", "key", "me")
    assert gateway(store).said == "in the store's database, 1 provider, 1 active key"
