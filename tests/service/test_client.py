"""The Python client, against the service for real."""

from __future__ import annotations

from pathlib import Path

import pytest

from penstock import client
from penstock.client import Client, ServiceError
from penstock.control.discovery import free_port
from penstock.gateway.keys import add_key
from penstock.gateway.workspaces import add_workspace
from tests.service.conftest import TOKEN, Service
from tests.service.gateway.teams import store_of


def test_a_program_keeps_and_finds_what_it_put(service: Service) -> None:
    with service.client(by="planner") as contexts:
        assert contexts.put("c/plan", {"goal": "a bridge", "n": [1]}, tags=["plan"], session="s").version == 1
        assert contexts.patch("c/plan", {"done": True}).version == 2
        found = contexts.get("c/plan")
        assert found.data == {"goal": "a bridge", "n": [1], "done": True}
        assert (found.by, found.tags, found.session) == ("planner", ("plan",), "s")
        assert contexts.get("c/plan", 1).data == {"goal": "a bridge", "n": [1]}
        assert contexts.rollback("c/plan", 1).version == 3
        assert [one["change"] for one in contexts.versions("c/plan")] == ["rollback to 1", "patch", "put"]
        assert [hit.key for hit in contexts.search("bridges", tag="plan")] == ["c/plan"]
        contexts.put("c/list", [1])
        contexts.append("c/list", 2, 3)
        assert contexts.get("c/list").data == [1, 2, 3]
        contexts.delete("c/list")
        assert contexts.undelete("c/list").version == 2
        contexts.delete("c/list", purge=True)


def test_a_list_goes_over_pages(service: Service) -> None:
    with service.client(workspace="pages") as contexts:
        for n in range(205):
            contexts.put(f"p/{n:03}", n)
        assert [one.key for one in contexts.list("p/")] == [f"p/{n:03}" for n in range(205)]


def test_what_the_service_refuses_is_an_error_with_its_words(service: Service) -> None:
    with service.client() as contexts:
        contexts.put("c/refused", 1)
        with pytest.raises(ServiceError, match="near: c/refused") as missing:
            contexts.get("c/refuse")
        assert missing.value.type == "not_found"
        with pytest.raises(ServiceError) as stale:
            contexts.put("c/refused", 2, expected=5)
        assert (stale.value.type, stale.value.version) == ("stale", 1)
        with pytest.raises(ServiceError) as gap:
            next(contexts.changes(after="x"))
        assert gap.value.type == "invalid"


@pytest.mark.parametrize("key", ["../sessions/abc", "a/../b", "a/./b", ".", "a//b", "/a", "a/", "", "a b", "a" * 401])
def test_what_is_no_key_reaches_no_other_call(service: Service, key: str) -> None:
    """An HTTP client would take the dots for steps between folders, and ask for `/v1/sessions/abc`."""
    with service.client() as contexts:
        for call in (contexts.get, contexts.delete, contexts.undelete, contexts.versions):
            with pytest.raises(ServiceError, match="key") as refused:
                call(key)
            assert refused.value.type == "invalid"


def test_each_change_may_expect_a_version(service: Service) -> None:
    with service.client() as contexts:
        contexts.put("c/expected", [1])
        contexts.append("c/expected", 2, expected=1)
        for change in (
            lambda expected: contexts.append("c/expected", 3, expected=expected),
            lambda expected: contexts.rollback("c/expected", 1, expected=expected),
            lambda expected: contexts.delete("c/expected", expected=expected),
        ):
            with pytest.raises(ServiceError) as stale:
                change(1)
            assert (stale.value.type, stale.value.version) == ("stale", 2)
        assert contexts.rollback("c/expected", 1, expected=2).version == 3
        contexts.delete("c/expected", expected=3)
        with pytest.raises(ServiceError) as stale:
            contexts.undelete("c/expected", expected=3)
        assert (stale.value.type, stale.value.version) == ("stale", 0)
        assert contexts.undelete("c/expected", expected=0).version == 3


def test_without_a_service_the_error_says_how_to_start_one() -> None:
    with Client("http://127.0.0.1:9", token=TOKEN) as contexts, pytest.raises(ServiceError, match="penstock serve"):
        contexts.get("a")


