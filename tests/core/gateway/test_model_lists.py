"""The lists of models, asked at a real server on loopback."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from penstock.base.errors import PenstockError
from penstock.gateway import model_lists
from penstock.gateway.database import GatewayStore
from penstock.gateway.errors import NotThere
from penstock.gateway.model_lists import fetch_models, listed_models, models_by_provider
from penstock.gateway.providers import add_provider, delete_provider
from penstock.gateway.records import Provider
from penstock.gateway.workspaces import add_workspace
from tests.core.gateway.model_server import Server, serving


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as state:
        yield state


def _provider(store: GatewayStore, server: Server, kind: str = "openai", workspace: str | None = None) -> Provider:
    url = f"http://127.0.0.1:{server.port}/base"
    return add_provider(store, kind, "me", workspace=workspace, base_url=url, credential="secret", allow_private=True)


@pytest.mark.parametrize(
    ("kind", "target", "header", "value"),
    [
        ("openai", "/base/v1/models", "authorization", "Bearer secret"),
        ("anthropic", "/base/v1/models?limit=1000", "x-api-key", "secret"),
        ("gemini", "/base/v1beta/openai/models", "authorization", "Bearer secret"),
    ],
)
def test_a_list_is_asked_as_its_provider_wants_it(
    store: GatewayStore, server: Server, kind: str, target: str, header: str, value: str
) -> None:
    provider = _provider(store, server, kind)
    server.lists("models/one", "two")
    assert fetch_models(store, provider) == 2
    ((asked, headers),) = server.asked
    assert (asked, headers[header]) == (target, value)
    listed = listed_models(store, "default")
    assert [one.id for one in listed] == [f"{kind}/one", f"{kind}/two"]
    assert listed[0].entry == {"id": "models/one", "more": 1}
    assert models_by_provider(store) == {provider.id: {"one", "two"}}


def test_a_list_takes_the_place_of_the_one_before(store: GatewayStore, server: Server) -> None:
    provider = _provider(store, server)
    for ids in (("a", "b"), ("b", "c")):
        server.lists(*ids)
        fetch_models(store, provider)
    assert [one.name for one in listed_models(store, "default")] == ["b", "c"]


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (401, b'{"data": []}'),
        (302, b""),
        (200, b"<html>"),
        (200, b"{}"),
        (200, b"[]"),
        (200, b'{"data": {}}'),
        (200, b'{"data": [1]}'),
        (200, b'{"data": [{"name": "x"}]}'),
        (200, b"[" * 100_000),
        (200, b" " * (model_lists._MOST_BYTES + 1)),
    ],
)
def test_what_is_no_list_is_refused_and_the_old_one_stays(
    store: GatewayStore, server: Server, status: int, body: bytes
) -> None:
    provider = _provider(store, server)
    server.lists("a")
    fetch_models(store, provider)
    server.status, server.body, server.headers = status, body, {"location": f"http://127.0.0.1:{server.port}/other"}
    with pytest.raises(PenstockError, match=r"openai: http://127.0.0.1.*/base/v1/models") as failed:
        fetch_models(store, provider)
    assert "secret" not in str(failed.value)
    assert [one.name for one in listed_models(store, "default")] == ["a"]
    assert len(server.asked) == 2, "no redirect is followed: the credential would go with it"


def test_a_provider_that_cannot_be_reached_is_named(store: GatewayStore, server: Server) -> None:
    provider = add_provider(store, "ollama", "me", workspace=None, base_url="http://127.0.0.1:1", allow_private=True)
    with pytest.raises(PenstockError, match=r"ollama: its models cannot be fetched from http://127.0.0.1:1/v1/models"):
        fetch_models(store, provider)


def test_names_that_no_request_can_have_are_passed_over(store: GatewayStore, server: Server) -> None:
    """They would go to terminals and pages as they are."""
    server.lists("good", "", "\ud800", "\x1b[31mred", "a" * 201, "ü")
    assert fetch_models(store, _provider(store, server)) == 1
    assert [one.name for one in listed_models(store, "default")] == ["good"]


def test_of_two_providers_of_a_name_the_workspace_has_its_own(store: GatewayStore, server: Server) -> None:
    add_workspace(store, "web", "me")
    for workspace, model in ((None, "everyone"), ("web", "own")):
        provider = _provider(store, server, workspace=workspace)
        server.lists(model)
        fetch_models(store, provider)
    assert [one.id for one in listed_models(store, "web")] == ["openai/own"]
    assert [one.id for one in listed_models(store, "default")] == ["openai/everyone"]


def test_the_list_of_a_provider_that_is_gone_is_not_kept(store: GatewayStore, server: Server) -> None:
    provider = _provider(store, server)
    delete_provider(store, provider.id, "me")
    server.lists("a")
    with pytest.raises(NotThere, match="openai"):
        fetch_models(store, provider)
