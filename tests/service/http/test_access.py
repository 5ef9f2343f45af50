"""Who may call, and the token that says so."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from typer.testing import CliRunner

from penstock.base.errors import PenstockError
from penstock.cli.app import build
from penstock_service.token_file import owner_token, read_token, token_path
from tests.service.conftest import Service


@pytest.mark.parametrize(
    ("host", "status"),
    [("[::1]", 200), ("[::1]:7878", 200), ("LOCALHOST:1", 200), ("localhost:junk", 421), ("", 421), ("[::1", 421)],
)
def test_the_host_is_read_as_it_is_written(service: Service, host: str, status: int) -> None:
    with service.http() as http:
        assert http.get("/v1/contexts", headers={"host": host}).status_code == status


def test_all_that_start_at_once_have_the_same_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PENSTOCK_HOME", str(tmp_path))
    together, found = threading.Barrier(8), list[str]()

    def start() -> None:
        together.wait()
        found.append(owner_token())

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert set(found) == {read_token()}
    assert token_path().stat().st_mode & 0o077 == 0
    assert [file.name for file in token_path().parent.iterdir()] == ["service-token"]


def test_a_file_that_holds_no_token_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PENSTOCK_HOME", str(tmp_path))
    with pytest.raises(PenstockError, match="is not there"):
        read_token()
    token_path().parent.mkdir()
    token_path().write_text("short")
    with pytest.raises(PenstockError, match="service-token holds no token"):
        owner_token()


def test_every_address_needs_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody asks for 0.0.0.0."""
    monkeypatch.setenv("PENSTOCK_HOME", str(tmp_path))
    refused = CliRunner().invoke(build(), ["serve", "--host", "0.0.0.0"])
    assert refused.exit_code == 2
    assert "--allowed-host" in refused.stderr