@pytest.mark.parametrize("url", ["http://[::1", "http://127.0.0.1:high", "http://127.0.0.1\x1b"])
def test_what_is_no_address_is_an_error_that_names_it(url: str) -> None:
    with pytest.raises(ServiceError, match="is no address of a service"):
        Client(url)


def test_the_token_of_this_machine_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, service: Service) -> None:
    monkeypatch.setenv("PENSTOCK_HOME", str(tmp_path))
    with pytest.raises(ServiceError, match="service-token"):
        Client(service.url)
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "service-token").write_text(TOKEN)
    with Client(service.url) as contexts:
        assert contexts.put("c/token", 1).version == 1


def test_the_token_of_this_machine_goes_to_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PENSTOCK_HOME", str(tmp_path))
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "service-token").write_text(TOKEN)
    with pytest.raises(ServiceError, match="not on this machine"):
        Client("http://service.example:7878")
    Client("http://service.example:7878", token="theirs").close()


@pytest.mark.parametrize("url", ["127.0.0.1:7878", "localhost:7878", "service.example", "ftp://127.0.0.1", "http://"])
def test_an_address_without_a_scheme_is_no_other_machine(url: str) -> None:
    """It is said how an address is written, not that a token is missing."""
    with pytest.raises(ServiceError, match=r"no address of a service: http://HOST:PORT was expected") as refused:
        Client(url)
    assert refused.value.type == "invalid"


def test_what_cannot_be_sent_is_an_error_of_the_service_too(service: Service) -> None:
    """The field is named."""
    with service.client() as contexts:
        with pytest.raises(ServiceError, match="c/nan: data cannot be sent as JSON"):
            contexts.put("c/nan", float("nan"))
        with pytest.raises(ServiceError, match="c/nan: ttl cannot be sent as JSON"):
            contexts.put("c/nan", 1, ttl=float("nan"))
    with pytest.raises(ServiceError, match="ASCII"):
        service.client(by="Jörg")


def test_one_call_needs_one_line(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PENSTOCK_SERVICE", service.url)
    monkeypatch.setenv("PENSTOCK_TOKEN", TOKEN)
    assert client.put("once", {"n": 1}, tags=["t"]).version == 1
    assert client.patch("once", {"n": 2}).version == 2
    assert client.get("once").data == {"n": 2}
    assert client.get("once", version=1).data == {"n": 1}
    client.delete("once")
    assert client.undelete("once").version == 2
    client.delete("once", purge=True, expected=2)
    with pytest.raises(ServiceError):
        client.get("once")


def test_a_key_is_as_good_as_the_token(service: Service) -> None:
    """The client says of no workspace unless it is told of one: a key has its own."""
    store = store_of(service)
    add_workspace(store, "web", "owner")
    _, secret = add_key(store, "web", "ci", "owner")
    with Client(service.url, token=secret) as client:
        assert client.put("of-a-key", 1).by == "ci"
    with Client(service.url, token=TOKEN, workspace="web") as client:
        assert client.get("of-a-key").data == 1


def test_a_service_that_does_not_answer_is_an_error_with_ways_to_reach_it() -> None:
    """It may run, and listen elsewhere."""
    url = f"http://127.0.0.1:{free_port('127.0.0.1')}"
    with Client(url, token="x") as contexts, pytest.raises(ServiceError) as unreachable:
        contexts.get("a")
    said = str(unreachable.value)
    assert f"does not answer at {url}" in said
    assert "`penstock serve` starts it; if it listens elsewhere, PENSTOCK_SERVICE or --url names its address" in said


@pytest.mark.parametrize("token", ["secret\r\nx: y", "secrét"])
def test_a_token_that_is_none_is_refused_and_not_shown(token: str) -> None:
    """httpx shows the header that it cannot send. A line end behind the token, as of a file, does no harm."""
    with pytest.raises(ServiceError, match="characters that no token has") as refused:
        Client(token=token)
    assert "secr" not in str(refused.value)
    Client(token="secret\r\n").close()
