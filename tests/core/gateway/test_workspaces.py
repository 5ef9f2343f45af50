"""Workspaces: a team's own part of the gateway."""

from __future__ import annotations

from dataclasses import replace

import pytest

from penstock.gateway.database import GatewayStore
from penstock.gateway.errors import BadKey, Conflict, InvalidSetting, NotThere
from penstock.gateway.holds import hold, settle
from penstock.gateway.keys import add_key, check_key
from penstock.gateway.providers import add_provider, list_providers
from penstock.gateway.quotas import limits_of, set_limits
from penstock.gateway.records import Limit, Usage
from penstock.gateway.schema import models
from penstock.gateway.usage import usage_page
from penstock.gateway.workspaces import (
    add_workspace,
    change_workspace,
    delete_workspace,
    find_workspace,
    list_workspaces,
)
from tests.core.gateway.tables import call, rows


def test_settings_are_kept_and_taken_back_one_by_one(store: GatewayStore) -> None:
    add_workspace(store, "web", "me", {"aliases": {"fast": "p/m"}, "redact": True})
    changed = change_workspace(store, "web", "me", {"profile": "lean", "redact": None})
    assert changed == find_workspace(store, "web")
    assert (changed.settings.profile, changed.settings.redact) == ("lean", False)
    assert changed.settings.aliases == {"fast": "p/m"}
    assert [one.name for one in list_workspaces(store)] == ["default", "web"]


def test_a_name_is_there_once_however_it_is_written(store: GatewayStore) -> None:
    add_workspace(store, "Web", "me")
    with pytest.raises(Conflict, match="there is a workspace web already"):
        add_workspace(store, "web", "me")


@pytest.mark.parametrize("name", ["", "a/b", "a b", ".a", "a\n", "é", "a" * 81, "a:b", "../x"])
def test_a_name_that_none_can_have_is_refused(store: GatewayStore, name: str) -> None:
    with pytest.raises(InvalidSetting, match="cannot be the name of a workspace"):
        add_workspace(store, name, "me")


@pytest.mark.parametrize(
    ("settings", "names"),
    [
        ({"alias": {}}, "no setting 'alias'.*Did you mean.*aliases"),
        ({"redact": "perhaps"}, "redact"),
        ({"webhook": "ftp://x"}, "webhook"),
        ({"webhook": "http://[::1"}, "webhook"),
        ({"webhook": "http://"}, "webhook"),
        ({"webhook": "http://hooks:99999/"}, "webhook"),
        ({"webhook": "http://a host/"}, "webhook"),
        ({"profile": "a b"}, "profile"),
        ({"aliases": {"": "x"}}, "1 to 200 characters"),
        ({"aliases": {"fast": "fast"}}, "fast -> fast is a circle"),
        ({"aliases": {"way": "a", "a": "b", "b": "c", "c": "a", "x": "p/m"}}, "aliases: a -> b -> c -> a is a circle"),
        ({"fallbacks": {str(n): "x" for n in range(501)}}, "at most 500"),
    ],
)
def test_a_setting_that_is_none_is_named(store: GatewayStore, settings: dict[str, object], names: str) -> None:
    with pytest.raises(InvalidSetting, match=names):
        add_workspace(store, "web", "me", settings)
    with pytest.raises(InvalidSetting, match=names):
        change_workspace(store, "default", "me", settings)
    assert [one.name for one in list_workspaces(store)] == ["default"]


def test_one_is_deleted_with_all_that_is_its_own(store: GatewayStore) -> None:
    """Keys, limits, providers and their models go; what was used stays, and so does what is of others."""
    add_workspace(store, "web", "me")
    add_workspace(store, "web-2", "me")
    key, secret = add_key(store, "web", "ci", "me")
    own = add_provider(store, "local", "me", workspace="web", kind="ollama", allow_private=True)
    add_provider(store, "ollama", "me", workspace=None, allow_private=True)
    with store.writing() as db:
        db.execute(models.insert().values(provider=own.id, name="m", entry={}, at=0.0))
    day = [Limit("day", "requests", 5)]
    for scope in ("workspace:web", f"key:{key.id}", "model:web/p/m", "workspace:web-2", "model:web-2/p/m"):
        set_limits(store, scope, day, "me")
    hold(store, call("one", key.id))
    settle(store, "one", Usage(input=1))
    delete_workspace(store, "web", "me")
    with pytest.raises(NotThere, match="no workspace 'web'"):
        find_workspace(store, "web")
    with pytest.raises(BadKey):
        check_key(store, secret)
    assert [one.name for one in list_providers(store)] == ["ollama"]
    assert sorted({row["scope"] for row in rows(store, "limits")}) == ["model:web-2/p/m", "workspace:web-2"]
    assert limits_of(store, "workspace:web-2") == day
    assert len(usage_page(store, "default")[0]) == 1


def test_one_with_requests_under_way_stays(store: GatewayStore) -> None:
    add_workspace(store, "web", "me")
    hold(store, replace(call("one"), workspace="web"))
    with pytest.raises(Conflict, match="requests under way: revoke its keys"):
        delete_workspace(store, "web", "me")
    settle(store, "one", None)
    delete_workspace(store, "web", "me")


def test_the_default_one_stays(store: GatewayStore) -> None:
    with pytest.raises(InvalidSetting, match="always there"):
        delete_workspace(store, "default", "me")
