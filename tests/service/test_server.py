"""The service as a server: in a thread, with a port, and gone at the end."""

from __future__ import annotations

import gc
import logging
import socket
import threading
from pathlib import Path

import httpx
import pytest

from penstock.base.errors import PenstockError
from penstock.profiles.service import ServiceSettings
from penstock_service.server import ServiceServer
from penstock_service.token_file import read_token
from tests.road.proxy import wait_until

ANY = ServiceSettings()


def test_a_token_file_that_was_removed_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the same token, so that nobody is shut out. Another token that was put there stays."""
    monkeypatch.setattr("penstock_service.app._EXPIRE_S", 0.02)
    server = ServiceServer(tmp_path / "penstock.db", ServiceSettings())
    token = read_token(tmp_path)
    server.start()
    server.token_file.unlink()
    while not server.token_file.exists():
        httpx.get(f"{server.url}/healthz", trust_env=False, timeout=30)
    assert read_token(tmp_path) == token
    assert server.token_file.stat().st_mode & 0o077 == 0
    server.token_file.write_text("0" * 64)
    for _ in range(20):
        httpx.get(f"{server.url}/healthz", trust_env=False, timeout=30)
    server.stop()
    assert read_token(tmp_path) == "0" * 64


def test_serves_in_a_thread_until_it_is_stopped(tmp_path: Path) -> None:
    """Its port answers nobody afterwards, and no thread is left; a second stop does nothing."""
    server = ServiceServer(tmp_path / "penstock.db", ANY)
    server.start()
    headers = {"authorization": f"Bearer {read_token(tmp_path)}"}
    with httpx.Client(base_url=server.url, headers=headers, trust_env=False, timeout=60) as http:
        assert http.put("/v1/contexts/a", json={"data": [1]}).status_code == 201
        assert http.get("/v1/contexts/a").json()["data"] == [1]
    assert str(tmp_path / "service-token") in server.about
    server.stop()
    server.stop()
    assert "penstock-service" not in [thread.name for thread in threading.enumerate()]
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{server.url}/healthz", trust_env=False, timeout=60)


def test_says_that_it_answers_when_it_does(tmp_path: Path) -> None:
    """And not when it has begun to load. Then nothing that was loaded is looked through for garbage again."""
    server = ServiceServer(tmp_path / "penstock.db", ANY)
    said: list[bool] = []

    def when_ready() -> None:
        assert server._server is not None
        said.append(server._server.started)
        assert gc.isenabled()
        assert gc.get_freeze_count() > 0
        server.stop()

    try:
        server.run(when_ready)
        assert said == [True]
        assert gc.isenabled()
    finally:
        gc.unfreeze()


def test_stopped_before_it_serves(tmp_path: Path) -> None:
    """A proxy that does not come up stops what was never started; or what is just starting."""
    never = ServiceServer(tmp_path / "penstock.db", ANY)
    never.stop()
    at_once = ServiceServer(tmp_path / "penstock.db", ANY)
    at_once.start()
    at_once.stop()
    assert "penstock-service" not in [thread.name for thread in threading.enumerate()]


def test_a_port_in_use_is_an_error_at_once(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(PenstockError, match=f"127.0.0.1:{port} cannot be listened on"):
            ServiceServer(tmp_path / "penstock.db", ServiceSettings(port=port))


@pytest.mark.parametrize("host", ["0.0.0.0", "0", "0x0", "::", "::0", "0:0:0:0:0:0:0:0", ""])
def test_every_address_needs_a_name(tmp_path: Path, host: str) -> None:
    """However it is written. Otherwise a page of another site could call it under a name of its own."""
    settings = ServiceSettings.model_construct(host=host)  # a profile refuses an empty one already
    with pytest.raises(PenstockError, match="every address of this machine"):
        ServiceServer(tmp_path / "penstock.db", settings)
    assert not (tmp_path / "service-token").exists()


def test_a_name_of_this_machine_is_one_address(tmp_path: Path) -> None:
    server = ServiceServer(tmp_path / "penstock.db", ServiceSettings(host="localhost"))
    server.stop()
    assert server.url.startswith("http://localhost:")


def test_a_name_that_is_none_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(PenstockError, match=r"nowhere\.invalid"):
        ServiceServer(tmp_path / "penstock.db", ServiceSettings(host="nowhere.invalid"))
    with pytest.raises(PenstockError, match=r"a\.\.b"):
        ServiceServer(tmp_path / "penstock.db", ServiceSettings(host="a..b"))


def test_a_damaged_file_ends_the_service_alone(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It is said, as a warning: an error would end a proxy that is starting."""
    (tmp_path / "contexts.db").write_bytes(b"no database" * 100)
    server = ServiceServer(tmp_path / "penstock.db", ANY)
    server.start()
    assert "contexts.db cannot be opened" in server.about, "before the banner is printed"
    assert "http" not in server.about
    wait_until(lambda: "contexts.db" in caplog.text, "the fault is logged")
    server.stop()
    assert "The proxy goes on without it" in caplog.text
    assert max(record.levelno for record in caplog.records) == logging.WARNING
