"""The master key is exchanged under everything that needs it: sealed contexts, and the gateway's credentials."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from penstock.base.errors import StoreError
from penstock.contexts import rotation
from penstock.contexts.contexts import Contexts
from penstock.contexts.errors import Sealed
from penstock.contexts.records import NewContext
from penstock.contexts.rotation import rotate_master_key
from penstock.gateway.database import FILE_NAME, GatewayStore
from penstock.gateway.providers import add_provider, find_provider, open_credential


@pytest.fixture
def contexts(tmp_path: Path) -> Iterator[Contexts]:
    with closing(Contexts(tmp_path / "contexts.db")) as opened:
        yield opened


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[GatewayStore]:
    with closing(GatewayStore(tmp_path / FILE_NAME)) as opened:
        add_provider(opened, "openai", "owner", workspace=None, credential="sk-1", base_url="https://192.0.2.1")
        yield opened


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("penstock.gateway.providers.check_base_url", lambda given, **_: given)


def credential(gateway: GatewayStore) -> str:
    return open_credential(gateway.masters, find_provider(gateway, None, "openai"))


def seal(contexts: Contexts) -> None:
    with contexts.write("default", "me") as writer:
        writer.put("plan", NewContext("secret", seal=True))


@pytest.mark.parametrize("is_sealed", [True, False])
def test_credentials_are_opened_by_the_new_master_key_alone(
    contexts: Contexts, gateway: GatewayStore, is_sealed: bool
) -> None:
    if is_sealed:
        seal(contexts)
    before = contexts.masters.known()
    assert rotate_master_key(contexts) == 1 + is_sealed
    [after] = contexts.masters.known()
    assert after not in before
    assert credential(gateway) == "sk-1"
    if is_sealed:
        assert contexts.get("default", "plan").data == "secret"


def test_a_rotation_that_is_cut_off_loses_no_credential(
    contexts: Contexts, gateway: GatewayStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    seal(contexts)

    def cut_off(_: GatewayStore) -> int:
        raise StoreError("the disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(rotation, "rewrap_credentials", cut_off)
        with pytest.raises(StoreError):
            rotate_master_key(contexts)
    assert (credential(gateway), contexts.get("default", "plan").data) == ("sk-1", "secret")
    assert rotate_master_key(contexts) == 2
    assert len(contexts.masters.known()) == 1
    assert credential(gateway) == "sk-1"


def test_a_lost_master_key_of_credentials_is_named_and_nothing_is_changed(
    contexts: Contexts, gateway: GatewayStore, tmp_path: Path
) -> None:
    kept = (tmp_path / "master-key").read_bytes()
    (tmp_path / "master-key").write_text("f" * 64)
    with pytest.raises(Sealed, match="is needed"):
        rotate_master_key(contexts)
    assert (tmp_path / "master-key").read_text() == "f" * 64
    (tmp_path / "master-key").write_bytes(kept)
    assert credential(gateway) == "sk-1"


def test_a_gateway_without_credentials_makes_no_master_key(contexts: Contexts, tmp_path: Path) -> None:
    GatewayStore(tmp_path / FILE_NAME).close()
    assert rotate_master_key(contexts) == 0
    assert not (tmp_path / "master-key").exists()
