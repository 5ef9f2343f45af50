"""Export and import over HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import httpx
import pytest

from penstock.contexts.records import NewContext
from penstock.transfer.uploads import Uploads
from tests.service.conftest import Service, running
from tests.service.jobs.test_routes import ended

pytestmark = pytest.mark.slow

LARGE = 3


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Service, Service]]:
    """One to export from and one to import into."""
    folder = tmp_path_factory.mktemp("two")
    with running(folder / "a" / "contexts.db") as full, running(folder / "b" / "contexts.db") as empty:
        for n in range(LARGE + 30):
            with full.contexts.write("default", "owner") as writer:
                writer.put(f"many/{n:03}", NewContext({"text": f"value {n} " * (400_000 if n < LARGE else 2)}, 0))
        yield full, empty


def imported(http: httpx.Client, content: Any, query: str = "", **headers: str) -> dict[str, Any]:
    """The job of an import when it has ended."""
    answer = http.post(f"/v1/import?{query}", content=content, headers=headers, timeout=120)
    assert answer.status_code == 202, answer.text
    return ended(http, answer.json()["id"])


def test_what_one_exports_another_imports(two: tuple[Service, Service], tmp_path: Path) -> None:
    full, empty = two
    with full.http() as source, empty.http() as target:
        exported = source.get("/v1/export?what=contexts", timeout=120)
        assert exported.headers["content-type"].startswith("application/x-ndjson")
        lines = exported.content.splitlines()
        assert json.loads(lines[-1])["end"]["contexts"] == 33
        assert len(exported.content) > 9 << 20  # more than other calls may have

        def stream() -> Iterator[bytes]:  # in pieces, without a length
            for at in range(0, len(exported.content), 1 << 20):
                yield exported.content[at : at + (1 << 20)]

        dry = imported(target, stream(), "dry_run=true")
        memory: dict[str, Any] = {"items": {}, "projects": {}, "labels": {}, "forgotten": {}}
        assert dry["result"] == {"contexts": {"added": 33}, "dry_run": True} | memory
        assert target.get("/v1/contexts").json()["items"] == []
        done = imported(target, stream())
        assert done["state"] == "done"
        assert done["result"]["contexts"] == {"added": 33}
        for key in ("many/000", "many/032"):
            assert target.get(f"/v1/contexts/{key}").content == source.get(f"/v1/contexts/{key}").content
        elsewhere = imported(target, exported.content, "onto=overwrite", **{"x-penstock-workspace": "other"})
        assert elsewhere["result"]["contexts"] == {"added": 33}
    assert list((empty.contexts.path.parent / "imports").iterdir()) == []
    assert {file.name for file in full.contexts.path.parent.iterdir()} <= {
        *("contexts.db", "contexts.db-wal", "contexts.db-shm", "jobs.db", "jobs.db-wal", "jobs.db-shm"),
    }


def test_what_is_wrong_fails_the_job_and_names_the_line(two: tuple[Service, Service]) -> None:
    with two[1].http() as http:
        first = {"penstock_export": 1, "version": "0.1.0", "at": 1.0, "workspace": "x", "what": "contexts"}
        job = imported(http, json.dumps(first) + '\n{"context": {"key": 7}}\n')
        assert job["state"] == "failed"
        assert job["error"].startswith("nothing was imported: line 2: context.key")
        assert job["tries"] == 1
    assert list((two[1].contexts.path.parent / "imports").iterdir()) == []


@pytest.mark.parametrize("body", [b"", b"{}", b"\x28\xb5\x2f\xfd not text", b'{"penstock_export": 99}'])
def test_what_is_no_export_is_refused_at_once(two: tuple[Service, Service], body: bytes) -> None:
    with two[1].http() as http:
        refused = http.post("/v1/import", content=body)
        assert refused.status_code == 400
        assert "line 1" in refused.json()["error"]["message"]
        assert http.post("/v1/import?onto=twice", content=body).json()["error"]["param"] == "onto"
        job = {"job_type": "import", "payload": {"upload": "../../token"}}
        assert http.post("/v1/workers/jobs", json=job).status_code == 400
    assert list((two[1].contexts.path.parent / "imports").iterdir()) == []


def test_an_upload_that_is_lost_is_told_as_a_fault_of_the_store(
    two: tuple[Service, Service], monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = Uploads.open

    def lost(self: Uploads, name: str) -> BinaryIO:
        self.remove(name)
        return opened(self, name)

    monkeypatch.setattr(Uploads, "open", lost)
    with two[1].http() as http:
        answer = http.post("/v1/import", content=b'{"penstock_export": 1}')
        assert answer.status_code == 503, answer.text
        assert "the upload cannot be read" in answer.json()["error"]["message"]


def test_an_export_in_the_background_is_a_file(two: tuple[Service, Service]) -> None:
    full = two[0]
    with full.http() as http:
        body = {"job_type": "export", "payload": {"what": "contexts"}}
        job = ended(http, http.post("/v1/workers/jobs", json=body).json()["id"])
        assert job["state"] == "done"
        file = Path(job["result"]["file"])
        assert file.parent == full.contexts.path.parent / "exports"
        assert file.stat().st_mode & 0o077 == 0
        direct = http.get("/v1/export?what=contexts", timeout=120).content
        assert file.read_bytes() == direct


def test_the_memory_goes_along(two: tuple[Service, Service]) -> None:
    full, empty = two
    materials = {"documents": ["The kiln runs at 900 degrees.", "The glaze is blue."]}
    with full.http() as source, empty.http() as target:
        kept = source.post("/v1/ingest", json={"thread_id": "t", "materials": materials, "wait": True}, timeout=60)
        assert kept.status_code == 200, kept.text
        exported = source.get("/v1/export?what=memory", timeout=60).content
        job = imported(target, exported)
        assert job["state"] == "done", job["error"]
        assert (job["result"]["items"], job["result"]["projects"]) == ({"added": 2}, {"added": 1})
        found = target.post("/v1/recall", json={"purpose": "how hot is the kiln"}, timeout=60).json()["items"]
        assert found[0]["text"] == "The kiln runs at 900 degrees."
        again = ended(target, target.post("/v1/workers/jobs", json={"job_type": "reindex"}).json()["id"])
        assert again["state"] == "done", again["error"]
        assert target.get("/v1/export?what=memory").content.splitlines()[1:-1] == exported.splitlines()[1:-1]
