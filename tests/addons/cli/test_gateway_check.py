"""`penstock doctor` looks at the gateway: what would keep its clients out is named, and nothing is changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from penstock.gateway.database import FILE_NAME, GatewayStore
from penstock.gateway.keys import add_key
from penstock.gateway.providers import add_provider
from penstock_addons.cli.gateway_check import GatewayFault, gateway


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
    """Without it no provider's credential can be sent."""
    store = set_up(tmp_path)
    (tmp_path / "master-key").unlink()
    with pytest.raises(GatewayFault, match=r"master key .* is needed"):
        gateway(store)


def test_a_damaged_file_is_named_and_stays(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_bytes(b"no database at all" * 100)
    with pytest.raises(GatewayFault, match="cannot be used"):
        gateway(tmp_path / "penstock.db")
    assert (tmp_path / FILE_NAME).read_bytes().startswith(b"no database")
