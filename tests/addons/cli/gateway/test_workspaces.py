"""`penstock workspaces`, as a person types it."""

from __future__ import annotations

import json

import pytest

from penstock.gateway.database import GatewayStore
from penstock.gateway.workspaces import find_workspace, list_workspaces
from tests.addons.cli.gateway.conftest import Fail, Say


def test_settings_are_changed_one_by_one(say: Say, store: GatewayStore) -> None:
    say("workspaces", "add", "web", "--alias", "fast=p/m", "--alias", "slow=p/n", "--redact")
    say("workspaces", "set", "web", "--alias", "fast=", "--alias", "new=p/o", "--profile", "lean")
    settings = find_workspace(store, "web").settings
    assert settings.aliases == {"slow": "p/n", "new": "p/o"}
    assert (settings.redact, settings.profile) == (True, "lean")
    assert "slow -> p/n, new -> p/o, redact" in say("workspaces", "list")
    rows = json.loads(say("workspaces", "list", "--json"))
    assert [(row["name"], row["keys"]) for row in rows] == [("default", 0), ("web", 0)]


def test_one_is_deleted_after_a_question(say: Say, fail: Fail, store: GatewayStore) -> None:
    say("workspaces", "add", "web")
    fail("workspaces", "delete", "web", stdin="n\n")
    say("workspaces", "delete", "web", "--yes")
    assert [one.name for one in list_workspaces(store)] == ["default"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("add", "default"), "there is a workspace default already"),
        (("add", "a/b"), "cannot be the name of a workspace"),
        (("set", "default"), "nothing to change in default: name a setting"),
        (("set", "default", "--alias", "fast"), "'fast': NAME=PROVIDER/MODEL was expected"),
        (("set", "default", "--webhook", "ftp://x"), "webhook"),
        (("set", "nobody", "--redact"), "there is no workspace 'nobody'"),
        (("delete", "default", "--yes"), "the workspace default is always there"),
    ],
)
def test_what_cannot_be_is_said(fail: Fail, words: tuple[str, ...], said: str) -> None:
    assert said in fail("workspaces", *words)
