"""The list of models is that of the key's workspace, in the form of the API that asks."""

from __future__ import annotations

import pytest

from penstock.gateway.keys import add_key, change_key, revoke_key
from penstock.gateway.model_lists import fetch_models
from penstock.gateway.providers import find_provider
from penstock.gateway.workspaces import change_workspace
from tests.addons.gateway.conftest import TeamProxy
from tests.road.provider import Answer

NAMES = ["anthropic/claude-opus-5-5", "fast"]


@pytest.fixture(scope="module")
def key(team: TeamProxy) -> str:
    key, tag = team.workspace("lists")
    team.provider.answer(tag, [Answer(b'{"data": [{"id": "claude-opus-5-5"}]}')])
    assert fetch_models(team.store, find_provider(team.store, "lists", "anthropic")) == 1
    change_workspace(team.store, "lists", "test", {"aliases": {"fast": "anthropic/claude-opus-5-5"}})
    return key


@pytest.mark.parametrize(
    ("path", "headers", "rows", "name"),
    [
        ("/v1/models", {}, "data", "id"),
        ("/v1/models", {"anthropic-version": "2023-06-01"}, "data", "id"),
        ("/v1beta/models", {}, "models", "displayName"),
        ("/api/tags", {}, "models", "name"),
    ],
)
def test_each_api_gets_its_own_form(
    team: TeamProxy, key: str, path: str, headers: dict[str, str], rows: str, name: str
) -> None:
    with team.client(key, **headers) as client:
        answer = client.get(path)
    assert sorted(row[name] for row in answer.json()[rows]) == NAMES


def test_one_model_by_its_name_with_a_slash(team: TeamProxy, key: str) -> None:
    with team.client(key) as client:
        assert client.get("/v1/models/anthropic/claude-opus-5-5").json()["id"] == NAMES[0]
        assert client.get("/v1/models/anthropic%2Fclaude-opus-5-5").json()["id"] == NAMES[0]
        assert client.get("/v1/models/anthropic/other").status_code == 404


def test_another_workspace_sees_none_of_it(team: TeamProxy, key: str) -> None:
    other, _ = team.workspace("lists-other")
    with team.client(other) as client:
        assert client.get("/v1/models").json()["data"] == []
        assert client.get("/v1/models/fast").status_code == 404


def test_a_key_for_some_models_sees_those(team: TeamProxy, key: str) -> None:
    for models, names in ((("anthropic/*",), NAMES), (("fast",), ["fast"]), (("other",), [])):
        _, limited = add_key(team.store, "lists", "limited", "test", models=models)
        with team.client(limited) as client:
            assert sorted(row["id"] for row in client.get("/v1/models").json()["data"]) == names
            assert client.get(f"/v1/models/{NAMES[0]}").status_code == (200 if NAMES[0] in names else 404)


def test_an_alias_reaches_its_model(team: TeamProxy, key: str) -> None:
    with team.client(key) as client:
        answer = client.post(
            "/v1/messages", json={"model": "fast", "max_tokens": 5, "messages": [{"role": "user", "content": "hi"}]}
        )
    assert answer.status_code == 200


def test_a_key_is_looked_at_again_for_each_list(team: TeamProxy, key: str) -> None:
    """As for each request: it may do less by now, or nothing."""
    made, changing = add_key(team.store, "lists", "changing", "test")
    with team.client(changing) as client:
        assert [one["id"] for one in client.get("/v1/models").json()["data"]] == NAMES[::-1]
        change_key(team.store, "lists", made.id, "test", models=["fast"])
        assert [one["id"] for one in client.get("/v1/models").json()["data"]] == ["fast"]
        change_key(team.store, "lists", made.id, "test", scopes=["usage"])
        assert client.get("/v1/models/fast").status_code == 403
        revoke_key(team.store, "lists", made.id, "test")
        assert client.get("/v1/models").status_code == 401
