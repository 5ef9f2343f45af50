"""The requests in the log, over HTTP."""

from __future__ import annotations

import itertools
import json
import tempfile
from pathlib import Path

import pytest

from penstock.events.event import Event, EventKind
from penstock.store.reading import PAGE
from penstock.store.sql import SqlStore
from penstock_service.proxy.requests import newest_requests
from tests.road.proxy import wait_until
from tests.service.beside import Beside
from tests.service.conftest import Service, running
from tests.service.proxy.conftest import ABOUT, CANARY


def test_a_page_has_the_newest_first(left: Service) -> None:
    """A page goes on where the one before ended; of one session only its own."""
    with left.http() as http:
        first = http.get("/v1/requests", params={"limit": 2}).json()
        assert [one["id"] for one in first["items"]] == ["cc", "bb"]
        second = http.get("/v1/requests", params={"limit": 2, "after": first["next"]}).json()
        assert ([one["id"] for one in second["items"]], second["next"]) == (["aa"], None)
        own = http.get("/v1/requests", params={"session": "session-1"}).json()
        beyond = http.get("/v1/requests", params={"after": 10**17}).json()
        assert len(beyond["items"]) == 3
        assert [(one["id"], one["outcome"]) for one in own["items"]] == [("bb", "failed"), ("aa", "answered")]
    assert own["items"][1]["usage"] == {"input": 5, "output": 6}
    assert "events" not in own["items"][0]


def test_pages_of_a_long_log(tmp_path: Path) -> None:
    """None is lost and none comes twice where a page crosses a piece of the log that is read at once."""
    log = SqlStore(tmp_path / "penstock.db")
    count = PAGE // 2 + 40
    facts = [
        Event(0, 1.0, f"x{n}", kind, said)
        for n in range(count)
        for kind, said in ((EventKind.RECEIVED, {}), (EventKind.CLASSIFIED, ABOUT))
    ]
    log.add_events(facts)
    got: list[str] = []
    upto = log.end()
    while page := newest_requests(log, upto, "session-1", 33):
        got += [id for id, _ in page]
        upto = page[-1][1].before
    log.close()
    assert got == [f"x{n}" for n in reversed(range(count))]


def test_one_request_without_secrets(left: Service) -> None:
    """As `penstock explain --json` has it; the bodies are not kept where no proxy is up, and it says so."""
    with left.http() as http:
        found = http.get("/v1/requests/aa").json()
        assert (found["id"], found["outcome"], found["edits"], found["whole"]) == ("aa", "answered", [], None)
        assert "no proxy" in found["why_not_whole"]
        assert "whole" not in http.get("/v1/requests/aa", params={"whole": False}).json()
        assert CANARY not in http.get("/v1/requests/cc").text
        missing = http.get("/v1/requests/zz")
        assert (missing.status_code, missing.json()["error"]["type"]) == (404, "not_found")


def test_the_log_as_one_document(left: Service) -> None:
    """As `penstock export` gives it."""
    with left.http() as http:
        whole = http.get("/v1/log/export")
        assert whole.headers["content-type"] == "application/json"
        assert [one["id"] for one in whole.json()["exchanges"]] == ["aa", "bb", "cc"]
        assert CANARY not in whole.text
        own = http.get("/v1/log/export", params={"session": "session-2"}).json()
        assert [one["id"] for one in own["exchanges"]] == ["cc"]
        assert http.get("/v1/log/export", params={"session": "none"}).status_code == 404
        both = http.get("/v1/log/export", params={"session": "a", "conversation": "b"})
        assert (both.status_code, both.json()["error"]["type"]) == (400, "invalid")


def test_the_document_is_kept_beside_the_store_while_it_is_sent(left: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder for temporary files may be small, or in memory."""
    monkeypatch.setattr(tempfile, "tempdir", str(left.store.parent / "none"))
    with left.http() as http:
        assert len(http.get("/v1/log/export").json()["exchanges"]) == 3


def test_without_a_log(tmp_path: Path) -> None:
    """The next step is said."""
    with running(tmp_path / "contexts.db") as up, up.http() as http:
        for path in ("/v1/requests", "/v1/requests/aa", "/v1/log/export"):
            found = http.get(path)
            assert (found.status_code, found.json()["error"]["type"]) == (503, "busy")
            assert "penstock up" in found.json()["error"]["message"]


def test_both_bodies_from_the_proxy_that_has_them(beside: Beside) -> None:
    beside.say("what is in the file?", "whole")
    pages = (beside.http.get("/v1/requests", params={"session": "whole"}).json()["items"] for _ in itertools.count())
    wait_until(lambda: bool(next(pages)), "the request is in the log")
    newest = next(pages)[0]
    found = beside.http.get(f"/v1/requests/{newest['id']}").json()
    assert "what is in the file?" in json.dumps(found["whole"]["received"])
