"""Providers, and their credentials, which nobody gets to see again."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

import pytest

from penstock.contexts.contexts import Contexts
from penstock.contexts.records import NewContext
from penstock.contexts.rotation import rotate_master_key
from penstock.gateway.audit_log import audit_page
from penstock.gateway.database import GatewayStore
from penstock.gateway.errors import Conflict, InvalidSetting, NotThere
from penstock.gateway.providers import (
    add_provider,
    change_provider,
    delete_provider,
    find_provider,
    list_providers,
    open_credential,
    rewrap_credentials,
)
from penstock.gateway.schema import models, providers
from penstock.gateway.workspaces import add_workspace
from penstock.sealing.master_key import SealingError

SECRET = "sk-ant-canary-0123456789abcdef"
URL = "https://8.8.8.8"
"""Public, and resolved without asking anybody."""


def _add(store: GatewayStore, name: str = "anthropic", workspace: str | None = "default", **more: Any) -> str:
    given: dict[str, Any] = {"kind": "anthropic", "base_url": URL, "credential": SECRET, **more}
    return add_provider(store, name, "me", workspace=workspace, **given).id


def test_a_credential_is_nowhere_in_clear(path: Path, store: GatewayStore) -> None:
    number = _add(store)
    change_provider(store, number, "me", credential=SECRET + "2")
    found = find_provider(store, "default", number)
    assert open_credential(store.masters, found) == SECRET + "2"
    for file in path.parent.rglob("*"):
        assert b"canary" not in file.read_bytes(), file
    assert "canary" not in repr(found) + repr(audit_page(store, None))


def test_another_master_key_opens_none_and_makes_none(path: Path, store: GatewayStore) -> None:
    """A credential under a key that is lost again is better refused at once."""
    number = _add(store)
    kept = path.with_name("master-key").read_bytes()
    path.with_name("master-key").write_bytes(secrets.token_hex(32).encode())
    with pytest.raises(SealingError, match=r"is needed, and is not in .*master-key: put it back there"):
        open_credential(store.masters, find_provider(store, None, number))
    with pytest.raises(SealingError, match="put it back there"):
        _add(store, "second")
    path.with_name("master-key").unlink()
    with pytest.raises(SealingError):
        open_credential(store.masters, find_provider(store, None, number))
    assert [one.name for one in list_providers(store)] == ["anthropic"]
    path.with_name("master-key").write_bytes(kept)
    assert open_credential(store.masters, find_provider(store, None, number)) == SECRET


def test_a_ciphertext_that_is_moved_to_another_provider_is_refused(store: GatewayStore) -> None:
    """Whoever can write the file cannot have a credential sent to a host of their own."""
    one, two = _add(store), _add(store, "mine", credential="other")
    kept = find_provider(store, None, one).credential
    assert kept is not None
    with store.writing() as db:
        moved = {"sealed": kept.sealed, "wrapped": kept.wrapped, "master": kept.master}
        db.execute(providers.update().where(providers.c.id == two).values(**moved))
    with pytest.raises(SealingError, match="changed, or are those of another value"):
        open_credential(store.masters, find_provider(store, None, two))


def test_credentials_are_kept_when_the_master_key_is_exchanged(path: Path, store: GatewayStore, url: str) -> None:
    """Contexts share the master key, and drop the old one."""
    number = _add(store)
    before = find_provider(store, None, number).credential
    contexts = Contexts(path.with_name("contexts.db"), url=url)
    with contexts.write("w", "me") as writer:
        writer.put("k", NewContext("sealed", seal=True))
    rotate_master_key(contexts)
    contexts.close()
    after = find_provider(store, None, number)
    assert open_credential(store.masters, after) == SECRET
    assert before is not None
    assert after.credential is not None
    assert before.master not in store.masters.known()
    assert after.credential.sealed == before.sealed


def test_credentials_are_encrypted_under_the_newest_master_key(store: GatewayStore) -> None:
    number = _add(store)
    store.masters.add()
    assert rewrap_credentials(store) == 1
    found = find_provider(store, None, number)
    assert found.credential is not None
    assert found.credential.master == store.masters.known()[0]
    store.masters.drop({found.credential.master})
    assert open_credential(store.masters, found) == SECRET


def test_a_workspace_uses_its_own_and_those_of_all(store: GatewayStore) -> None:
    for name in ("web", "ops"):
        add_workspace(store, name, "me")
    everyones, own, other = _add(store, workspace=None), _add(store, workspace="web"), _add(store, "x", "ops")
    assert [one.id for one in list_providers(store, "web")] == [own, everyones]
    assert find_provider(store, "web", "anthropic").id == own
    assert find_provider(store, "ops", "anthropic").id == everyones
    with pytest.raises(NotThere):
        find_provider(store, "web", other)
    with pytest.raises(Conflict, match="there is a provider anthropic already"):
        _add(store, workspace="web")


def test_one_is_deleted_with_its_models(store: GatewayStore) -> None:
    number = _add(store)
    with store.writing() as db:
        db.execute(models.insert().values(provider=number, name="m", entry={}, at=0.0))
    assert delete_provider(store, number, "me").name == "anthropic"
    assert list_providers(store) == []
    with pytest.raises(NotThere):
        delete_provider(store, number, "me")


@pytest.mark.parametrize(
    ("said", "names"),
    [
        ({"kind": "antropic"}, "kind 'antropic'.*Did you mean.*anthropic"),
        ({"kind": "openai-compatible", "base_url": ""}, "needs the address it answers at"),
        ({"credential": ""}, "needs a credential"),
        ({"credential": f"Bearer {SECRET}"}, "has a space in it; the bare key"),
        ({"credential": "a\nb"}, "printable ASCII"),
        ({"credential": "a" * 4001}, "credential"),
        ({"base_url": "https://127.0.0.1"}, "this machine's own network"),
        ({"name": "a/b"}, "cannot be the name of a provider"),
    ],
)
def test_what_no_provider_can_have_is_refused_by_name(store: GatewayStore, said: dict[str, Any], names: str) -> None:
    with pytest.raises(InvalidSetting, match=names) as refused:
        _add(store, **said)
    assert refused.value.param, "the setting is told"
    assert SECRET not in str(refused.value)
    assert list_providers(store) == []


def test_one_of_no_workspace_is_refused_in_words(store: GatewayStore) -> None:
    with pytest.raises(NotThere, match="no workspace 'tema'"):
        _add(store, workspace="tema")


def test_a_change_is_checked_as_a_new_one_is(store: GatewayStore) -> None:
    number = _add(store)
    with pytest.raises(InvalidSetting, match="this machine's own network"):
        change_provider(store, number, "me", base_url="https://127.0.0.1")
    with pytest.raises(InvalidSetting, match="needs a credential"):
        change_provider(store, number, "me", credential="")
    changed = change_provider(store, number, "me", base_url="http://127.0.0.1:9/v1", allow_private=True)
    assert (changed.base_url, changed.allow_private) == ("http://127.0.0.1:9", True)
    assert open_credential(store.masters, changed) == SECRET
    with pytest.raises(InvalidSetting, match="only https"):
        change_provider(store, number, "me", allow_private=False)
