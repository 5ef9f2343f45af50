"""Sealed contexts over HTTP."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

from penstock.cli.app import build
from penstock.client import ServiceError
from tests.service.conftest import TOKEN, running

SECRET = "the gondola sinks at midnight"


def on_disk(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.rglob("*") if file.is_file())


def test_a_sealed_value_comes_back_and_is_nowhere_in_the_clear(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with running(tmp_path / "contexts.db") as up, up.http() as http:
        put = http.put(
            "/v1/contexts/plan", json={"data": SECRET, "seal": True}, headers={"idempotency-key": "the first"}
        )
        assert (put.status_code, put.json()["sealed"]) == (201, True)
        assert http.patch("/v1/contexts/plan", json={"data": {"more": SECRET}}).json()["sealed"]
        assert http.get("/v1/contexts/plan?version=1").json()["data"] == SECRET
        assert http.get("/v1/diff/plan?from=1").json()[0]["value"] == {"more": SECRET}
        assert http.get("/v1/contexts").json()["items"][0]["sealed"]
        assert http.post("/v1/search", json={"query": "gondola midnight"}).json()["hits"] == []
        assert http.post("/v1/search", json={"query": "plan"}).json()["hits"][0]["excerpt"] == ""
        assert b"gondola" not in on_disk(tmp_path)
        step = {"op": "put", "key": "batch", "data": SECRET, "seal": True}
        assert http.post("/v1/batch", json={"do": [step]}).status_code == 200
        assert b"gondola" not in on_disk(tmp_path)
    assert b"gondola" not in on_disk(tmp_path)
    assert "gondola" not in caplog.text


def test_a_wrong_master_key_answers_503_and_never_an_empty_value(tmp_path: Path) -> None:
    with running(tmp_path / "contexts.db") as up, up.http() as http:
        http.put("/v1/contexts/plan", json={"data": SECRET, "seal": True})
        http.put("/v1/contexts/open", json={"data": 1})
        key = tmp_path / "master-key"
        kept = key.read_bytes()
        key.write_bytes(b"f" * 64)
        for call in (
            http.get("/v1/contexts/plan"),
            http.patch("/v1/contexts/plan", json={"data": {}}),
            http.post("/v1/sealing/rotate", json={}),
            http.get("/v1/diff/plan?from=1"),
        ):
            assert (call.status_code, call.json()["error"]["type"]) == (503, "sealed"), call.text
        key.unlink()
        gone = http.get("/v1/contexts/plan").json()["error"]["message"]
        assert "is needed: there is no master key" in gone
        assert "put it back" in gone
        key.write_bytes(b"f" * 64)
        assert http.get("/v1/contexts/open").json()["data"] == 1
        state = http.get("/v1/sealing").json()
        assert (state["sealed"], state["locked"], state["place"]) == (1, 1, str(key))
        [get] = http.post("/v1/batch", json={"do": [{"op": "get", "key": "plan"}]}).json()["results"]
        assert (get["status"], get["error"]["type"]) == (503, "sealed")
        with up.client() as client, pytest.raises(ServiceError, match="put it back"):
            client.get("plan")
        key.write_bytes(kept)
        assert http.get("/v1/contexts/plan").json()["data"] == SECRET


def test_damaged_bytes_are_counted_when_asked(tmp_path: Path) -> None:
    """One changed byte of any version is found; without the question no value is opened."""
    with running(tmp_path / "contexts.db") as up, up.http() as http:
        for key in ("well", "hurt", "lost"):
            http.put(f"/v1/contexts/{key}", json={"data": SECRET, "seal": True})
        http.put("/v1/contexts/hurt", json={"data": "another"})
        assert http.get("/v1/sealing").json()["damaged"] is None
        assert http.get("/v1/sealing?check=true").json()["damaged"] == 0
        with closing(sqlite3.connect(tmp_path / "contexts.db")) as db, db:
            body = db.execute("SELECT body FROM context_versions WHERE context = 2 AND version = 1").fetchone()[0]
            db.execute("UPDATE context_versions SET body = ? WHERE context = 2 AND version = 1", (body[:-1] + b"?",))
            db.execute("UPDATE data_keys SET wrapped = zeroblob(40) WHERE id = 3")
        found = http.get("/v1/sealing?check=true").json()
        assert (found["sealed"], found["locked"], found["damaged"]) == (3, 0, 2)
        (tmp_path / "master-key").unlink()
        found = http.get("/v1/sealing?check=true").json()
        assert (found["locked"], found["damaged"]) == (3, 0), "what cannot be opened cannot be judged"


def test_keys_are_rotated(tmp_path: Path) -> None:
    with running(tmp_path / "contexts.db") as up, up.http() as http:
        assert http.get("/v1/sealing").json()["master_key"] is None
        http.put("/v1/contexts/plan", json={"data": SECRET, "seal": True})
        before = http.get("/v1/sealing").json()["master_key"]
        done = http.post("/v1/sealing/rotate", json={"data_keys": True}).json()
        assert (done["rewrapped"], done["resealed"]) == (1, 1)
        assert done["master_key"] != before
        assert http.get("/v1/contexts/plan").json()["data"] == SECRET
        assert http.get("/v1/sealing").json()["locked"] == 0


def test_the_command_line_seals(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PENSTOCK_TOKEN", TOKEN)
    with running(tmp_path / "contexts.db") as up:

        def run(*words: str) -> str:
            return CliRunner().invoke(build(), ["context", *words, "--url", up.url]).stdout

        assert run("put", "plan", SECRET, "--seal").rstrip().endswith(", sealed.")
        assert b"gondola" not in on_disk(tmp_path)
        assert SECRET in run("get", "plan")
        assert not run("put", "plan", SECRET, "--no-seal").rstrip().endswith(", sealed.")


def test_rotating_where_nothing_is_sealed_changes_nothing(tmp_path: Path) -> None:
    with running(tmp_path / "contexts.db") as up, up.http() as http:
        done = http.post("/v1/sealing/rotate", json={})
        assert done.json() == {"master_key": None, "rewrapped": 0, "resealed": 0, "damaged": 0}


def test_a_value_cannot_be_tried_out_by_the_digest_of_its_call(tmp_path: Path) -> None:
    """It is keyed, by a file that no backup has."""
    with running(tmp_path / "contexts.db") as up, up.http() as http:
        sent = {"data": {"pin": "4711"}, "seal": True}
        for _ in range(2):
            again = http.put("/v1/contexts/pin", json=sent, headers={"idempotency-key": "k"})
            assert again.status_code == 201
        (tmp_path / "request-key").write_bytes(b"0" * 32)
        other = http.put("/v1/contexts/pin", json=sent, headers={"idempotency-key": "k"})
        assert other.status_code == 409, "the digest hangs on the key"
