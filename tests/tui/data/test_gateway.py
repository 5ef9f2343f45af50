"""Keys, limits and usage, read from a gateway's store."""

from __future__ import annotations

import getpass

import pytest

from penstock.base.errors import PenstockError
from penstock.gateway.audit_log import audit_page
from penstock.gateway.database import FILE_NAME
from penstock.gateway.keys import find_key
from penstock.gateway.records import BILLION
from penstock.gateway.workspaces import delete_workspace
from penstock_tui.data.gateway import KeyRow, read_gateway, read_key, revoke
from tests.tui.gateways import a_team, gateway_of
from tests.tui.logs import Log


def test_the_good_keys_first_with_what_they_spent(log: Log) -> None:
    """Today and this month, both of UTC."""
    a_team(log)
    found = read_gateway(log.path, log.clock)
    assert found is not None
    assert [(one.key.name, one.state, one.today / BILLION, one.month / BILLION) for one in found.keys] == [
        ("anna", "active", 3.25, 4.5),
        ("ben", "revoked", 0, 0),
        ("carla", "expired", 0, 0.5),
    ]
    assert [(one.name, one.requests) for one in found.by_model] == [("ours/opus", 1)]
    assert (found.today, found.month) == (3.25 * BILLION, 5 * BILLION)


def test_limits_say_what_counts_against_them(log: Log) -> None:
    a_team(log)
    found = read_gateway(log.path, log.clock)
    assert found is not None
    assert {one.scope.partition(":")[0]: (one.spent, one.held, one.cap) for one in found.limits} == {
        "key": (3.25 * BILLION, BILLION, 5 * BILLION),
        "workspace": (9000, 1000, 10_000),
        "model": (1, 0, 4),
    }


def test_what_a_deleted_key_spent_counts_still(log: Log) -> None:
    a_team(log)
    with gateway_of(log) as store:
        delete_workspace(store, "web", "me")
    found = read_gateway(log.path, log.clock)
    assert found is not None
    assert "carla" not in [one.key.name for one in found.keys]
    assert found.month == 5 * BILLION


def test_looking_begins_no_gateway(log: Log) -> None:
    """Neither the list of keys nor one of them, which was there a moment ago."""
    anna = a_team(log)["anna"]
    (log.path.parent / FILE_NAME).unlink()
    assert read_gateway(log.path, log.clock) is None
    with pytest.raises(PenstockError, match="There is no gateway beside this log any more"):
        read_key(log.path, log.clock, KeyRow(anna, "active", 0, 0))
    with pytest.raises(PenstockError, match="There is no gateway beside this log any more"):
        revoke(log.path, log.clock, anna)
    assert not (log.path.parent / FILE_NAME).exists()


def test_an_empty_file_is_no_gateway_and_stays_empty(log: Log) -> None:
    """Such as a copy that broke off leaves."""
    log.started()
    (log.path.parent / FILE_NAME).touch()
    assert read_gateway(log.path, log.clock) is None
    assert (log.path.parent / FILE_NAME).stat().st_size == 0


def test_a_store_that_cannot_be_read_is_said(log: Log) -> None:
    """Never an exception on the reader's thread."""
    log.started()
    (log.path.parent / FILE_NAME).write_text("a letter, and no database " * 100)
    found = read_gateway(log.path, log.clock)
    assert found is not None
    assert f"{FILE_NAME} cannot be opened: file is not a database" in found.error


def test_one_key_with_its_days_and_requests(log: Log) -> None:
    """The newest first; its own limits and those of its workspace, and nothing of another key."""
    anna = a_team(log)["anna"]
    page = read_key(log.path, log.clock, KeyRow(anna, "active", 0, 0))
    assert [one.dollars / BILLION for one in page.days] == [3.25, 1.25]
    assert [one.exchange for one in page.lines] == ["today", "yesterday"]
    assert {one.scope for one in page.limits} == {f"key:{anna.id}", "workspace:default"}


def test_who_revoked_a_key_is_in_the_audit_log(log: Log) -> None:
    anna = a_team(log)["anna"]
    revoke(log.path, log.clock, anna)
    with gateway_of(log) as store:
        assert find_key(store, "default", anna.id).revoked_at is not None
        newest = audit_page(store, "default")[0][0]
    assert (newest.did, newest.by) == ("key revoked", f"{getpass.getuser()}, screen")
