"""Keys: made once, known again, rotated, expired and revoked."""

from __future__ import annotations

from pathlib import Path

import pytest

from penstock.base.clock import ManualClock
from penstock.base.errors import PenstockError
from penstock.gateway.audit_log import audit_page
from penstock.gateway.database import GatewayStore
from penstock.gateway.errors import BadKey, InvalidSetting, NotThere
from penstock.gateway.keys import (
    add_key,
    change_key,
    check_key,
    find_key,
    list_keys,
    revoke_key,
    rotate_key,
)
from penstock.gateway.workspaces import add_workspace
from tests.core.gateway.tables import dump


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_only_its_digest_is_on_disk(path: Path, store: GatewayStore) -> None:
    key, secret = add_key(store, "default", "laptop", "me")
    _, new = rotate_key(store, "default", key.id, "me", grace_s=60)
    check_key(store, secret)
    revoke_key(store, "default", key.id, "me")
    files = [file for file in path.parent.rglob("*") if file.is_file()]
    assert path in files
    for file in files:
        kept = file.read_bytes()
        for one in (secret, new):
            assert one.encode() not in kept, file
            assert one[8:].encode() not in kept, file


def test_a_key_is_known_again_with_all_that_was_said_of_it(store: GatewayStore, clock: ManualClock) -> None:
    key, secret = add_key(
        store, "default", "ci", "me", scopes=["usage", "models"], models=["fast", "p/*"], expires_at=clock.now() + 5
    )
    assert secret.startswith(key.prefix)
    assert key.scopes == ("models", "usage")
    assert check_key(store, secret) == key == find_key(store, "default", key.id)
    assert list_keys(store, "default") == [key]


def test_an_unknown_key_writes_nothing(path: Path, store: GatewayStore) -> None:
    """Whoever tries keys by the thousand fills no table, and no file."""
    add_key(store, "default", "one", "me")
    files = {file: file.read_bytes() for file in path.parent.glob("*") if file.suffix != ".db-shm"}
    before = dump(store)
    for guess in ("", "pst_", "pst_" + "a" * 43, "pst_\udc80\x00", "sk-ant-1", "pst_" + "x" * 10_000):
        with pytest.raises(BadKey):
            check_key(store, guess)
    assert dump(store) == before
    for file, content in files.items():
        assert file.read_bytes() == content, file


def test_rotation_keeps_the_id_and_gives_the_old_one_time(store: GatewayStore, clock: ManualClock) -> None:
    key, old = add_key(store, "default", "ci", "me")
    rotated, new = rotate_key(store, "default", key.id, "me", grace_s=60)
    assert rotated.id == key.id
    assert check_key(store, old) == check_key(store, new) == rotated
    clock.advance(60)
    with pytest.raises(BadKey, match="replaced: use the new one of ci"):
        check_key(store, old)
    assert check_key(store, new).id == key.id
    _, newest = rotate_key(store, "default", key.id, "me")
    with pytest.raises(BadKey):
        check_key(store, new)
    check_key(store, newest)


def test_a_key_ends_at_its_time(store: GatewayStore, clock: ManualClock) -> None:
    key, secret = add_key(store, "default", "ci", "me", expires_at=clock.now() + 60)
    clock.advance(59)
    check_key(store, secret)
    clock.advance(1)
    with pytest.raises(BadKey, match="has expired"):
        check_key(store, secret)
    assert key.state(clock.now()) == "expired"
    change_key(store, "default", key.id, "me", expires_at=None)
    check_key(store, secret)


def test_a_revoked_key_is_refused_and_so_is_the_one_before_it(store: GatewayStore) -> None:
    key, old = add_key(store, "default", "ci", "me")
    _, new = rotate_key(store, "default", key.id, "me", grace_s=3600)
    first = revoke_key(store, "default", key.id, "me")
    assert revoke_key(store, "default", key.id, "me") == first, "again changes nothing"
    for secret in (old, new):
        with pytest.raises(BadKey):
            check_key(store, secret)
    with pytest.raises(InvalidSetting, match="was revoked: make a new one"):
        rotate_key(store, "default", key.id, "me")


def test_a_key_of_one_workspace_is_not_there_in_another(store: GatewayStore) -> None:
    add_workspace(store, "other", "me")
    key, _ = add_key(store, "default", "ci", "me")
    for call in (find_key, revoke_key, rotate_key, change_key):
        with pytest.raises(NotThere):
            call(store, "other", key.id, *(() if call is find_key else ("me",)))
    assert list_keys(store, "other") == []


def test_a_key_of_no_workspace_is_refused_in_words(store: GatewayStore) -> None:
    with pytest.raises(NotThere, match="no workspace 'tema'"):
        add_key(store, "tema", "ci", "me")


@pytest.mark.parametrize(
    ("said", "names"),
    [
        ({"name": "a b"}, "'a b' cannot be the name of a key"),
        ({"name": ""}, "name of a key"),
        ({"scopes": ["model"]}, "'model' is none.*Did you mean.*models"),
        ({"scopes": []}, "one or more of"),
        ({"models": [""]}, "1 to 200 characters"),
        ({"expires_at": 1.0}, "expires_at"),
        ({"expires_at": float("nan")}, "expires_at"),
        ({"expires_at": float("inf")}, "expires_at"),
    ],
)
def test_what_no_key_can_have_is_refused_by_name(
    path: Path, store: GatewayStore, said: dict[str, object], names: str
) -> None:
    before = dump(store)
    with pytest.raises(InvalidSetting, match=names):
        add_key(store, "default", **{"name": "ci", "by": "me", **said})  # type: ignore[arg-type]
    assert dump(store) == before


@pytest.mark.parametrize("grace", [-1.0, float("nan"), 31 * 86400.0])
def test_a_grace_that_is_no_time_is_refused(store: GatewayStore, grace: float) -> None:
    key, secret = add_key(store, "default", "ci", "me")
    with pytest.raises(InvalidSetting, match="grace_s"):
        rotate_key(store, "default", key.id, "me", grace_s=grace)
    check_key(store, secret)


def test_each_change_is_in_the_audit_log_without_the_secret(store: GatewayStore) -> None:
    key, secret = add_key(store, "default", "ci", "anna")
    change_key(store, "default", key.id, "ben", models=["fast"])
    revoke_key(store, "default", key.id, "cleo")
    lines, _ = audit_page(store, "default")
    assert [(one.by, one.did, one.on) for one in lines] == [
        ("cleo", "key revoked", f"ci ({key.id})"),
        ("ben", "key changed", f"ci ({key.id})"),
        ("anna", "key added", f"ci ({key.id})"),
    ]
    assert secret[8:] not in str(lines)


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_a_store_that_cannot_be_read_is_no_bad_key(store: GatewayStore, path: Path) -> None:
    """A client would throw its key away."""
    _, secret = add_key(store, "default", "ci", "me")
    store.close()
    for file in path.parent.glob("gateway.db*"):
        file.write_bytes(b"x" * 8192)
    with pytest.raises(PenstockError) as failed:
        check_key(store, secret)
    assert not isinstance(failed.value, BadKey)
