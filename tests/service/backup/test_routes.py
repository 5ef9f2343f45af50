"""Backups over HTTP."""

from __future__ import annotations

from pathlib import Path

import pytest

from penstock.backup.restoring import is_encrypted, restore
from penstock.contexts.contexts import Contexts
from penstock.contexts.records import NewContext
from penstock.jobs.backup_handlers import PASSPHRASE_VARIABLE
from tests.service.conftest import Service
from tests.service.jobs.test_routes import ended


@pytest.mark.parametrize("passphrase", [None, "a kiln of bricks"])
def test_a_backup_is_written_while_the_service_runs(
    service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, passphrase: str | None
) -> None:
    if passphrase:
        monkeypatch.setenv(PASSPHRASE_VARIABLE, passphrase)
    with service.contexts.write("default", "owner") as writer:
        writer.put("plan", NewContext({"a": 1}, 0))
    service.clock.advance(1)
    with service.http() as http:
        added = http.post("/v1/backup", json={"seal": passphrase is not None})
        assert added.status_code == 202
        job = ended(http, added.json()["id"])
        assert job["state"] == "done", job["error"]
        assert job["result"]["members"] == ["contexts.db"]
        file = Path(job["result"]["file"])
        assert (is_encrypted(file), file.stat().st_size) == (passphrase is not None, job["result"]["bytes"])
    restore(file, tmp_path / "new" / "penstock.db", passphrase=lambda: passphrase or "")
    again = Contexts(tmp_path / "new" / "contexts.db", service.clock)
    assert again.get("default", "plan").data == {"a": 1}
    again.close()


def test_what_cannot_be_is_refused_at_once(service: Service) -> None:
    with service.http() as http:
        refused = http.post("/v1/backup", json={"seal": True})
        assert (refused.status_code, refused.json()["error"]["param"]) == (400, "seal")
        assert "PENSTOCK_BACKUP_PASSPHRASE" in refused.json()["error"]["message"]
        restored = http.post("/v1/restore")
        assert restored.status_code == 409
        assert "penstock restore FILE" in restored.json()["error"]["message"]
