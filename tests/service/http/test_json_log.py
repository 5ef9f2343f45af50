"""The log as lines of JSON."""

from __future__ import annotations

import json
import logging
import threading
import warnings
from datetime import datetime
from pathlib import Path

import httpx
import pytest

from penstock.profiles.service import ServiceSettings
from penstock_service.http.json_log import json_log
from penstock_service.server import ServiceServer
from penstock_service.token_file import read_token

CANARY = "sk-ant-api03-abcdefghijklmnop"


def test_a_line_for_each_call(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """With the template of its path, and nothing of what was asked for."""
    server = ServiceServer(tmp_path / "penstock.db", ServiceSettings(log="json"))
    server.start()
    headers = {"authorization": f"Bearer {read_token(tmp_path)}", "x-request-id": "mine"}
    with httpx.Client(base_url=server.url, headers=headers, trust_env=False, timeout=30) as http:
        http.put("/v1/contexts/plan/secret-key", json={"data": "canary"})
        http.get("/v1/contexts/plan/none")
        http.get("/nowhere/secret-key")
    server.stop()
    said = capfd.readouterr().err
    lines = [json.loads(line) for line in said.splitlines()]
    assert [(one["method"], one["route"], one["status"]) for one in lines] == [
        ("PUT", "/v1/contexts/{key}", 201),
        ("GET", "/v1/contexts/{key}", 404),
        ("GET", "", 404),
    ]
    for one in lines:
        assert (one["level"], one["logger"], one["request_id"]) == ("info", "penstock_service.calls", "mine")
        assert datetime.fromisoformat(one["timestamp"]).tzinfo is not None
        assert one["duration_ms"] > 0
    assert "secret-key" not in said
    assert "canary" not in said


def test_in_a_process_of_its_own_every_line_is_json(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Of other packages too: the core, the one for MCP, warnings of Python."""
    server = ServiceServer(tmp_path / "penstock.db", ServiceSettings(log="json"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    headers = {"authorization": f"Bearer {read_token(tmp_path)}"}
    try:
        assert httpx.get(f"{server.url}/healthz", headers=headers, trust_env=False, timeout=30).status_code == 200
        logging.getLogger("penstock.contexts").warning("of the core")
        logging.getLogger("mcp.server").error("of a package")
        warnings.showwarning("of Python", UserWarning, "file.py", 1)  # as Python calls it
    finally:
        server.stop()
        thread.join(30)
    lines = [json.loads(line) for line in capfd.readouterr().err.splitlines()]
    found = {one["logger"]: one["message"] for one in lines}
    assert (found["penstock.contexts"], found["mcp.server"]) == ("of the core", "of a package")
    assert "of Python" in found["py.warnings"]


def test_messages_and_errors_without_secrets(capfd: pytest.CaptureFixture[str]) -> None:
    """On one line each; afterwards the log is as it was."""
    logger = logging.getLogger("penstock_service.somewhere")
    with json_log():
        try:
            raise ValueError(f"no good: {CANARY}")
        except ValueError:
            logger.exception("failed with %s", CANARY)
        logging.getLogger("another.package").warning("not ours")
    line = json.loads(capfd.readouterr().err)
    assert (line["level"], line["logger"]) == ("error", "penstock_service.somewhere")
    assert "ValueError" in line["exception"]
    assert CANARY not in json.dumps(line)
    logger.error("later")
    assert capfd.readouterr().err == ""
